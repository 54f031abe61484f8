/** Counters of one flow table. */
export interface TableStats {
  readonly tableId: number;
  /** 1.0 only, else empty. */
  readonly name: string;
  /** 1.0 only, else 0: wildcard bits the table can ignore, and how many entries it holds. */
  readonly wildcards: number;
  readonly maxEntries: number;
  readonly activeCount: number;
  readonly lookupCount: bigint;
  readonly matchedCount: bigint;
}

export interface TableStatsReply {
  readonly kind: 'table';
  readonly tables: readonly TableStats[];
}

/** 1.3: changes a table's configuration (deprecated there, no bits defined). */
export interface TableMod {
  readonly type: 'table-mod';
  readonly xid: number;
  readonly tableId: number;
  readonly config: number;
}
