import type { MeterSink } from '../../../engine/ports/connection-meter.ts';
import type { Libbpf } from '../core/libbpf.ts';
import type { KnownTunnel, KnownTunnels } from './known-tunnels.ts';
import { packetHeaders } from './packet-headers.ts';
import type { PortNames } from './port-names.ts';
import { KIND_TUNNELLED, METER_KEY, METER_RECORD } from './records.ts';

/** Connections read at a time: some ms in a worker thread, then some ms on the event loop. */
const BATCH = 8192;

const KEY_WORDS = METER_KEY.bytes / 4;
const RECORD_WORDS = METER_RECORD.bytes / 4;
/** The word of `kind`, and the bit of tunnels in it. */
const KIND = METER_KEY.vlanTci / 4;
const KIND_BIT = KIND_TUNNELLED << (8 * (METER_KEY.kind - METER_KEY.vlanTci));
const PACKETS = METER_RECORD.packets / 4;
const OCTETS = METER_RECORD.octets / 4;
const FIRST_NS = METER_RECORD.firstNs / 4;
const LAST_NS = METER_RECORD.lastNs / 4;
const ID = METER_RECORD.id / 4;

/** What a reading found. */
export interface ReadConnections {
  /** Connections that were reported. */
  readonly reported: number;
  /** Connections whose tunnel is not known until its next packet. */
  readonly withheld: number;
  /** Connections that were deleted: idle, or of a port that is gone. */
  readonly deleted: number;
}

/** What a {@link ConnectionReader} works with. */
export interface ConnectionReaderParts {
  readonly libbpf: Libbpf;
  /** Descriptor of the map `connections`. */
  readonly fd: number;
  readonly ports: PortNames;
  /** Read before the connections are. */
  readonly tunnels: KnownTunnels;
  readonly forgetAfterMs: number;
}

/** Reads the connections in batches, and deletes old ones. Allocates nothing per connection. */
export class ConnectionReader {
  readonly #libbpf: Libbpf;
  readonly #fd: number;
  readonly #ports: PortNames;
  readonly #tunnels: KnownTunnels;
  readonly #forgetAfterMs: number;
  readonly #keys = new Uint32Array(BATCH * KEY_WORDS);
  readonly #records = new Uint32Array(BATCH * RECORD_WORDS);
  readonly #old = new Uint32Array(BATCH * KEY_WORDS);
  readonly #position = new Uint32Array(1);
  /** The connection that is being reported. */
  #row = 0;
  #port = '';
  #tunnel: KnownTunnel | undefined;
  #withheld = 0;
  readonly #headers = () =>
    packetHeaders(
      this.#port,
      bytesAt(this.#keys, this.#row, METER_KEY.bytes),
      bytesAt(this.#records, this.#row, METER_RECORD.bytes),
      this.#tunnel?.headers,
    );

  constructor({ libbpf, fd, ports, tunnels, forgetAfterMs }: ConnectionReaderParts) {
    this.#libbpf = libbpf;
    this.#fd = fd;
    this.#ports = ports;
    this.#tunnels = tunnels;
    this.#forgetAfterMs = forgetAfterMs;
  }

  /**
   * Reports the connections, each once.
   *
   * @param nowMs CLOCK_MONOTONIC, ms
   * @throws {SystemCallFailed}
   */
  async read(sink: MeterSink, nowMs: number, signal: AbortSignal): Promise<ReadConnections> {
    let found = 0;
    let deleted = 0;
    this.#withheld = 0;
    for (let isFirst = true, isLast = false; !isLast; isFirst = false) {
      signal.throwIfAborted();
      const batch = await this.#libbpf.lookupBatchInWorker(
        this.#fd,
        isFirst ? null : this.#position,
        this.#position,
        this.#keys,
        this.#records,
        BATCH,
        'connections',
      );
      isLast = batch.isLast;
      const old = this.#report(sink, batch.count, nowMs);
      found += batch.count - old;
      deleted += this.#delete(old);
    }
    return { reported: found - this.#withheld, withheld: this.#withheld, deleted };
  }

  /** Reports a batch; returns how many connections are old, with their keys in {@link #old}. */
  #report(sink: MeterSink, count: number, nowMs: number): number {
    const keys = this.#keys;
    const records = this.#records;
    let old = 0;
    for (let row = 0; row < count; row++) {
      const key = row * KEY_WORDS;
      const at = row * RECORD_WORDS;
      const idleMs = sinceMs(records, at + LAST_NS, nowMs);
      const isTunnelled = (keys[key + KIND] & KIND_BIT) !== 0;
      const tunnel = isTunnelled ? this.#tunnels.find(keys[key], keys[key + 1]) : undefined;
      if (isTunnelled && tunnel === undefined && idleMs <= this.#forgetAfterMs) {
        this.#withheld++;
        continue;
      }
      const port =
        tunnel === undefined
          ? this.#ports.find(keys[key], keys[key + 1])
          : this.#ports.find(tunnel.portLow, tunnel.portHigh);
      if (port === undefined || idleMs > this.#forgetAfterMs) {
        const to = old++ * KEY_WORDS;
        for (let word = 0; word < KEY_WORDS; word++) this.#old[to + word] = keys[key + word];
        continue;
      }
      this.#row = row;
      this.#port = port;
      this.#tunnel = tunnel;
      const id = at + ID;
      sink.metered(
        records[id],
        records[id + 1],
        records[id + 2],
        records[id + 3],
        u64At(records, at + PACKETS),
        u64At(records, at + OCTETS),
        sinceMs(records, at + FIRST_NS, nowMs),
        idleMs,
        this.#headers,
      );
    }
    return old;
  }

  /** Deletes the first `count` of the old connections; returns how many there still were. */
  #delete(count: number): number {
    let deleted = 0;
    for (let from = 0; from < count; ) {
      const keys = this.#old.subarray(from * KEY_WORDS);
      const { done, errno } = this.#libbpf.deleteBatch(this.#fd, keys, count - from);
      deleted += done;
      from += done;
      if (errno === 0) break;
      // It was forgotten for lack of memory in the meantime, or cannot be deleted now.
      from++;
    }
    return deleted;
  }
}

function bytesAt(words: Uint32Array, row: number, bytes: number): Uint8Array {
  return new Uint8Array(words.buffer, row * bytes, bytes);
}

/** Time since the ns at `at`, ms; 0 for a packet that has come after the clock was read. */
function sinceMs(words: Uint32Array, at: number, nowMs: number): number {
  return Math.max(0, nowMs - u64At(words, at) / 1e6);
}

/** The u64 whose lower half is at `at`; past 2^53 to the nearest double. */
function u64At(words: Uint32Array, at: number): number {
  return words[at] + words[at + 1] * 0x1_0000_0000;
}
