import { setImmediate as turn } from 'node:timers/promises';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import type { UnservedPort } from '../../../engine/ports/offload-backend.ts';
import type { Attached, Attachment, AttachMode } from './attachment.ts';
import { ifindexOf } from './device.ts';
import { PortUnusable } from './errors.ts';
import type { GracePeriod } from './grace-period.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Libbpf } from './libbpf.ts';
import type { Maps } from './maps.ts';
import type { OtherHooks } from './other-hooks.ts';
import { CONTROL, PORT_INFO, PORT_REF, portIdentity, STALL, u32, u32At, u64 } from './records.ts';
import type { RedirectTargets } from './redirect-targets.ts';
import { errorMessage } from '../../../text/error-message.ts';

const NS_PER_MS = 1_000_000n;

/** An attached port. `id` is never reused, even across restarts. */
export interface AttachedPort {
  readonly name: string;
  readonly uuid: string;
  readonly ifindex: number;
  readonly id: number;
  /** The host's QoS on output, and policing on input; the program implements neither. */
  readonly shaped: boolean;
  readonly policed: boolean;
  readonly attached: Attached;
}

/** How a port is served, for operators. */
export interface PortReport {
  readonly name: string;
  readonly mode: AttachMode | 'unavailable';
  readonly detail: string;
}

/** Dependencies of a port table. */
export interface PortTableOptions {
  readonly libbpf: Libbpf;
  readonly maps: Maps;
  readonly attachment: Attachment;
  readonly grace: GracePeriod;
  readonly hooks: OtherHooks;
  readonly targets: RedirectTargets;
  readonly heartbeat: Heartbeat;
  /** Names of the ports to serve; undefined: every port with a device. */
  readonly only: readonly string[] | undefined;
}

/** Report of a port that the kernel recently failed to redirect to. */
const STALLED =
  'redirects to it fail, so its packets go to the vSwitch: check whether it is down, or a veth ' +
  'whose peer has GRO off (ethtool -K ... gro on)';

/** Refusal of a port that drops redirected frames. */
export const NO_REDIRECT_TARGET =
  'does not accept redirected frames: its driver does not support them, or it is a veth whose ' +
  'peer has GRO off (ethtool -K ... gro on)';

/**
 * The ports that the program serves. The kernel reuses an ifindex, so a port has an id of our own,
 * which the device map binds to the device itself (the kernel removes a device from the map when it
 * unregisters).
 */
export class PortTable {
  readonly #libbpf: Libbpf;
  readonly #maps: Maps;
  readonly #attachment: Attachment;
  readonly #only: ReadonlySet<string> | undefined;
  readonly #grace: GracePeriod;
  readonly #hooks: OtherHooks;
  readonly #targets: RedirectTargets;
  readonly #heartbeat: Heartbeat;
  /**
   * Ids of ports that are no longer served, or have become shaped or policed: the caller must
   * remove their entries, then clear this set.
   */
  readonly touched = new Set<number>();
  /** Ports that are being closed: ifindex by id. Failures are retried. */
  readonly #closing = new Map<number, number>();
  /** Elements of `ports` were deleted, and programs that use them may still be running. */
  #recycled = false;
  readonly #byName = new Map<string, AttachedPort>();
  readonly #problems = new Map<string, string>();
  /** Names of the ports that are not meant to be served. */
  readonly #excluded = new Set<string>();

  constructor(options: PortTableOptions) {
    const { libbpf, maps, attachment, grace, hooks, targets, heartbeat, only } = options;
    this.#libbpf = libbpf;
    this.#maps = maps;
    this.#attachment = attachment;
    this.#grace = grace;
    this.#hooks = hooks;
    this.#targets = targets;
    this.#heartbeat = heartbeat;
    this.#only = only === undefined ? undefined : new Set(only);
  }

  get(name: string): AttachedPort | undefined {
    return this.#byName.get(name);
  }

  /** Whether frames can be redirected to the port natively: see {@link RedirectTargets}. */
  isRedirectTarget({ ifindex }: AttachedPort): boolean {
    return this.#targets.has(ifindex);
  }

  /** Why a port is not served. */
  problem(name: string): string {
    return this.#problems.get(name) ?? `port ${name} is unknown`;
  }

