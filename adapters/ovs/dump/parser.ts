import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';

import { ActionPool } from './action-pool.ts';
import { word } from './bytes.ts';
import { CounterReader, LOOK_AHEAD } from './counters.ts';
import { sameActions, sameMatch } from './equal.ts';
import { DumpTruncated, DumpUnreadable } from './errors.ts';
import { FieldPool } from './field-pool.ts';
import { KeyParser } from './key.ts';
import { decodeEscapes, estimateLines, findLineEnd, type LineEnd } from './lines.ts';
import { sameBytes } from './names.ts';
import { type LineParts, RowMemory } from './row-memory.ts';
import { KeyTemplateTrie } from './key-template-trie.ts';
import { spaceOrBackslash } from './scan.ts';
import { Ufid, UFID_LENGTH, ufidWord0, ufidWord1, ufidWord2, ufidWord3 } from './ufid.ts';

const COMMA = 0x2c;
const SPACE = 0x20;
const BACKSLASH = 0x5c;
const LETTER_N = 0x6e;
const DP_EXTRA = word(', dp');
const EXTRA_INFO = Buffer.from(', dp-extra-info:', 'latin1');
const ACTIONS = Buffer.from(', actions:', 'latin1');
const SEPARATOR = Buffer.from(', ', 'latin1');
const THREAD_TITLE = Buffer.from('flow-dump from ', 'latin1');

/** How much of a line that was not understood is shown. */
const SAMPLE_BYTES = 200;

/** What came of a reading. */
export interface DumpSummary {
  readonly flows: number;
  readonly skipped: number;
  /** Why the first line that was left out was, and how it begins. */
  readonly firstSkipped: string | undefined;
}

/**
 * Reads the output of `dpctl/dump-flows -m --names` (lib/dpctl.c, dpctl_dump_flows) into a flow
 * table, straight from the bytes of the JSON reply.
 *
 * **Known flows.** The first time a flow is seen its key and actions are
 * parsed. Later its row is found by its ufid, and the text of its key and of its actions is
 * compared with the row's fingerprints: when they are the same, only counters are read and
 * nothing is allocated. The whole key is compared, because OVS may recreate a flow with the
 * same ufid but another mask (a ufid hashes the first packet's headers), and because a port's
 * name stands in it.
 *
 * **New flows.** A key that is written like one before it, with other values, is read by its shape
 * (see {@link KeyTemplateTrie}): checked in full, but kept as bare values until the
 * fields of the match are used. Any other key, and a changed one of a flow that is known, is parsed.
 *
 * **Several lines for one flow.** A userspace datapath has each PMD thread keep flows of its own,
 * so that one ufid can be listed once a thread. Their counters are added up. When one thread's
 * flow goes, its counters go out of the sum, which falls: what is left is the new base to count
 * from. Packets that came in between may be missed then, but none is ever counted twice.
 *
 * **Lines that cannot be read** are left out and counted. If only the counters are garbled, and
 * key and actions are what they were, the flow stays with the counters it had. Otherwise it is
 * not known what the vSwitch does with it, so it is not observed and leaves the table like a flow
 * that is gone: it goes back to the vSwitch, which handles it rightly, at the cost of speed
 * alone. If no line can be read, or the text breaks off, the whole reading fails and no flow is
 * taken for gone.
 *
 * Use: `begin`, `step` until it returns true, `finish`.
 */
export class DumpParser {
  readonly #fields = new FieldPool();
  readonly #keys = new KeyParser(this.#fields);
  readonly #shapes = new KeyTemplateTrie(this.#fields);
  readonly #actions = new ActionPool(this.#keys);
  readonly #counters = new CounterReader();
  readonly #ufid = new Ufid();
  readonly #line: LineEnd = { end: 0, escaped: false };
  readonly #parts: LineParts = { start: 0, keyEnd: 0, actionsAt: 0, actionsEnd: 0, end: 0 };

  #table: FlowTable | undefined;
  readonly #memory = new RowMemory();
  #text: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  #reading = 0;
  /** Rows seen in this reading, in the order of the dump. */
  #rows = new Int32Array(0);
  #count = 0;
  #skipped = 0;
  #firstSkipped: string | undefined;

