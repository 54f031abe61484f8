/**
 * How much two runs may differ without a difference being reported, and why. Both runs send the
 * same packets, so most counts have to be equal. A difference is reported only when it appears in
 * every one of {@link ROUNDS} rounds, each of both runs: noise of the machine does not repeat.
 */

/** How often a difference must appear, by default. */
export const ROUNDS = 3;

/** A count may be between `factor` and 1 / `factor` of the other, and `slack` beyond. */
export interface Tolerance {
  readonly factor: number;
  readonly slack: number;
}

/** Packets that arrive: every packet counts. */
export const ARRIVALS: Tolerance = { factor: 1, slack: 0 };

/** Packets that are lost, late or forbidden: none more than without Norikae. */
export const NONE_MORE: Tolerance = { factor: 1, slack: 0 };

/**
 * A stream without gaps for 8 s: a heartbeat that is forced every 5 s can be late (docs/safety.md).
 */
export const LATE_HEARTBEATS: Tolerance = { factor: 1, slack: 2 };

/** Packets that arrive: not one less than without Norikae. */
export const NONE_LESS: Tolerance = { factor: 1, slack: 0 };

/** Packets of a stream during which rules are replaced: one packet may find no rule. */
export const FEW_LESS: Tolerance = { factor: 0.99, slack: 0 };

/**
 * Packets that arrive by a shaped port: its queue admits a burst, whose size varies.
 * Without the shaping, several times as many arrive.
 */
export const SHAPED_ARRIVALS: Tolerance = { factor: 0.6, slack: 30 };

/**
 * What a bridge reports or mirrors: a packet that the kernel sends by itself (IGMP, an
 * acknowledgement) can fall into either run.
 */
export const REPORTED: Tolerance = { factor: 0.95, slack: 5 };

/** The same for TCP, whose number of acknowledgements and segments depends on timing. */
export const REPORTED_OF_TCP: Tolerance = { factor: 0.5, slack: 20 };

/** Bytes that rules and entries counted: as above, and a packet that arrives during the reading. */
export const ACCOUNTED: Tolerance = { factor: 0.97, slack: 2_000 };

/** There are as many replies as requests that the shaped queue lets through. */
export const ACCOUNTED_BEHIND_SHAPING: Tolerance = { factor: 0.8, slack: 2_000 };

/** Without TSO a packet is about 1,500 bytes instead of tens of thousands. */
export const BYTES_PER_PACKET: Tolerance = { factor: 0.4, slack: 0 };

/** Throughput of 4 MB on a machine that others use as well. It may be higher. */
export const THROUGHPUT: Tolerance = { factor: 0.3, slack: 0 };

/**
 * CPU time of ovs-vswitchd: it spends about a twentieth on being read (`poll.sourceShare`), and the
 * smallest of a few measurements still varies by a tenth.
 */
export const VSWITCHD_CPU: Tolerance = { factor: 0.84, slack: 0 };

/** Whether the second number is too small, too large, or neither, compared with the first. */
export function deviation(
  without: number,
  withNorikae: number,
  { factor, slack }: Tolerance,
): 'fewer' | 'more' | undefined {
  if (withNorikae < without * factor - slack) return 'fewer';
  return withNorikae > without / factor + slack ? 'more' : undefined;
}