  report(): readonly PortReport[] {
    const served = [...this.#byName.values()].map((port) => ({
      name: port.name,
      mode: port.attached.mode,
      detail: this.#isStalled(port.id) ? STALLED : port.attached.note,
    }));
    const unavailable: PortReport[] = [...this.#problems].map(([name, detail]) => ({
      name,
      mode: 'unavailable',
      detail,
    }));
    return [...served, ...unavailable];
  }

  /** The ports that are not served, and those that drop redirected frames. */
  unserved(): readonly UnservedPort[] {
    const refused = [...this.#problems].flatMap(([name, why]) =>
      this.#excluded.has(name) ? [] : [{ name, why }],
    );
    const deaf = this.served().flatMap((port) => {
      if (port.attached.mode === 'native' && !this.isRedirectTarget(port)) {
        return [{ name: port.name, why: `port ${port.name} ${NO_REDIRECT_TARGET}` }];
      }
      return this.#isStalled(port.id) ? [{ name: port.name, why: STALLED }] : [];
    });
    return [...refused, ...deaf];
  }

  /** The ports served. */
  served(): readonly AttachedPort[] {
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
    this.#recycled = true;
    const byIdentity = new Map<string, PortInfo>();
    for (const port of ports.values()) byIdentity.set(identityText(portIdentity(port.uuid)), port);

    const value = new Uint8Array(PORT_INFO.bytes);
    for (const id of this.#keys(this.#maps.fd.port_info)) {
      this.#libbpf.lookup(this.#maps.fd.port_info, u32(id), value, 'port_info');
      const ifindex = u32At(value, PORT_INFO.ifindex);
      const port = byIdentity.get(identityText(value.subarray(PORT_INFO.identity)));
      const isSame =
        port?.ifindex === ifindex &&
        this.#refusal(port) === undefined &&
        this.#deviceOf(id) === ifindex &&
        this.#portAt(ifindex) === id;
      // Adopted as not rate-limited, as it may have been: `drop` then removes its entries if it is.
      const isAttached =
        port !== undefined &&
        isSame &&
        (await this.#attach({ ...port, shaped: false, policed: false }, id));
      if (!isAttached) this.#close(id, ifindex);
      await turn();
    }
    const ids = this.ids();
    for (const ifindex of this.#keys(this.#maps.fd.ports)) {
      if (!ids.has(this.#portAt(ifindex) ?? 0)) this.#exclude(ifindex);
    }
    for (const id of this.#keys(this.#maps.fd.devices)) {
      if (!ids.has(id)) this.#remove(this.#maps.fd.devices, id);
    }
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
    for (const port of this.#byName.values()) {
      const now = ports.get(port.name);
      const same =
        now?.uuid === port.uuid &&
        now.ifindex === port.ifindex &&
        this.#deviceOf(port.id) === port.ifindex;
      if (!same || this.#refusal(now) !== undefined) this.#stopServing(port);
      else if (this.#limit(port, now) || this.#targets.lost(port.ifindex))
        this.touched.add(port.id);
    }
    this.#closeAll();
  }

  /** Serves every port that can be served, yielding to the event loop between ports. */
  async serve(ports: PortSnapshot): Promise<void> {
    for (const port of this.#byName.values()) {
      const now = ports.get(port.name);
      if (now === undefined || this.#attachment.isAttached(port.ifindex)) continue;
      if (!(await this.#attach(now, port.id))) this.#stopServing(port);
      await turn();
    }
    this.#closeAll();
    for (const port of ports.values()) {
      if (this.#byName.has(port.name)) continue;
      if (await this.#add(port)) await turn();
    }
  }

  /** Records the rate limits of a port; true when one was added. */
  #limit(port: AttachedPort, { shaped, policed }: PortInfo): boolean {
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
    const id = this.#maps.next(CONTROL.nextPortId);
    const info = new Uint8Array(PORT_INFO.bytes);
    info.set(u32(port.ifindex), PORT_INFO.ifindex);
    info.set(portIdentity(port.uuid), PORT_INFO.identity);
    try {
      this.#libbpf.update(this.#maps.fd.port_info, u32(id), info, port.name);
      this.#libbpf.update(this.#maps.fd.devices, u32(id), u32(port.ifindex), port.name);
    } catch (error) {
      this.#problems.set(port.name, errorMessage(error));
      this.#close(id, port.ifindex);
      return true;
    }
    // Checked again: the device could have been replaced between the check and the update.
    const attached = (await this.#attach(port, id)) && ifindexOf(port.name) === port.ifindex;
    if (!attached) {
      this.#byName.delete(port.name);
      this.#close(id, port.ifindex);
    }
    return true;
  }

  /** Attaches the program and admits packets; on failure records the problem and returns false. */
  async #attach(port: PortInfo, id: number): Promise<boolean> {
    const { name, uuid, ifindex, shaped, policed } = port;
    try {
      const attached = this.#attachment.attach(name, ifindex);
      await this.#admit(ifindex, id, attached.flags);
      this.#byName.set(name, { name, uuid, ifindex, id, shaped, policed, attached });
      return true;
    } catch (error) {
      // A failure of one port must not affect the others.
      const detail =
        error instanceof PortUnusable ? error.message : `${name}: ${errorMessage(error)}`;
      this.#problems.set(name, detail);
      return false;
    }
  }

  /**
   * Admits packets of a device. A running program could still hold a deleted element, whose memory
   * the new one would reuse, and attribute its packet to this port: so this waits for such
   * programs.
   */
  async #admit(ifindex: number, id: number, flags: number): Promise<void> {
    const ref = portRef(id, flags, this.#heartbeat);
    const existing = new Uint8Array(PORT_REF.bytes);
    if (this.#libbpf.lookup(this.#maps.fd.ports, u32(ifindex), existing, 'ports')) {
      if (Buffer.compare(existing, ref) === 0) return;
      this.#exclude(ifindex);
    }
    if (this.#recycled) {
      await this.#grace.wait();
      this.#recycled = false;
    }
    this.#libbpf.update(this.#maps.fd.ports, u32(ifindex), ref, `ifindex ${ifindex}`);
  }

  #exclude(ifindex: number): void {
    this.#recycled = true;
    this.#remove(this.#maps.fd.ports, ifindex);
  }

  /** Stops serving a port and marks its entries for removal. */
  #stopServing(port: AttachedPort): void {
    this.#byName.delete(port.name);
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
    const sameDevice = this.#deviceOf(id) === ifindex;
    if (this.#portAt(ifindex) === id) this.#exclude(ifindex);
    this.#remove(this.#maps.fd.devices, id);
    if (sameDevice) this.#attachment.detach(ifindex);
    else this.#attachment.unpinDetached(ifindex);
    this.#remove(this.#maps.fd.stalled, id);
    this.#remove(this.#maps.fd.port_info, id);
  }

  #isStalled(id: number): boolean {
    const stall = new BigUint64Array(STALL.bytes / 8);
    const value = new Uint8Array(stall.buffer);
    const found = this.#libbpf.lookup(this.#maps.fd.stalled, u32(id), value, 'stalled');
    return found && stall[STALL.untilNs / 8] > process.hrtime.bigint();
  }

  #deviceOf(id: number): number | undefined {
    const value = new Uint8Array(4);
    const found = this.#libbpf.lookup(this.#maps.fd.devices, u32(id), value, 'devices');
    return found ? u32At(value, 0) : undefined;
  }

  #portAt(ifindex: number): number | undefined {
    const value = new Uint8Array(PORT_REF.bytes);
    const found = this.#libbpf.lookup(this.#maps.fd.ports, u32(ifindex), value, 'ports');
    return found ? u32At(value, PORT_REF.portId) : undefined;
  }

  #remove(fd: number, key: number): void {
    this.#libbpf.remove(fd, u32(key), `key ${key}`);
  }

  #keys(fd: number): number[] {
    const keys: number[] = [];
    let previous: Uint8Array | null = null;
    const next = new Uint8Array(4);
    while (this.#libbpf.nextKey(fd, previous, next, 'ports')) {
      keys.push(u32At(next, 0));
      previous = next.slice();
    }
    return keys;
  }
}

function portRef(id: number, flags: number, { dueMs, limitMs }: Heartbeat): Uint8Array {
  const ref = new Uint8Array(PORT_REF.bytes);
  ref.set(u32(id), PORT_REF.portId);
  ref.set(u32(flags), PORT_REF.flags);
  ref.set(u64(BigInt(dueMs) * NS_PER_MS), PORT_REF.heartbeatNs);
  ref.set(u64(BigInt(limitMs) * NS_PER_MS), PORT_REF.heartbeatLimitNs);
  return ref;
}

function identityText(identity: Uint8Array): string {
  return Buffer.from(identity).toString('hex');
}
