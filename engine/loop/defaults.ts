/** Time constant of the smoothing of flows' rates, ms. */
export const SMOOTHING_MS = 1000;
/** How often what is installed is compared with what is believed, ms. */
export const AUDIT_MS = 30_000;