  /** Starts a reading of `escaped`, the inside of a JSON string, into `table`. */
  begin(table: FlowTable, escaped: Buffer): void {
    this.#table = table;
    this.#text = escaped;
    this.#view = viewOf(escaped);
    this.#at = 0;
    this.#reading++;
    this.#count = 0;
    this.#skipped = 0;
    this.#firstSkipped = undefined;
    this.#reserve(table, estimateLines(escaped));
  }

  /**
   * Reads up to `lines` lines; true when the dump is at its end.
   * @throws DumpTruncated
   */
  step(lines: number): boolean {
    const table = this.#table;
    if (table === undefined) return true;
    for (let i = 0; i < lines; i++) {
      if (this.#at >= this.#text.length) return true;
      const next = this.#quickLine(table, this.#at);
      this.#at = next < 0 ? this.#otherLine(table, this.#at) : next;
    }
    return this.#at >= this.#text.length;
  }

  /**
   * Observes the flows that were read, and returns a summary.
   * @throws DumpUnreadable
   */
  finish(): DumpSummary {
    if (this.#count === 0 && this.#firstSkipped !== undefined) {
      throw new DumpUnreadable(this.#skipped, this.#firstSkipped);
    }
    const table = this.#table;
    if (table !== undefined) {
      for (let i = 0; i < this.#count; i++) this.#observe(table, this.#rows[i]);
    }
    this.#text = Buffer.alloc(0);
    return { flows: this.#count, skipped: this.#skipped, firstSkipped: this.#firstSkipped };
  }

  #observe(table: FlowTable, row: number): void {
    const memory = this.#memory;
    const { rawPackets, rawBytes } = table.traffic;
    const idleMs = memory.idleMs[row];
    // A part of the sum is not known: the next reading catches up from the last whole one.
    if (memory.garbled[row] === this.#reading) {
      return table.observe(row, rawPackets[row], rawBytes[row], idleMs);
    }
    const packets = memory.packets[row];
    const bytes = memory.bytes[row];
    const lines = memory.lines[row];
    const several = lines > 1 || memory.linesObserved[row] > 1;
    memory.linesObserved[row] = lines;
    if (several && (packets < rawPackets[row] || bytes < rawBytes[row])) {
      table.rebase(row, packets, bytes, idleMs);
    } else {
      table.observe(row, packets, bytes, idleMs);
    }
  }

  /**
   * The hot path: a line whose key and actions are the same as the last time, or of a new flow.
   * Returns where the next line begins, or -1 when this is not such a line; then nothing has been
   * written.
   */
  #quickLine(table: FlowTable, at: number): number {
    const view = this.#view;
    const text = this.#text;
    const memory = this.#memory;
    const limit = text.length - LOOK_AHEAD;
    if (at + UFID_LENGTH > limit) return -1;
    const row = table.find(
      ufidWord0(view, at),
      ufidWord1(view, at),
      ufidWord2(view, at),
      ufidWord3(view, at),
    );
    if (row < 0) return this.#newLine(table, at);
    const keyEnd = at + memory.keyLength[row];
    if (keyEnd === at || keyEnd > limit) return -1;
    if (!memory.hasKey(row, view, at, keyEnd)) return -1;

    const actionsAt = this.#counters.read(text, view, keyEnd, limit);
    if (actionsAt < 0) return -1;
    const actionsEnd = actionsAt + memory.actionsLength[row];
    const lineEnd = actionsEnd + memory.tailLength[row];
    if (lineEnd + 2 > text.length) return -1;
    if (text[lineEnd] !== BACKSLASH || text[lineEnd + 1] !== LETTER_N) return -1;
    if (lineEnd > actionsEnd && view.getInt32(actionsEnd, true) !== DP_EXTRA) return -1;
    if (!memory.hasActions(row, view, actionsAt, actionsEnd)) return -1;
    this.#tally(row);
    return lineEnd + 2;
  }

  /**
   * A line with a ufid that is not in the table, with a key of a known shape. Returns as
   * {@link #quickLine} does.
   */
  #newLine(table: FlowTable, at: number): number {
    const view = this.#view;
    const text = this.#text;
    const limit = text.length - LOOK_AHEAD;
    const id = this.#ufid;
    if (!id.read(text, view, at, limit)) return -1;
    const keyEnd = this.#shapes.read(text, view, at + UFID_LENGTH, limit);
    if (keyEnd < 0) return -1;
    const actionsAt = this.#counters.read(text, view, keyEnd, limit);
    if (actionsAt < 0) return -1;
    let actionsEnd = -1;
    let end = actionsAt;
    for (;;) {
      end = spaceOrBackslash(view, end, limit);
      if (end < 0) return -1;
      if (text[end] === BACKSLASH) break;
      if (actionsEnd < 0 && sameBytes(EXTRA_INFO, text, end - 1)) actionsEnd = end - 1;
      end++;
    }
    if (text[end + 1] !== LETTER_N) return -1;
    if (actionsEnd < 0) actionsEnd = end;
    const actions = this.#actions.take(text, view, actionsAt, actionsEnd);
    if (actions === undefined) return -1;
    const match = this.#shapes.take();
    if (match === undefined) return -1;
    const row = table.add(id, match, actions);
    this.#remember(row, view, at, keyEnd, actionsAt, actionsEnd, end, true);
    this.#memory.linesObserved[row] = 0;
    this.#tally(row);
    return end + 2;
  }

  /** Any other line. Returns where the next one begins. */
  #otherLine(table: FlowTable, at: number): number {
    const line = this.#line;
    if (!findLineEnd(this.#text, at, line)) {
      throw new DumpTruncated(at, this.#text.toString('latin1', at, at + SAMPLE_BYTES));
    }
    const next = line.end + 2;
    if (!line.escaped && line.end + LOOK_AHEAD <= this.#text.length) {
      this.#readLine(table, this.#text, this.#view, at, line.end, true);
      return next;
    }
    // Rare: the last line of a dump, or one with escapes in it, is read from a copy.
    const raw = this.#text.subarray(at, line.end);
    const decoded = line.escaped ? decodeEscapes(raw) : raw;
    if (decoded === undefined) {
      this.#skip('bad escapes', raw, 0, raw.length);
    } else {
      const copy = Buffer.concat([decoded, Buffer.alloc(LOOK_AHEAD)]);
      this.#readLine(table, copy, viewOf(copy), 0, decoded.length, !line.escaped);
    }
    return next;
  }

  /** Reads the line `[start, end)`; remembers it for the hot path when `remember` is set. */
  #readLine(
    table: FlowTable,
    text: Buffer,
    view: DataView,
    start: number,
    end: number,
    remember: boolean,
  ): void {
    if (end === start || sameBytes(THREAD_TITLE, text, start)) return;
    const id = this.#ufid;
    if (!id.read(text, view, start, end)) return this.#skip('no ufid', text, start, end);
    const keyAt = start + UFID_LENGTH + SEPARATOR.length;
    const match = sameBytes(SEPARATOR, text, start + UFID_LENGTH)
      ? this.#keys.parse(text, view, keyAt, end)
      : undefined;
    if (match === undefined) {
      this.#missed(table.rowOf(id));
      return this.#skip('key not understood', text, start, end);
    }
    const keyEnd = this.#keys.keyEnd;
    if (remember) {
      this.#shapes.learn(text, start + UFID_LENGTH, keyEnd, this.#keys.trace.holes, match);
    }
    const actionsAt = this.#counters.read(text, view, keyEnd, end);
    if (actionsAt < 0 || actionsAt > end) {
      this.#keepCounters(table, id, text, view, start, keyEnd, end);
      return this.#skip('counters not understood', text, start, end);
    }
    const actionsEnd = endOfActions(text, actionsAt, end);
    const actions = this.#actions.take(text, view, actionsAt, actionsEnd);
    if (actions === undefined) {
      this.#missed(table.rowOf(id));
      return this.#skip('actions not understood', text, start, end);
    }

    let row = table.rowOf(id);
    const isNew = row < 0;
    if (isNew) {
      row = table.add(id, match, actions);
    } else {
      if (!sameMatch(table.matchAt(row), match)) table.setMatch(row, match);
      if (!sameActions(table.actionsAt(row), actions)) table.setActions(row, actions);
    }
    this.#remember(row, view, start, keyEnd, actionsAt, actionsEnd, end, remember);
    if (isNew) this.#memory.linesObserved[row] = 0;
    this.#tally(row);
  }

  #remember(
    row: number,
    view: DataView,
    start: number,
    keyEnd: number,
    actionsAt: number,
    actionsEnd: number,
    end: number,
    known: boolean,
  ): void {
    const parts = this.#parts;
    parts.start = start;
    parts.keyEnd = keyEnd;
    parts.actionsAt = actionsAt;
    parts.actionsEnd = actionsEnd;
    parts.end = end;
    this.#memory.remember(row, view, parts, this.#actions.fingerprint, known);
  }

