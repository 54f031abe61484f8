import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { putHeader } from './header.ts';
import { OF10, type Version } from './version.ts';

/** Counters of one flow table. */
export interface TableStats {
  readonly tableId: number;
  /** 1.0 only, else empty. */
  readonly name: string;
  /** 1.0 only, else 0: supported wildcard bits, and the maximum number of entries. */
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

const NAME_LENGTH = 32;

/** 1.0: section 5.3.5; 1.3.5: section 7.3.5.4. */
export function putTableStats(w: Writer, reply: TableStatsReply, version: Version): void {
  for (const t of reply.tables) {
    w.u8(t.tableId);
    w.zeros(3);
    if (version === OF10) {
      w.text(t.name, NAME_LENGTH);
      w.u32(t.wildcards);
      w.u32(t.maxEntries);
    }
    w.u32(t.activeCount);
    w.u64(t.lookupCount);
    w.u64(t.matchedCount);
  }
}

export function getTableStats(r: Reader, version: Version): TableStatsReply {
  const tables: TableStats[] = [];
  while (r.at < r.end) {
    const tableId = r.u8();
    r.skip(3);
    tables.push({
      tableId,
      name: version === OF10 ? r.text(NAME_LENGTH) : '',
      wildcards: version === OF10 ? r.u32() : 0,
      maxEntries: version === OF10 ? r.u32() : 0,
      activeCount: r.u32(),
      lookupCount: r.u64(),
      matchedCount: r.u64(),
    });
  }
  return { kind: 'table', tables };
}

/** 1.3.5, section 7.3.3. */
export function putTableMod(w: Writer, m: TableMod, version: Version): void {
  putHeader(w, m.type, version, m.xid);
  w.u8(m.tableId);
  w.zeros(3);
  w.u32(m.config);
}

export function getTableMod(r: Reader, xid: number): TableMod {
  const tableId = r.u8();
  r.skip(3);
  return { type: 'table-mod', xid, tableId, config: r.u32() };
}
