/** What one flow sent, as reported by NetFlow, IPFIX or sFlow. */
export interface FlowRecord {
  /** Time of the first packet, ms: since 1970-01-01 UTC, or on a clock of the trace. */
  readonly startMs: number;
  /** From the first packet to the last, ms. */
  readonly durationMs: number;
  readonly bytes: number;
  readonly packets: number;
  /** IPv4 or IPv6 address, as in the file. */
  readonly src: string | undefined;
  readonly dst: string | undefined;
  /** IP protocol number. */
  readonly proto: number | undefined;
  readonly sport: number | undefined;
  readonly dport: number | undefined;
  readonly slice: string | undefined;
  /** Line in the file, from 1. */
  readonly line: number;
}
