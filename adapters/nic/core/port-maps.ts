import type { GracePeriod } from './grace-period.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Libbpf } from './libbpf.ts';
import type { Maps } from './maps.ts';
import { CONTROL, PORT_INFO, PORT_REF, portIdentity, u32, u32At, u64 } from './records.ts';

const NS_PER_MS = 1_000_000n;

/** A device from which packets are admitted: its port, with the flags of `struct port_ref`. */
export interface Admission {
  readonly id: number;
  readonly flags: number;
  readonly heartbeat: Heartbeat;
}

/**
 * The maps that tell the program which ports there are: `port_info` and `devices` by port id (output),
 * `ports` by ifindex (input).
 */
export class PortMaps {
  readonly #libbpf: Libbpf;
  readonly #maps: Maps;
  readonly #grace: GracePeriod;
  /** Elements of `ports` were replaced or deleted, and programs that use them may still be running. */
  #recycled = false;

  constructor(libbpf: Libbpf, maps: Maps, grace: GracePeriod) {
    this.#libbpf = libbpf;
    this.#maps = maps;
    this.#grace = grace;
  }

  /** Must be called when an earlier daemon may have deleted elements. */
  markRecycled(): void {
    this.#recycled = true;
  }

  /** A port id that was never used. */
  nextId(): number {
    return this.#maps.next(CONTROL.nextPortId);
  }

  /** Makes a device an output. @throws {SystemCallFailed} */
  register(id: number, { name, uuid, ifindex }: PortDevice): void {
    const info = new Uint8Array(PORT_INFO.bytes);
    info.set(u32(ifindex), PORT_INFO.ifindex);
    info.set(portIdentity(uuid), PORT_INFO.identity);
    this.#libbpf.update(this.#maps.fd.port_info, u32(id), info, name);
    this.#libbpf.update(this.#maps.fd.devices, u32(id), u32(ifindex), name);
  }

  /** Port ids with information for the next daemon. */
  registered(): readonly number[] {
    return this.#keys(this.#maps.fd.port_info);
  }

  /** Device and identity of a registered port. */
  registration(id: number): { readonly ifindex: number; readonly identity: string } {
    const value = new Uint8Array(PORT_INFO.bytes);
    this.#libbpf.lookup(this.#maps.fd.port_info, u32(id), value, 'port_info');
    const identity = identityText(value.subarray(PORT_INFO.identity));
    return { ifindex: u32At(value, PORT_INFO.ifindex), identity };
  }

  /** Port ids with an output device. */
  outputs(): readonly number[] {
    return this.#keys(this.#maps.fd.devices);
  }

  /** The device of a port, which the kernel removes when it unregisters. */
  deviceOf(id: number): number | undefined {
    const value = new Uint8Array(4);
    const found = this.#libbpf.lookup(this.#maps.fd.devices, u32(id), value, 'devices');
    return found ? u32At(value, 0) : undefined;
  }

  /** The devices from which packets are admitted. */
  admitted(): readonly number[] {
    return this.#keys(this.#maps.fd.ports);
  }

  /** The port id of a device from which packets are admitted. */
  portAt(ifindex: number): number | undefined {
    return this.#refAt(ifindex)?.id;
  }

  /**
   * Admits packets of a device. A running program could still hold a deleted element, whose memory
   * the new one would reuse, and attribute its packet to this port: so this waits for such
   * programs.
   */
  async admit(ifindex: number, admission: Admission): Promise<void> {
    const ref = encode(admission);
    const existing = this.#refAt(ifindex);
    if (existing !== undefined) {
      if (Buffer.compare(existing.bytes, ref) === 0) return;
      this.exclude(ifindex);
    }
    if (this.#recycled) {
      await this.#grace.wait();
      this.#recycled = false;
    }
    this.#libbpf.update(this.#maps.fd.ports, u32(ifindex), ref, `ifindex ${ifindex}`);
  }

  /**
   * Changes the heartbeats of a device from which packets are admitted. Overwrites the element: a
   * running program may still read the old one, whose memory must not be used again before.
   */
  async changeHeartbeat(ifindex: number, id: number, heartbeat: Heartbeat): Promise<void> {
    const existing = this.#refAt(ifindex);
    if (existing === undefined) return;
    const ref = encode({ id, flags: existing.flags, heartbeat });
    if (Buffer.compare(existing.bytes, ref) === 0) return;
    if (this.#recycled) await this.#grace.wait();
    this.#libbpf.update(this.#maps.fd.ports, u32(ifindex), ref, `ifindex ${ifindex}`);
    this.#recycled = true;
  }

  /** Passes packets of a device to the vSwitch. */
  exclude(ifindex: number): void {
    this.#recycled = true;
    this.#remove(this.#maps.fd.ports, ifindex);
  }

  /** Stops output to a port. */
  removeOutput(id: number): void {
    this.#remove(this.#maps.fd.devices, id);
  }

  /** Forgets a port that is neither input nor output any more. */
  forget(id: number): void {
    this.#remove(this.#maps.fd.port_info, id);
  }

  #refAt(ifindex: number): { id: number; flags: number; bytes: Uint8Array } | undefined {
    const bytes = new Uint8Array(PORT_REF.bytes);
    if (!this.#libbpf.lookup(this.#maps.fd.ports, u32(ifindex), bytes, 'ports')) return undefined;
    return { id: u32At(bytes, PORT_REF.portId), flags: u32At(bytes, PORT_REF.flags), bytes };
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

/** A port and its device. */
export interface PortDevice {
  readonly name: string;
  readonly uuid: string;
  readonly ifindex: number;
}

/** Identity of a port as text, see {@link PortMaps.registration}. */
export function identityOf({ uuid }: Pick<PortDevice, 'uuid'>): string {
  return identityText(portIdentity(uuid));
}

function identityText(identity: Uint8Array): string {
  return Buffer.from(identity).toString('hex');
}

function encode({ id, flags, heartbeat: { dueMs, limitMs } }: Admission): Uint8Array {
  const ref = new Uint8Array(PORT_REF.bytes);
  ref.set(u32(id), PORT_REF.portId);
  ref.set(u32(flags), PORT_REF.flags);
  ref.set(u64(BigInt(dueMs) * NS_PER_MS), PORT_REF.heartbeatNs);
  ref.set(u64(BigInt(limitMs) * NS_PER_MS), PORT_REF.heartbeatLimitNs);
  return ref;
}
