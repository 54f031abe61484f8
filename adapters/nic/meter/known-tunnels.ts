import type { ArrivedTunnel } from '../../../engine/model/connection.ts';
import type { Libbpf } from '../core/libbpf.ts';
import { METER_TUNNEL, METER_TUNNEL_KEY } from './records.ts';
import { tunnelHeaders } from './tunnel-headers.ts';

/** Tunnels read at a time. */
const BATCH = 1024;

const KEY_WORDS = METER_TUNNEL_KEY.bytes / 4;
const TUNNEL_WORDS = METER_TUNNEL.bytes / 4;
const IDENTITY = METER_TUNNEL.identity / 4;

/** A tunnel in which connections arrive. */
export interface KnownTunnel {
  /** First half of its identity, as in `struct meter_key`: two words. */
  readonly low: number;
  readonly high: number;
  /** That of the port by which it arrives. */
  readonly portLow: number;
  readonly portHigh: number;
  /** Headers but TOS and TTL, which differ between its packets. */
  readonly headers: ArrivedTunnel;
}

/** The tunnels of a reading by their identity. Looking one up allocates nothing. */
export class KnownTunnels {
  readonly #libbpf: Libbpf;
  readonly #fd: number;
  readonly #keys = new Uint32Array(BATCH * KEY_WORDS);
  readonly #values = new Uint32Array(BATCH * TUNNEL_WORDS);
  readonly #position = new Uint32Array(1);
  #byLow = new Map<number, KnownTunnel>();

  /** @param fd of the map `meter_tunnels` */
  constructor(libbpf: Libbpf, fd: number) {
    this.#libbpf = libbpf;
    this.#fd = fd;
  }

  /** Reads the tunnels that there are now. @throws {SystemCallFailed} */
  async read(signal: AbortSignal): Promise<void> {
    const before = this.#byLow;
    const now = new Map<number, KnownTunnel>();
    for (let isFirst = true, isLast = false; !isLast; isFirst = false) {
      signal.throwIfAborted();
      const batch = await this.#libbpf.lookupBatchInWorker(
        this.#fd,
        isFirst ? null : this.#position,
        this.#position,
        this.#keys,
        this.#values,
        BATCH,
        'meter_tunnels',
      );
      isLast = batch.isLast;
      for (let row = 0; row < batch.count; row++) {
        const at = row * TUNNEL_WORDS + IDENTITY;
        const [low, high] = [this.#values[at], this.#values[at + 1]];
        const known = before.get(low);
        now.set(low, known?.high === high ? known : this.#tunnel(row, low, high));
      }
    }
    this.#byLow = now;
  }

  /** The tunnel of a connection; undefined for one that the kernel has forgotten for lack of memory. */
  find(low: number, high: number): KnownTunnel | undefined {
    const tunnel = this.#byLow.get(low);
    return tunnel?.high === high ? tunnel : undefined;
  }

  #tunnel(row: number, low: number, high: number): KnownTunnel {
    const at = row * KEY_WORDS;
    const { buffer } = this.#keys;
    const key = new Uint8Array(buffer, row * METER_TUNNEL_KEY.bytes, METER_TUNNEL_KEY.bytes);
    const value = new Uint8Array(this.#values.buffer, row * METER_TUNNEL.bytes, METER_TUNNEL.bytes);
    return {
      low,
      high,
      portLow: this.#keys[at],
      portHigh: this.#keys[at + 1],
      headers: tunnelHeaders(key, value),
    };
  }
}
