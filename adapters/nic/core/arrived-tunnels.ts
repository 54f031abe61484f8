import { SystemCallFailed } from './errors.ts';
import type { Libbpf } from './libbpf.ts';
import { MAX_ARRIVED_TUNNELS, type Maps } from './maps.ts';
import { CONTROL, MAX_TUNNEL_PORTS, TUNNEL_ID, TUNNEL_KEY, u32, u32At } from './records.ts';

/** Id of no tunnel. */
const NONE = 0;

/** The tunnels of a device have one UDP port, which the program does not see. */
const NO_PORT = 0;

type Kernel = Pick<Libbpf, 'update' | 'lookup' | 'remove' | 'nextKey'>;

/** The map of tunnels, and the words of the control map that are about it. */
interface TunnelMaps extends Pick<Maps, 'next' | 'setWord'> {
  readonly fd: Pick<Maps['fd'], 'arrived'>;
}

interface Tunnel {
  readonly id: number;
  /** `struct tunnel_key`. */
  readonly key: Uint8Array;
  users: number;
}

/**
 * The tunnels that packets of the installed entries arrive in, each once. In the keys of their entries an id
 * stands for the tunnel where the port of others is.
 *
 * A tunnel is written to the kernel before its first entry is, and leaves it after its last one; see {@link
 * ArrivedTunnels.write}. Ids are never used again, so a leftover entry never belongs to another tunnel.
 */
export class ArrivedTunnels {
  readonly #libbpf: Kernel;
  readonly #maps: TunnelMaps;
  readonly #byKey = new Map<string, Tunnel>();
  readonly #byId = new Map<number, Tunnel>();
  readonly #unwritten = new Set<Tunnel>();
  /** Number of tunnels by UDP port and by shape: the program looks only for those. */
  readonly #ports = new Map<number, number>();
  readonly #shapes = new Map<number, number>();

  constructor(libbpf: Kernel, maps: TunnelMaps) {
    this.#libbpf = libbpf;
    this.#maps = maps;
  }

  /** Id of the tunnel with this `struct tunnel_key`; 0: no entry has it. */
  idOf(key: Uint8Array): number {
    return this.#byKey.get(textOf(key))?.id ?? NONE;
  }

  /** Adds a user to a tunnel, and returns its id; a sentence when there are too many tunnels. */
  acquire(key: Uint8Array): number | string {
    const known = this.#byKey.get(textOf(key));
    if (known !== undefined) {
      known.users++;
      return known.id;
    }
    const full = this.#whyFull(key);
    if (full !== undefined) return full;
    const id = (TUNNEL_ID | this.#maps.next(CONTROL.nextPortId)) >>> 0;
    const tunnel = { id, key: key.slice(), users: 1 };
    this.#add(tunnel);
    this.#unwritten.add(tunnel);
    return id;
  }

  /** Removes a user whose entry has been deleted. */
  release(id: number): void {
    const tunnel = this.#byId.get(id);
    if (tunnel !== undefined && --tunnel.users === 0) this.#remove(tunnel);
  }

  /** Id of the port by which the packets of a tunnel enter. The id of a port stands for itself. */
  portOf(id: number): number {
    const tunnel = this.#byId.get(id);
    return tunnel === undefined ? id : u32At(tunnel.key, TUNNEL_KEY.inPort);
  }

  /**
   * Writes new tunnels to the kernel. Every program that was running when an entry was last deleted must have
   * finished: the kernel gives the memory of tunnels that have left to the new ones.
   *
   * @throws {SystemCallFailed}
   */
  write(): void {
    if (this.#unwritten.size === 0) return;
    for (const tunnel of this.#unwritten) {
      this.#libbpf.update(this.#maps.fd.arrived, tunnel.key, u32(tunnel.id), 'arrived');
      this.#unwritten.delete(tunnel);
    }
    this.#announce();
  }

  /** Adopts the tunnels of an earlier daemon; they have no users yet. */
  adopt(): void {
    const fd = this.#maps.fd.arrived;
    const id = new Uint8Array(4);
    let previous: Uint8Array | null = null;
    const next = new Uint8Array(TUNNEL_KEY.bytes);
    while (this.#libbpf.nextKey(fd, previous, next, 'arrived')) {
      previous = next.slice();
      if (this.#libbpf.lookup(fd, previous, id, 'arrived')) {
        this.#add({ id: u32At(id, 0), key: previous, users: 0 });
      }
    }
  }

  /** Counts an adopted entry; false when there is no such tunnel. The id of a port is no tunnel, and right. */
  adoptUser(id: number): boolean {
    if (id < TUNNEL_ID) return true;
    const tunnel = this.#byId.get(id);
    if (tunnel === undefined) return false;
    tunnel.users++;
    return true;
  }

  /** Removes the tunnels that no entry uses. */
  dropUnused(): void {
    for (const tunnel of this.#byId.values()) if (tunnel.users === 0) this.#remove(tunnel);
    this.#announce();
  }

  #whyFull(key: Uint8Array): string | undefined {
    if (this.#byId.size >= MAX_ARRIVED_TUNNELS) {
      return `all ${MAX_ARRIVED_TUNNELS} tunnels that packets arrive in are in use`;
    }
    const port = portIn(key);
    if (port === NO_PORT || this.#ports.has(port) || this.#ports.size < MAX_TUNNEL_PORTS)
      return undefined;
    return `packets arrive in tunnels of ${MAX_TUNNEL_PORTS} other UDP ports`;
  }

  #add(tunnel: Tunnel): void {
    this.#byKey.set(textOf(tunnel.key), tunnel);
    this.#byId.set(tunnel.id, tunnel);
    this.#count(tunnel, 1);
  }

  #remove(tunnel: Tunnel): void {
    if (!this.#unwritten.delete(tunnel) && !this.#deleted(tunnel)) return;
    this.#byKey.delete(textOf(tunnel.key));
    this.#byId.delete(tunnel.id);
    this.#count(tunnel, -1);
    if (this.#byId.size === 0) this.#announce();
  }

  /** False when the kernel did not delete it: it stays, without users, and no entry has its id. */
  #deleted({ key }: Tunnel): boolean {
    try {
      this.#libbpf.remove(this.#maps.fd.arrived, key, 'arrived');
      return true;
    } catch (error) {
      if (error instanceof SystemCallFailed) return false;
      throw error;
    }
  }

  #count({ key }: Tunnel, change: number): void {
    const port = portIn(key);
    if (port !== NO_PORT) count(this.#ports, port, change);
    count(this.#shapes, u32At(key, TUNNEL_KEY.shape), change);
  }

  /** Tells the program which packets can be in a tunnel. */
  #announce(): void {
    let ports = 0n;
    for (const port of this.#ports.keys()) ports = (ports << 16n) | BigInt(port);
    let shapes = 0n;
    for (const shape of this.#shapes.keys()) shapes |= 1n << BigInt(shape);
    this.#maps.setWord(CONTROL.tunnelPorts, ports);
    this.#maps.setWord(CONTROL.tunnelShapes, shapes);
  }
}

/** The UDP port of a tunnel, as the machine reads it from the wire. */
function portIn(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getUint16(TUNNEL_KEY.udpDst, true);
}

function count(numbers: Map<number, number>, of: number, change: number): void {
  const now = (numbers.get(of) ?? 0) + change;
  if (now === 0) numbers.delete(of);
  else numbers.set(of, now);
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}