  /** Notes the counters that were just read; adds them up when the row was seen before. */
  #tally(row: number): void {
    const memory = this.#memory;
    const { packets, bytes, idleMs } = this.#counters;
    if (memory.seen[row] === this.#reading) {
      memory.lines[row]++;
      memory.packets[row] += packets;
      memory.bytes[row] += bytes;
      const before = memory.idleMs[row];
      if (idleMs >= 0 && (before < 0 || idleMs < before)) memory.idleMs[row] = idleMs;
      return;
    }
    memory.seen[row] = this.#reading;
    memory.lines[row] = 1;
    memory.packets[row] = packets;
    memory.bytes[row] = bytes;
    memory.idleMs[row] = idleMs;
    if (this.#count === this.#rows.length) this.#growRows(this.#count + 1);
    this.#rows[this.#count++] = row;
  }

  /** Marks a line of the row as unreadable, so that the sum of its other lines is not used. */
  #missed(row: number): void {
    const { garbled } = this.#memory;
    if (row >= 0) garbled[row] = this.#reading;
  }

  /** A flow whose counters are garbled, but whose key and actions are what they were, stays. */
  #keepCounters(
    table: FlowTable,
    id: FlowId,
    text: Buffer,
    view: DataView,
    start: number,
    keyEnd: number,
    end: number,
  ): void {
    const row = table.rowOf(id);
    this.#missed(row);
    const memory = this.#memory;
    const found = text.subarray(keyEnd, end).indexOf(ACTIONS);
    if (row < 0 || found < 0) return;
    const actionsAt = keyEnd + found + ACTIONS.length;
    const actionsEnd = actionsAt + memory.actionsLength[row];
    if (actionsEnd + memory.tailLength[row] !== end) return;
    if (keyEnd - start !== memory.keyLength[row]) return;
    if (!memory.hasKey(row, view, start, keyEnd)) return;
    if (!memory.hasActions(row, view, actionsAt, actionsEnd)) return;
    this.#counters.packets = 0;
    this.#counters.bytes = 0;
    this.#counters.idleMs = -1;
    this.#tally(row);
  }

  #skip(why: string, text: Buffer, start: number, end: number): void {
    this.#skipped++;
    this.#firstSkipped ??= `${why}: ${text.toString('utf8', start, Math.min(end, start + SAMPLE_BYTES))}`;
  }

  /** Grows the buffers to `flows` flows. */
  #reserve(table: FlowTable, flows: number): void {
    table.reserve(flows);
    this.#memory.begin(table);
    if (this.#rows.length < flows) this.#growRows(flows);
  }

  #growRows(flows: number): void {
    const next = new Int32Array(Math.max(1024, flows, this.#rows.length * 2));
    next.set(this.#rows);
    this.#rows = next;
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Where the actions that begin at `from` end: before dp-extra-info, or with the line. */
function endOfActions(text: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (text[at] === COMMA && text[at + 1] === SPACE && sameBytes(EXTRA_INFO, text, at)) return at;
  }
  return end;
}
