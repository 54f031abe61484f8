/** Time constant of the smoothing of flows' rates, ms. */
export const SMOOTHING_MS = 1000;
/** Period of audits, which compare the installed entries with the recorded ones, ms. */
export const AUDIT_MS = 30_000;
