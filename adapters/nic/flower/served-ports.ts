import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import type { UnservedPort } from '../../../engine/ports/offload-backend.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import { exclusionOf } from '../core/port-eligibility.ts';
import type { OtherHooks } from '../core/hook.ts';
import type { PortIdentity } from './entry.ts';
import type { PortDevice } from './rules/action-encoder.ts';
import type { RulePorts } from './rules/flower-rule.ts';

/** Why a port of the vSwitch with hardware offload of its own is not served. */
const VSWITCH_OFFLOADS =
  'Open vSwitch moves flows of its bridge to tc itself (other_config:hw-offload); to let Norikae ' +
  'do it, run: ovs-vsctl remove Open_vSwitch . other_config hw-offload, and restart ovs-vswitchd';

/** Time without another attempt after a device could not be opened, ms. */
const RETRY_MS = 60_000;

/** Which ports can be used by rules, as of the last snapshot, and what else was found on them. */
export class ServedPorts implements RulePorts {
  readonly #only: ReadonlySet<string> | undefined;
  readonly #otherHooks: Pick<OtherHooks, 'on'>;
  #snapshot: PortSnapshot = new Map();
  /** Problems that were found when a device was opened, by uuid. */
  readonly #failed = new Map<string, { readonly why: string; readonly atMs: number }>();
  #problems: ReadonlyMap<string, string> = new Map();

  /** @param only names of the ports to serve; undefined: every port with a device */
  constructor(only: readonly string[] | undefined, otherHooks: Pick<OtherHooks, 'on'>) {
    this.#only = only === undefined ? undefined : new Set(only);
    this.#otherHooks = otherHooks;
  }

  get snapshot(): PortSnapshot {
    return this.#snapshot;
  }

  /** Takes a new snapshot, or reads other hooks again. Failures to open a device are forgotten. */
  update(snapshot: PortSnapshot): void {
    this.#snapshot = snapshot;
    this.#failed.clear();
    this.#findProblems();
  }

  /** Records why a device could not be opened, until the next {@link update}. */
  fail({ uuid }: PortIdentity, why: string): void {
    this.#failed.set(uuid, { why, atMs: monotonicMs() });
    this.#findProblems();
  }

  /** Whether another attempt is due to open a device. */
  hasOldFailure(nowMs: number): boolean {
    return [...this.#failed.values()].some(({ atMs }) => nowMs - atMs >= RETRY_MS);
  }

  get(name: string): PortDevice | undefined {
    const port = this.#snapshot.get(name);
    if (port === undefined || this.#problems.has(name)) return undefined;
    if (this.#exclusion(port) !== undefined) return undefined;
    return { ifindex: port.ifindex, isInternal: port.kind === 'internal' };
  }

  problem(name: string): string {
    const port = this.#snapshot.get(name);
    if (port === undefined) return `port ${name} is not a port of the vSwitch`;
    const exclusion = this.#exclusion(port);
    if (exclusion !== undefined) return `port ${name} is not served: ${exclusion}`;
    return this.#problems.get(name) ?? `port ${name} cannot be used`;
  }

  identity(name: string): PortIdentity | undefined {
    return this.#snapshot.get(name);
  }

  /** The port whose device has this ifindex. */
  byIfindex(ifindex: number): PortInfo | undefined {
    for (const port of this.#snapshot.values()) if (port.ifindex === ifindex) return port;
    return undefined;
  }

  /** The ports that are meant to be served and are not. */
  unserved(): readonly UnservedPort[] {
    return [...this.#problems].map(([name, why]) => ({ name, why }));
  }

  /** Names of the ports that flows can enter by. */
  served(): readonly string[] {
    return [...this.#snapshot.values()]
      .filter(({ name, kind }) => kind !== 'internal' && this.get(name) !== undefined)
      .map(({ name }) => name);
  }

  #exclusion(port: PortInfo): string | undefined {
    // An internal port can be sent to.
    if (port.kind === 'internal' && port.ifindex !== 0) {
      return this.#only?.has(port.name) === false
        ? 'it is not among the configured ports'
        : undefined;
    }
    return exclusionOf(port, this.#only);
  }

  #findProblems(): void {
    const problems = new Map<string, string>();
    for (const port of this.#snapshot.values()) {
      if (this.#exclusion(port) !== undefined) continue;
      const problem = this.#failed.get(port.uuid)?.why ?? this.#problemOf(port);
      if (problem !== undefined) problems.set(port.name, problem);
    }
    this.#problems = problems;
  }

  #problemOf(port: PortInfo): string | undefined {
    const { name, datapath } = port;
    if (datapath === 'userspace') {
      return (
        `port ${name}: the userspace datapath of its bridge gets packets before tc, so behind a rule ` +
        'they would arrive twice; use backend.adapter "auto" or "xdp"'
      );
    }
    if (port.vswitchOffloads === true) return `port ${name}: ${VSWITCH_OFFLOADS}`;
    const other = this.#otherHooks.on(port);
    return other === undefined ? undefined : `port ${name}: ${other}`;
  }
}
