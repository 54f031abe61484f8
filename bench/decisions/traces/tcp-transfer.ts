import { INITIAL_WINDOW, SEGMENT } from '../../../adapters/emulator/packets.ts';

/**
 * Progress of an unlimited transfer: TCP's slow start from the initial window, doubled each round
 * trip up to the sender's peak, then at the peak. In closed form, unlike the emulator, which steps.
 */
export class TransferCurve {
  #initial = 0;
  #peak = 0;
  #rttMs = 0;
  /** Where slow start ends: ms, and payload bytes sent by then. */
  #rampMs = 0;
  #rampBytes = 0;

  /** @param peak maximum rate of the sender, bytes/ms */
  set(rttMs: number, peak: number): void {
    this.#rttMs = rttMs;
    this.#peak = peak;
    this.#initial = Math.min(peak, (INITIAL_WINDOW * SEGMENT) / rttMs);
    this.#rampMs = rttMs * Math.log2(peak / this.#initial);
    this.#rampBytes = (rttMs / Math.LN2) * (peak - this.#initial);
  }

  /** Payload bytes sent `ms` after the start. */
  sentAt(ms: number): number {
    if (ms >= this.#rampMs) return this.#rampBytes + this.#peak * (ms - this.#rampMs);
    return ((this.#initial * this.#rttMs) / Math.LN2) * (2 ** (ms / this.#rttMs) - 1);
  }

  /** When `bytes` of payload have been sent, ms after the start: the inverse of `sentAt`. */
  timeOf(bytes: number): number {
    if (bytes >= this.#rampBytes) return this.#rampMs + (bytes - this.#rampBytes) / this.#peak;
    return this.#rttMs * Math.log2(1 + (bytes * Math.LN2) / (this.#initial * this.#rttMs));
  }
}
