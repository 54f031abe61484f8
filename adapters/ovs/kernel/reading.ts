import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import { sameActions } from '../../../engine/model/same-actions.ts';
import { sameMatch } from '../../../engine/model/same-match.ts';
import type { DumpReader } from '../../../protocols/netlink/exchange.ts';
import { ChangeKind, type FlowChanges } from './flow-changes.ts';
import { FlowRecord, ufidBytes } from './flow-record.ts';
import { FlowTally } from './flow-tally.ts';
import type { FlowTranslator } from './flow-translator.ts';

/** Counts of a reading. */
export interface ReadingSummary {
  readonly flows: number;
  readonly skipped: number;
  readonly firstSkipped: string | undefined;
}

/**
 * One reading of the datapath's flows into a flow table. Key, mask and actions of a known flow do
 * not change without a notification, so a dump without them is enough for its counters; the flows
 * that are new, changed or missed are asked for one by one.
 *
 * Use: `start`, the dump writes into it (it is its reader), then `toAsk`, `answered` or `gone` for each
 * of these, and `finish`. A partial reading goes without the dump and `toAsk`.
 */
export class Reading implements DumpReader {
  readonly #translator: FlowTranslator;
  readonly #record = new FlowRecord();
  #table: FlowTable | undefined;
  #isFull = false;
  #nowMs = 0;
  readonly #tally = new FlowTally();
  readonly #unknown: FlowId[] = [];
  #skipped = 0;
  #firstSkipped: string | undefined;

  constructor(translator: FlowTranslator) {
    this.#translator = translator;
  }

  /**
   * Starts a reading into `table`.
   *
   * @param isFull the dump has keys, masks and actions
   * @param nowMs time of CLOCK_MONOTONIC
   */
  start(table: FlowTable, isFull: boolean, nowMs: number): void {
    this.#table = table;
    this.#isFull = isFull;
    this.#nowMs = nowMs;
    this.#skipped = 0;
    this.#firstSkipped = undefined;
    this.begin();
  }

  /** A dump begins, perhaps again. */
  begin(): void {
    if (this.#table !== undefined) this.#tally.begin(this.#table);
    this.#unknown.length = 0;
  }

  /** A flow of the dump. */
  message(datagram: Buffer, from: number, to: number): void {
    const table = this.#table;
    const record = this.#record;
    if (table === undefined) return;
    if (!record.read(datagram, from, to)) return this.#skip('malformed message');
    if (!record.hasUfid) return this.#skip('no ufid');
    if (this.#isFull) return this.#translate(table, 0);
    const row = table.find(record.w0, record.w1, record.w2, record.w3);
    if (row >= 0) this.#count(row);
    else this.#unknown.push({ w0: record.w0, w1: record.w1, w2: record.w2, w3: record.w3 });
  }

  /**
   * The flows to ask for: those of the dump that are new, those that changed, and known ones that the
   * dump does not have although their deletion was not reported. (A dump can miss a flow when the
   * kernel rebuilds its table meanwhile; ovs_flow_cmd_dump in net/openvswitch/datapath.c.)
   */
  toAsk(changes: FlowChanges): FlowId[] {
    const table = this.#table;
    if (table === undefined) return [];
    const ask = new Map<string, FlowId>();
    for (const id of this.#unknown) ask.set(keyOf(id), id);
    const deleted = new Set<number>();
    for (let i = 0; i < changes.count; i++) {
      const id = changes.idAt(i);
      const row = table.rowOf(id);
      if (changes.kindAt(i) === ChangeKind.put) {
        ask.set(keyOf(id), id);
        deleted.delete(row);
      } else if (row >= 0) {
        deleted.add(row);
      }
    }
    // The dump may have been faster than the deletion.
    for (const row of deleted) this.#tally.remove(row);
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (this.#tally.has(row) || deleted.has(row)) continue;
      const id = table.idAt(row);
      if (table.rowOf(id) === row) ask.set(keyOf(id), id);
    }
    return [...ask.values()];
  }

  /** True if the flow is part of the reading so far. */
  has(id: FlowId): boolean {
    const row = this.#table?.rowOf(id) ?? -1;
    return row >= 0 && this.#tally.has(row);
  }

  /** Known flows of the reading so far. */
  get size(): number {
    return this.#tally.size;
  }

  /** The answer for one flow. @param ageMs time since it was made, ms; 0 if unknown */
  answered(payload: Buffer, ageMs = 0): void {
    const table = this.#table;
    const record = this.#record;
    if (table === undefined) return;
    if (!record.read(payload, 0, payload.length)) return this.#skip('malformed message');
    if (!record.hasUfid) return this.#skip('no ufid');
    this.#translate(table, ageMs);
  }

  /** The flow has left the datapath since the dump. */
  gone(id: FlowId): void {
    this.#tally.remove(this.#table?.rowOf(id) ?? -1);
  }

  /** Observes the flows of the reading. */
  finish(): ReadingSummary {
    const flows = this.#table === undefined ? 0 : this.#tally.observeAll(this.#table);
    this.#table = undefined;
    return { flows, skipped: this.#skipped, firstSkipped: this.#firstSkipped };
  }

  /** Adds the record's flow, or replaces what changed of it. */
  #translate(table: FlowTable, ageMs: number): void {
    const record = this.#record;
    const flow = this.#translator.translate(record);
    let row = table.rowOf(record);
    if (flow === undefined) {
      // Its actions are unknown, so it is not observed and returns to the vSwitch.
      this.#tally.remove(row);
      return this.#skip('unreadable key or actions', record.key);
    }
    if (row < 0) {
      row = table.add(
        { w0: record.w0, w1: record.w1, w2: record.w2, w3: record.w3 },
        flow.match,
        flow.actions,
        ageMs,
      );
    } else {
      if (!sameMatch(table.matchAt(row), flow.match)) table.setMatch(row, flow.match);
      if (!sameActions(table.actionsAt(row), flow.actions)) table.setActions(row, flow.actions);
    }
    this.#count(row);
  }

  /** Sets the counters of the row to those of the record. */
  #count(row: number): void {
    const { packets, bytes, usedMs } = this.#record;
    const idleMs = usedMs === 0 ? -1 : Math.max(0, this.#nowMs - usedMs);
    this.#tally.set(row, packets, bytes, idleMs);
  }

  #skip(why: string, bytes?: Buffer): void {
    this.#skipped++;
    this.#firstSkipped ??= bytes === undefined ? why : `${why}: ${bytes.toString('hex')}`;
  }
}

/** A ufid as a key of a map. */
function keyOf(id: FlowId): string {
  return ufidBytes(id).toString('latin1');
}
