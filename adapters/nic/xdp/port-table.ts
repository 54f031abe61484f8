import { setImmediate as turn } from 'node:timers/promises';
import { inputRefusal } from '../../../engine/model/bypass.ts';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import type { InputPort, UnservedPort } from '../../../engine/ports/offload-backend.ts';
import type { Attached, Attachment } from './attachment.ts';
import { ifindexOf, mtuOf } from './device.ts';
import { PortUnusable } from './errors.ts';
import { type Heartbeat, heartbeatOf, shortestLimitMs } from './heartbeat.ts';
import type { OtherHooks } from './other-hooks.ts';
import type { ServedPort } from './served-port.ts';
import { identityOf, type PortMaps } from './port-maps.ts';
import {
  inputPorts,
  NO_REDIRECT_TARGET,
  type PortReport,
  portReports,
  STALLED,
} from './port-report.ts';
import type { RedirectTargets } from './redirect-targets.ts';
import { errorMessage } from '../../../text/error-message.ts';

/** What of a port of the vSwitch its device is found by, and its limits. */
type PortIdentity = Pick<PortInfo, 'name' | 'uuid' | 'ifindex' | 'shaped' | 'policed'>;

/** Dependencies of a port table. */
export interface PortTableOptions {
  readonly maps: PortMaps;
  readonly attachment: Attachment;
  readonly hooks: OtherHooks;
  readonly targets: RedirectTargets;
  /** Heartbeat period, ms; 0: no heartbeats. */
  readonly heartbeatMs: number;
  /** Names of the ports to serve; undefined: every port with a device. */
  readonly only: readonly string[] | undefined;
  /** Time without entries after which a port is detached, ms; undefined: ports stay attached. */
  readonly detachAfterMs: number | undefined;
  /** Number of entries of flows that enter by the port with that id. */
  readonly entriesOf: (id: number) => number;
  /** A monotonic clock, ms. */
  readonly nowMs: () => number;
}

/** Time without another attempt after the program could not be attached to a port, ms. */
const RETRY_MS = 60_000;

/** Bytes of an Ethernet header with a VLAN tag. */
const L2_BYTES = 18;

/**
 * The ports that the program serves. The kernel reuses an ifindex, so a port has an id of our own,
 * which the device map binds to the device itself (the kernel removes a device from the map when it
 * unregisters).
 */
export class PortTable {
  readonly #maps: PortMaps;
  readonly #attachment: Attachment;
  readonly #only: ReadonlySet<string> | undefined;
  readonly #hooks: OtherHooks;
  readonly #targets: RedirectTargets;
  readonly #heartbeatMs: number;
  /** The ports as last reported; empty before the first {@link drop}. */
  #infos: PortSnapshot = new Map();
  /**
   * Ids of ports that are no longer served, or have become shaped or policed: the caller must
   * remove their entries, then clear this set.
   */
  readonly touched = new Set<number>();
  /** Ports that are being closed: ifindex by id. Failures are retried. */
  readonly #closing = new Map<number, number>();
  readonly #byName = new Map<string, ServedPort>();
  readonly #problems = new Map<string, string>();
  /** Names of the ports that are not meant to be served. */
  readonly #excluded = new Set<string>();
  /** Ports to which the program could not be attached, by uuid, and when and why. */
  readonly #failed = new Map<string, { readonly atMs: number; readonly why: string }>();
  readonly #detachAfterMs: number | undefined;
  readonly #entriesOf: (id: number) => number;
  readonly #nowMs: () => number;
  /** By port id: since when an attached port has had no entries, ms of the clock. */
  readonly #idleSince = new Map<number, number>();

  constructor(options: PortTableOptions) {
    const { maps, attachment, hooks, targets, heartbeatMs, only } = options;
    this.#maps = maps;
    this.#attachment = attachment;
    this.#hooks = hooks;
    this.#targets = targets;
    this.#heartbeatMs = heartbeatMs;
    this.#only = only === undefined ? undefined : new Set(only);
    this.#detachAfterMs = options.detachAfterMs;
    this.#entriesOf = options.entriesOf;
    this.#nowMs = options.nowMs;
  }

  get(name: string): ServedPort | undefined {
    return this.#byName.get(name);
  }

  /** A port that is served, as last reported. */
  info(name: string): PortInfo | undefined {
    return this.#byName.has(name) ? this.#infos.get(name) : undefined;
  }

