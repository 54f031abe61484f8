/** Time constant of the rates' smoothing, ms; as in the daemon (daemon/loop.ts). */
export const SMOOTHING_MS = 1000;
/** How often entries are audited, ms; as in the daemon (daemon/loop.ts). */
export const AUDIT_MS = 30_000;
/** One packet of an entry's flow passes to the vSwitch so often, ms. */
export const HEARTBEAT_MS = 1000;
