import { inputRefusal } from '../../../engine/model/bypass.ts';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import type { InputPort, PortHook, UnservedPort } from '../../../engine/ports/offload-backend.ts';
import { shortestLimitMs } from './heartbeat.ts';
import type { HostHooks } from './hook.ts';
import { inputPorts, type PortReport, portReports } from './port-report.ts';
import type { ServedPort } from './served-port.ts';

/** What the records read. */
export interface ServedPortsOptions {
  readonly hook: Pick<HostHooks, 'choice' | 'outputs'>;
  /** Heartbeat period, ms; 0: no heartbeats. */
  readonly heartbeatMs: number;
}

/** Records which ports are served and how, and why others are not. */
export class ServedPorts {
  readonly #hook: Pick<HostHooks, 'choice' | 'outputs'>;
  readonly #heartbeatMs: number;
  #infos: PortSnapshot = new Map();
  /** Computed when it is asked for after a change. */
  #hooks: readonly PortHook[] | undefined;
  readonly #byName = new Map<string, ServedPort>();
  readonly #problems = new Map<string, string>();
  /** Names of the ports that are not meant to be served. */
  readonly #excluded = new Set<string>();
  /**
   * Ids of ports that are no longer served, or have become shaped or policed: their entries must be
   * removed, then this set is cleared.
   */
  readonly touched = new Set<number>();
  #version = 0;

  constructor({ hook, heartbeatMs }: ServedPortsOptions) {
    this.#hook = hook;
    this.#heartbeatMs = heartbeatMs;
  }

  /** Changes with the ports: with how they are served, where they can send, and what is reported of them. */
  get version(): number {
    return this.#version;
  }

  /** The ports as last reported; empty before the first report. */
  get infos(): PortSnapshot {
    return this.#infos;
  }

  /** Records a report of the ports. */
  follow(ports: PortSnapshot): void {
    this.#infos = ports;
    this.#changed();
  }

  /** Records that the state of the outputs was read, which decides what can be redirected to them. */
  outputsRead(): void {
    this.#version++;
  }

  get(name: string): ServedPort | undefined {
    return this.#byName.get(name);
  }

  all(): readonly ServedPort[] {
    return [...this.#byName.values()];
  }

  /** True when the program is attached to every port served. */
  get areAttached(): boolean {
    for (const port of this.#byName.values()) if (!port.isAttached) return false;
    return true;
  }

  /** Ids of the ports served. */
  ids(): ReadonlySet<number> {
    return new Set(this.all().map((port) => port.id));
  }

  /** A port that is served, as last reported. */
  info(name: string): PortInfo | undefined {
    return this.#byName.has(name) ? this.#infos.get(name) : undefined;
  }

  /** Records how a port is served. */
  set(port: ServedPort): void {
    this.#byName.set(port.name, port);
    this.#changed();
  }

  delete(name: string): void {
    this.#byName.delete(name);
    this.#changed();
  }

  /** Records why a port is not served. */
  setProblem(name: string, why: string): void {
    this.#problems.set(name, why);
  }

  /** Records that a port is not meant to be served. */
  exclude(name: string): void {
    this.#excluded.add(name);
  }

  forgetProblems(): void {
    this.#problems.clear();
    this.#excluded.clear();
  }

  /** Why a port is not served. */
  problem(name: string): string {
    return this.#problems.get(name) ?? `port ${name} is unknown`;
  }

  /** The shortest time between two heartbeats of a flow, ms; Infinity without heartbeats. */
  get shortestLimitMs(): number {
    return shortestLimitMs(this.#heartbeatMs);
  }

  /** Why no flow can enter by a port with this information. */
  inputRefusal(port: PortInfo): Refusal | undefined {
    return inputRefusal(port.name, port, this.shortestLimitMs);
  }

  /** How each port is served. */
  report(): readonly PortReport[] {
    return portReports(this.all(), this.#problems, (id) => this.#hook.outputs.suspended(id));
  }

  /** The ports that are not served as input or as output. */
  unserved(): readonly UnservedPort[] {
    const refused = [...this.#problems].flatMap(([name, why]) =>
      this.#excluded.has(name) ? [] : [{ name, why }],
    );
    const deaf = this.all().flatMap((port) => {
      const why = this.#whyUnserved(port);
      return why === undefined ? [] : [{ name: port.name, why }];
    });
    return [...refused, ...deaf];
  }

  /** Where the packets of each port that is served are taken; the same array until that changes. */
  hooks(): readonly PortHook[] {
    return (this.#hooks ??= this.all().flatMap(({ name }) => {
      const info = this.#infos.get(name);
      return info === undefined ? [] : [{ name, ...this.#hook.choice(info) }];
    }));
  }

  /** The ports that flows can enter by, and what that costs their other packets. */
  inputs(): readonly InputPort[] {
    return inputPorts(this.all());
  }

  #changed(): void {
    this.#version++;
    this.#hooks = undefined;
  }

  /** Why no flow enters or leaves by a served port; undefined: flows do. */
  #whyUnserved(port: ServedPort): string | undefined {
    const unreachable = this.#hook.outputs.targetRefusal(port, port);
    if (unreachable !== undefined) return unreachable.detail;
    const info = this.#infos.get(port.name);
    const refusal = info === undefined ? undefined : this.inputRefusal(info);
    if (refusal !== undefined) return refusal.detail;
    return this.#hook.outputs.suspended(port.id);
  }
}
