import { INITIAL_WINDOW, SEGMENT } from './packets.ts';
import { GOLDEN, mix32 } from './random.ts';

/** A connection to be opened on a row. */
export interface NewTransfer {
  readonly row: number;
  /** Row that carries the acknowledgements, or NONE. */
  readonly reverse: number;
  readonly workload: number;
  /** Transfers that the connection carries, at least 1, and the size of the first, bytes. */
  readonly transfers: number;
  readonly firstSize: number;
  /** Bytes of headers in front of the payload. */
  readonly headers: number;
  readonly rttMs: number;
  /** Maximum rate of the sender, bits/s. */
  readonly peakBitsPerSecond: number;
  /** NIC port (0 or 1) that it is received or sent on; NONE if it is not. */
  readonly rxUplink: number;
  readonly txUplink: number;
  /** Seeds the draws of its later sizes and pauses. */
  readonly seed: number;
}

/** State of each connection, by the row of its flow. Bytes are payload. */
export class TransferColumns {
  /** Bytes of the current transfer that are not sent, and that may be sent now. */
  readonly remaining: Float64Array;
  readonly credit: Float64Array;
  /** Rates in bytes/ms: current, at the start of a transfer, and maximum. */
  readonly rate: Float64Array;
  readonly initialRate: Float64Array;
  readonly peak: Float64Array;
  /** Factor of the rate per step while it grows. */
  readonly growth: Float64Array;
  /** Demand of this step, bytes. */
  readonly demand: Float64Array;
  /** When it sends again, ms of the emulation. */
  readonly nextAtMs: Float64Array;
  /** Transfers left, including the current one. */
  readonly left: Int32Array;
  readonly reverse: Int32Array;
  /** Packets not yet acknowledged: 0 or 1. */
  readonly unacknowledged: Uint8Array;
  readonly headers: Uint8Array;
  readonly workload: Uint8Array;
  readonly rx: Int8Array;
  readonly tx: Int8Array;
  readonly #random: Uint32Array;
  readonly #stepMs: number;

  constructor(rows: number, stepMs: number) {
    this.#stepMs = stepMs;
    this.remaining = new Float64Array(rows);
    this.credit = new Float64Array(rows);
    this.rate = new Float64Array(rows);
    this.initialRate = new Float64Array(rows);
    this.peak = new Float64Array(rows);
    this.growth = new Float64Array(rows);
    this.demand = new Float64Array(rows);
    this.nextAtMs = new Float64Array(rows);
    this.left = new Int32Array(rows);
    this.reverse = new Int32Array(rows);
    this.unacknowledged = new Uint8Array(rows);
    this.headers = new Uint8Array(rows);
    this.workload = new Uint8Array(rows);
    this.rx = new Int8Array(rows);
    this.tx = new Int8Array(rows);
    this.#random = new Uint32Array(rows);
  }

  /** Fills a row for a connection that starts now. */
  open(t: NewTransfer): void {
    const { row } = t;
    this.remaining[row] = t.firstSize;
    this.credit[row] = 0;
    this.initialRate[row] = (INITIAL_WINDOW * SEGMENT) / t.rttMs;
    this.rate[row] = this.initialRate[row];
    this.peak[row] = t.peakBitsPerSecond / 8 / 1_000;
    // Doubles each round trip, without overflow in a step of many round trips.
    this.growth[row] = 2 ** Math.min(30, this.#stepMs / t.rttMs);
    this.nextAtMs[row] = Number.NEGATIVE_INFINITY;
    this.left[row] = t.transfers;
    this.reverse[row] = t.reverse;
    this.unacknowledged[row] = 0;
    this.headers[row] = t.headers;
    this.workload[row] = t.workload;
    this.rx[row] = t.rxUplink;
    this.tx[row] = t.txUplink;
    this.#random[row] = t.seed;
  }

  /** Uniform in [0, 1), from the connection's own generator. */
  draw(row: number): number {
    this.#random[row] += GOLDEN;
    return mix32(this.#random[row]) / 2 ** 32;
  }
}
