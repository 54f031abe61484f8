/**
 * Converts moments of the host's clock to the guest's.
 *
 * A reply contains the guest's clock at some moment before the host received it. What is computed from
 * that is never later than the true moment, as long as the guest's clock runs.
 */
export class GuestClock {
  #guestMs = 0;
  #receivedAtMs = 0;

  /** @param receivedAtMs host's clock */
  sample(guestMs: number, receivedAtMs: number): void {
    this.#guestMs = guestMs;
    this.#receivedAtMs = receivedAtMs;
  }

  /** A moment of the host's clock on the guest's, ms, 0 or more. */
  toGuest(hostMs: number): number {
    return Math.max(0, Math.floor(this.#guestMs + hostMs - this.#receivedAtMs));
  }
}
