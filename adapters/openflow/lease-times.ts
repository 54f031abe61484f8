/** Longest time after a rule's time-out until a switch removes the rule, ms: it checks once a second. */
const NOTICE_MS = 1000;
/** Shortest lease, ms: a time-out of a second, the switch's delay, and a second to renew it. */
export const MIN_LEASE_MS = 3000;

/**
 * How a lease is divided: a switch knows only time-outs from the arrival of a message, in whole
 * seconds. A renewal is sent only while the verification is young enough for the rules to be gone
 * at the end of the lease.
 */
export interface LeaseTimes {
  /** From the verification to the latest moment at which a rule is in force, ms. */
  readonly leaseMs: number;
  /** Time-out of a rule, s. */
  readonly hardSeconds: number;
  /** Latest time from the verification to a renewal, ms. */
  readonly renewWithinMs: number;
  /** From a verification until when rules that were renewed with it are in force at least, ms. */
  readonly verifyWithinMs: number;
  /** From a renewal to the latest moment at which a rule is in force, ms. */
  readonly inForceMs: number;
}

/** Divides a lease of `leaseMs`, which is raised to {@link MIN_LEASE_MS} if it is shorter. */
export function leaseTimes(leaseMs: number): LeaseTimes {
  const whole = Math.max(MIN_LEASE_MS, leaseMs);
  // About half of the lease for the rules, the rest for the next verification.
  const hardSeconds = Math.max(1, Math.floor((whole - NOTICE_MS) / 2000));
  const inForceMs = hardSeconds * 1000 + NOTICE_MS;
  return {
    leaseMs: whole,
    hardSeconds,
    renewWithinMs: whole - inForceMs,
    verifyWithinMs: whole - NOTICE_MS,
    inForceMs,
  };
}
