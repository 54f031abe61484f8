/** Removes the transmit rules when the lease ends, even if the agent cannot. */
export interface LeaseGuard {
  /** False: no rule may be in force. */
  readonly isRunning: boolean;
  /**
   * @param untilMs end of the lease, ms of CLOCK_BOOTTIME; undefined: no lease
   * @param devices that have transmit rules, or may have them soon
   */
  guard(untilMs: number | undefined, devices: Iterable<string>): void;
}
