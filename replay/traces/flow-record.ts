/** What one flow sent, as exporters of flow records (NetFlow, IPFIX, sFlow collectors) tell it. */
export interface FlowRecord {
  /** Its first packet, ms on the trace's own clock; ms since 1970-01-01 UTC where that is one. */
  readonly startMs: number;
  /** From its first packet to its last, ms. */
  readonly durationMs: number;
  readonly bytes: number;
  readonly packets: number;
  /** Addresses as written; IPv4 or IPv6. */
  readonly src: string | undefined;
  readonly dst: string | undefined;
  /** IP protocol number. */
  readonly proto: number | undefined;
  readonly sport: number | undefined;
  readonly dport: number | undefined;
  readonly slice: string | undefined;
  /** Where it stands in the file; counts from 1. */
  readonly line: number;
}