  /** The shortest time between two heartbeats of a flow, ms; Infinity without heartbeats. */
  get shortestLimitMs(): number {
    return shortestLimitMs(this.#heartbeatMs);
  }

  /** Whether frames can be redirected to the port natively: see {@link RedirectTargets}. */
  isRedirectTarget({ ifindex }: ServedPort): boolean {
    return this.#targets.has(ifindex);
  }

  /** Why a port is not served. */
  problem(name: string): string {
    return this.#problems.get(name) ?? `port ${name} is unknown`;
  }

  /** How each port is served. */
  report(): readonly PortReport[] {
    return portReports(this.served(), this.#problems, (id) => this.#maps.isStalled(id));
  }

  /** The ports that are not served as input or as output. */
  unserved(): readonly UnservedPort[] {
    const refused = [...this.#problems].flatMap(([name, why]) =>
      this.#excluded.has(name) ? [] : [{ name, why }],
    );
    const deaf = this.served().flatMap((port) => {
      const why = this.#whyUnserved(port);
      return why === undefined ? [] : [{ name: port.name, why }];
    });
    return [...refused, ...deaf];
  }

  /** Why no flow enters or leaves by a served port; undefined: flows do. */
  #whyUnserved(port: ServedPort): string | undefined {
    if (port.input.mode === 'native' && !this.isRedirectTarget(port)) {
      return `port ${port.name} ${NO_REDIRECT_TARGET}`;
    }
    const info = this.#infos.get(port.name);
    const refusal = info === undefined ? undefined : this.#inputRefusal(info);
    if (refusal !== undefined) return refusal.detail;
    return this.#maps.isStalled(port.id) ? STALLED : undefined;
  }

  /** The ports that flows can enter by, and what that costs their other packets. */
  inputs(): readonly InputPort[] {
    return inputPorts(this.served());
  }

  /**
   * Attaches the program to a port that is about to get an entry. False when that fails; then
   * {@link problem} says why, and the port is not served any more.
   */
  async open(port: ServedPort): Promise<boolean> {
    if (port.isAttached) return true;
    // Checked before and after: the device can be replaced before the port directory reports it.
    const isSame = (): boolean => this.#maps.deviceOf(port.id) === port.ifindex;
    if (isSame() && (await this.#attach(port, port.id)) && isSame()) return true;
    this.#stopServing(port);
    this.#closeAll();
    return false;
  }

  /**
   * Detaches the program from ports that have had no entries for a while, which restores what it
   * costs other packets.
   */
  closeIdle(): void {
    if (this.#detachAfterMs === undefined) return;
    const nowMs = this.#nowMs();
    for (const port of this.#byName.values()) {
      if (!port.isAttached || !port.onDemand) continue;
      if (this.#entriesOf(port.id) > 0) {
        this.#idleSince.delete(port.id);
        continue;
      }
      const sinceMs = this.#idleSince.get(port.id) ?? nowMs;
      this.#idleSince.set(port.id, sinceMs);
      if (nowMs - sinceMs >= this.#detachAfterMs) this.#detach(port);
    }
  }

  /** The ports served. */
  served(): readonly ServedPort[] {
    return [...this.#byName.values()];
  }

  /** Ids of the ports served. */
  ids(): ReadonlySet<number> {
    return new Set([...this.#byName.values()].map((port) => port.id));
  }

  /** Adopts the ports of an earlier daemon whose device is still the same. */
  async adopt(ports: PortSnapshot): Promise<void> {
    this.#hooks.refresh();
    this.#targets.refresh();
    this.#maps.markRecycled();
    const byIdentity = new Map<string, PortInfo>();
    for (const port of ports.values()) byIdentity.set(identityOf(port), port);

    for (const id of this.#maps.registered()) {
      const { ifindex, identity } = this.#maps.registration(id);
      const port = byIdentity.get(identity);
      const admitted = this.#maps.portAt(ifindex);
      const isSame =
        port?.ifindex === ifindex &&
        this.#refusal(port) === undefined &&
        this.#maps.deviceOf(id) === ifindex &&
        (admitted === id || (admitted === undefined && this.#isOnDemand(port)));
      // Adopted as not rate-limited, as it may have been: `drop` then removes its entries if it is.
      const isServed =
        port !== undefined &&
        isSame &&
        (await this.#begin({ ...port, shaped: false, policed: false }, id, admitted === id));
      if (!isServed) this.#close(id, ifindex);
      await turn();
    }
    const ids = this.ids();
    for (const ifindex of this.#maps.admitted()) {
      if (!ids.has(this.#maps.portAt(ifindex) ?? 0)) this.#maps.exclude(ifindex);
    }
    for (const id of this.#maps.outputs()) if (!ids.has(id)) this.#maps.removeOutput(id);
  }

  /**
   * Stops serving the ports that are gone or have changed.
   *
   * @throws {SystemCallFailed} after trying all; the next call retries failures
   */
  drop(ports: PortSnapshot): void {
    this.#problems.clear();
    this.#excluded.clear();
    this.#hooks.refresh();
    this.#targets.refresh();
    this.#forgetFailures(ports);
    const infos = this.#infos;
    this.#infos = ports;
    for (const port of this.#byName.values()) {
      const now = ports.get(port.name);
      const same =
        now?.uuid === port.uuid &&
        now.ifindex === port.ifindex &&
        this.#maps.deviceOf(port.id) === port.ifindex;
      if (!same || this.#refusal(now) !== undefined) this.#stopServing(port);
      else if (
        this.#limit(port, now) ||
        (this.#inputRefusal(now) !== undefined && !this.#wasRefused(infos, port.name)) ||
        this.#targets.lost(port.ifindex)
      ) {
        this.touched.add(port.id);
      }
    }
    this.#closeAll();
  }

  /** Serves every port that can be served, yielding to the event loop between ports. */
  async serve(ports: PortSnapshot): Promise<void> {
    await this.#updateHeartbeats();
    for (const port of this.#byName.values()) {
      const now = ports.get(port.name);
      if (now === undefined) continue;
      const needsProgram = !port.onDemand || this.#entriesOf(port.id) > 0;
      if (port.isAttached || needsProgram) {
        if (port.isAttached && this.#attachment.isAttached(port.ifindex)) {
          this.#enter(now, port.id, port.input, true);
          continue;
        }
        if (!(await this.#attach(now, port.id))) this.#stopServing(port);
        await turn();
      } else if (!(await this.#standBy(now, port.id))) {
        this.#stopServing(port);
      }
    }
    this.#closeAll();
    for (const port of ports.values()) {
      if (this.#byName.has(port.name)) continue;
      if (await this.#add(port)) await turn();
    }
  }

  #inputRefusal(port: PortInfo): Refusal | undefined {
    return inputRefusal(port.name, port, this.shortestLimitMs);
  }

  #wasRefused(infos: PortSnapshot, name: string): boolean {
    const before = infos.get(name);
    return before !== undefined && this.#inputRefusal(before) !== undefined;
  }

  /** Records the rate limits of a port; true when one was added. */
  #limit(port: ServedPort, { shaped, policed }: PortInfo): boolean {
    if (shaped === port.shaped && policed === port.policed) return false;
    this.#byName.set(port.name, { ...port, shaped, policed });
    return (shaped && !port.shaped) || (policed && !port.policed);
  }

  /** Detaches the program from every port. */
  detachAll(): void {
    for (const port of this.#byName.values()) this.#stopServing(port);
    this.#closeAll();
  }

  #refusal(port: PortInfo): string | undefined {
    return this.#exclusion(port) ?? this.#hooks.on(port);
  }

  /** Why a port is not meant to be served. */
  #exclusion(port: PortInfo): string | undefined {
    if (this.#only !== undefined && !this.#only.has(port.name)) {
      return 'it is not among the configured ports';
    }
    // XDP on the vSwitch's own device would receive packets of the opposite direction.
    if (port.kind === 'internal') return 'it is internal to the vSwitch';
    return port.ifindex === 0 ? 'it has no kernel device' : undefined;
  }

  /** False when nothing was attempted. */
  async #add(port: PortInfo): Promise<boolean> {
    const refusal = this.#refusal(port);
    if (refusal !== undefined) {
      if (this.#exclusion(port) !== undefined) this.#excluded.add(port.name);
      this.#problems.set(port.name, `port ${port.name} is not served: ${refusal}`);
      return false;
    }
    if (ifindexOf(port.name) !== port.ifindex) {
      this.#problems.set(port.name, `port ${port.name}: device ${port.ifindex} does not exist`);
      return false;
    }
    const failure = this.#failed.get(port.uuid);
    if (failure !== undefined) {
      this.#problems.set(port.name, failure.why);
      return false;
    }
    const id = this.#maps.nextId();
    try {
      this.#maps.register(id, port);
    } catch (error) {
      this.#problems.set(port.name, errorMessage(error));
      this.#close(id, port.ifindex);
      return true;
    }
    // Checked again: the device could have been replaced between the check and the update.
    const isServed = (await this.#begin(port, id, false)) && ifindexOf(port.name) === port.ifindex;
    if (!isServed) {
      this.#byName.delete(port.name);
      this.#close(id, port.ifindex);
    }
    return true;
  }

  /** Starts to serve a port; `attach`: with a program, although it has no entry yet. */
  async #begin(port: PortInfo, id: number, attach: boolean): Promise<boolean> {
    return this.#isOnDemand(port) && !attach ? this.#standBy(port, id) : this.#attach(port, id);
  }

  #isOnDemand({ name }: Pick<PortInfo, 'name'>): boolean {
    return this.#detachAfterMs !== undefined && this.#attachment.canAttachLive(name);
  }

  /** Serves a port without a program; on failure records the problem and returns false. */
  async #standBy(port: PortIdentity, id: number): Promise<boolean> {
    try {
      this.#enter(port, id, this.#attachment.expected(port.name, port.ifindex), false);
      await this.#attachment.prepare(port.ifindex);
      return true;
    } catch (error) {
      this.#recordProblem(port, error);
      return false;
    }
  }

  /** Attaches the program and admits packets; on failure records the problem and returns false. */
  async #attach(port: PortIdentity, id: number): Promise<boolean> {
    const { name, ifindex } = port;
    try {
      const attached = await this.#attachment.attach(name, ifindex);
      const heartbeat = this.#heartbeatAt(ifindex);
      await this.#maps.admit(ifindex, { id, flags: attached.flags, heartbeat });
      this.#enter(port, id, attached, true);
      return true;
    } catch (error) {
      const why = this.#recordProblem(port, error);
      if (this.#isOnDemand(port)) this.#failed.set(port.uuid, { atMs: this.#nowMs(), why });
      return false;
    }
  }

  #enter(port: PortIdentity, id: number, input: Attached, isAttached: boolean): void {
    const { name, uuid, ifindex, shaped, policed } = port;
    // A sender on this host can queue more than the MTU and leave it unfinished to its device; no
    // program can redirect that. The kernel shows such packets only while no program is attached.
    const before = this.#byName.get(name);
    const maxBytes =
      before !== undefined && isAttached
        ? before.maxBytes
        : this.#attachment.showsSegments(name)
          ? mtuOf(name) + L2_BYTES
          : Infinity;
    this.#byName.set(name, {
      name,
      uuid,
      ifindex,
      id,
      shaped,
      policed,
      input,
      isAttached,
      onDemand: this.#isOnDemand(port),
      maxBytes,
      splitsSegments: this.#attachment.splitsSegments(name, input.mode),
    });
  }

  /** A failure of one port must not affect the others. */
  #recordProblem({ name }: PortIdentity, error: unknown): string {
    const why = error instanceof PortUnusable ? error.message : `${name}: ${errorMessage(error)}`;
    this.#problems.set(name, why);
    return why;
  }

  /** Forgets failures of ports that are gone, and those after which another attempt is due. */
  #forgetFailures(ports: PortSnapshot): void {
    const uuids = new Set([...ports.values()].map(({ uuid }) => uuid));
    for (const [uuid, { atMs }] of this.#failed) {
      if (!uuids.has(uuid) || this.#nowMs() - atMs >= RETRY_MS) this.#failed.delete(uuid);
    }
  }

  /** Detaches the program from a port, which stays served. */
  #detach(port: ServedPort): void {
    this.#maps.exclude(port.ifindex);
    this.#attachment.detach(port.ifindex);
    this.#idleSince.delete(port.id);
    this.#byName.set(port.name, { ...port, isAttached: false });
  }

  /** Tells the program the heartbeats of the ports that it serves. */
  async #updateHeartbeats(): Promise<void> {
    for (const { ifindex, id } of this.#byName.values()) {
      await this.#maps.changeHeartbeat(ifindex, id, this.#heartbeatAt(ifindex));
    }
  }

  #heartbeatAt(ifindex: number): Heartbeat {
    for (const port of this.#infos.values()) {
      if (port.ifindex === ifindex) return heartbeatOf(this.#heartbeatMs, port.heartbeatLimit);
    }
    return heartbeatOf(this.#heartbeatMs);
  }

  /** Stops serving a port and marks its entries for removal. */
  #stopServing(port: ServedPort): void {
    this.#byName.delete(port.name);
    this.#idleSince.delete(port.id);
    this.touched.add(port.id);
    this.#closing.set(port.id, port.ifindex);
  }

  #close(id: number, ifindex: number): void {
    this.#closing.set(id, ifindex);
    this.#closeAll();
  }

  #closeAll(): void {
    const failures: unknown[] = [];
    for (const [id, ifindex] of this.#closing) {
      try {
        this.#shut(id, ifindex);
        this.#closing.delete(id);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Stops input and output of a port, before anything else. */
  #shut(id: number, ifindex: number): void {
    const sameDevice = this.#maps.deviceOf(id) === ifindex;
    if (this.#maps.portAt(ifindex) === id) this.#maps.exclude(ifindex);
    this.#maps.removeOutput(id);
    if (sameDevice) this.#attachment.detach(ifindex);
    else this.#attachment.unpinDetached(ifindex);
    this.#attachment.forget(ifindex);
    this.#maps.forget(id);
  }
}
