import type { Sfc32 } from '../../../adapters/emulator/random.ts';
import type { SizeDistribution } from '../../../adapters/emulator/sizes.ts';
import type { Kind } from './inputs.ts';
import { TransferCurve } from './tcp-transfer.ts';

/** As in the emulator, log-uniform between these per sender. */
const RTT_MS = [0.5, 8] as const;
const PEAK_BITS_PER_SECOND = [50e6, 2e9] as const;

/** A kind of connection with its distribution of sizes. */
export interface DrawnKind {
  readonly kind: Kind;
  readonly sizes: SizeDistribution;
}

/** Traits that are drawn once per connection. */
export interface ConnectionTraits {
  readonly drawn: DrawnKind;
  /** Progress of its transfers. */
  readonly curve: TransferCurve;
  /** Mean of its pauses, ms. */
  readonly pauseMs: number;
}

/** Observes a connection from open to close. */
export interface ConnectionObserver {
  opened(traits: ConnectionTraits): void;
  /** @param size bytes of payload */
  transferred(startMs: number, endMs: number, size: number): void;
  closed(): void;
}

/** Simulates connections, one at a time. */
export class ConnectionPlayer {
  readonly #random: Sfc32;
  readonly #horizonMs: number;
  readonly #curve = new TransferCurve();

  /** @param horizonMs end of the simulated time */
  constructor(random: Sfc32, horizonMs: number) {
    this.#random = random;
    this.#horizonMs = horizonMs;
  }

  /**
   * Simulates a connection that opens at `startMs`; returns the time of its last packet, or the
   * horizon, ms.
   */
  play(drawn: DrawnKind, startMs: number, observers: readonly ConnectionObserver[]): number {
    const random = this.#random;
    const { kind, sizes } = drawn;
    const transfers = random.geometric(kind.transfers);
    const pauseMs = kind.pauseMs[0] === 0 ? 0 : random.logUniform(...kind.pauseMs);
    const peak = random.logUniform(...PEAK_BITS_PER_SECOND) / 8_000;
    this.#curve.set(random.logUniform(...RTT_MS), peak);
    for (const observer of observers) observer.opened({ drawn, curve: this.#curve, pauseMs });
    let at = startMs;
    let end = startMs;
    for (let n = 0; n < transfers && at < this.#horizonMs; n++) {
      const size = sizes.quantile(random.uniform());
      end = at + this.#curve.timeOf(size);
      for (const observer of observers) observer.transferred(at, end, size);
      at = end + random.exponential(pauseMs);
    }
    for (const observer of observers) observer.closed();
    return Math.min(end, this.#horizonMs);
  }
}
