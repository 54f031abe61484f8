import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import { sameActions } from '../../../engine/model/same-actions.ts';
import { sameMatch } from '../../../engine/model/same-match.ts';

import { ActionPool } from './action-pool.ts';
import { word } from './bytes.ts';
import { CounterReader, LOOK_AHEAD } from './counters.ts';
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

/** Bytes of an unreadable line to show. */
/** Smallest list of rows; it is replaced when it is so many times larger than the dump. */
const MIN_ROWS = 1024;
const OVERSIZE = 8;
const NO_TEXT = Buffer.alloc(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));
const SAMPLE_BYTES = 200;

/** Result of a reading. */
export interface DumpSummary {
  readonly flows: number;
  readonly skipped: number;
  /** Why the first skipped line was skipped, and its beginning. */
  readonly firstSkipped: string | undefined;
}

/**
 * Reads the output of `dpctl/dump-flows -m --names` (lib/dpctl.c, dpctl_dump_flows) into a flow
 * table, straight from the bytes of the JSON reply.
 *
 * **Known flows.** The key and actions of a new flow are parsed once. Later its row is found by its
 * ufid, and its key and actions are compared with the row's fingerprints: when they are equal, only
 * counters are read and nothing is allocated. The whole key is compared, because OVS may recreate a
 * flow with the same ufid but another mask (a ufid hashes the first packet's headers), and because
 * the key contains the port's name.
 *
 * **New flows.** A key with a known template is read by it (see {@link KeyTemplateTrie}): checked
 * in full, but stored as bare values until the fields of the match are used. Any other key, and a
 * changed key of a known flow, is parsed.
 *
 * **Several lines for one flow.** In a userspace datapath each PMD thread has its own flows, so one
 * ufid can be listed once per thread. Their counters are summed. When one thread's flow is deleted,
 * the sum falls; the remaining sum is the new base to count from. Packets since the last reading
 * may then be missed, but none is counted twice.
 *
 * **Lines that cannot be read** are skipped and counted. If only the counters are garbled, and key
 * and actions are unchanged, the flow stays with its last counters. Otherwise its actions are
 * unknown, so it is not observed and leaves the table like a deleted flow: it returns to the
 * vSwitch, which is correct but slower. If no line can be read, or the text is truncated, the whole
 * reading fails and no flow counts as deleted.
 *
 * Use: `beginDump`, `readLines` until it returns true, `finishDump`.
 */
export class DumpParser {
  readonly #fields = new FieldPool();
  readonly #keys = new KeyParser(this.#fields);
  readonly #templates = new KeyTemplateTrie(this.#fields);
  readonly #actions = new ActionPool(this.#keys);
  readonly #counters = new CounterReader();
  readonly #ufid = new Ufid();
  readonly #line: LineEnd = { end: 0, escaped: false };
  readonly #parts: LineParts = { start: 0, keyEnd: 0, actionsAt: 0, actionsEnd: 0, end: 0 };

  #table: FlowTable | undefined;
  readonly #memory = new RowMemory();
  #text: Buffer = NO_TEXT;
  #view: DataView = NO_VIEW;
  #at = 0;
  #reading = 0;
  /** Rows seen in this reading, in the order of the dump. */
  #rows = new Int32Array(0);
  #count = 0;
  #skipped = 0;
  #firstSkipped: string | undefined;

  /** Starts a reading of `escaped`, the inside of a JSON string, into `table`. */
  beginDump(table: FlowTable, escaped: Buffer): void {
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
  readLines(lines: number): boolean {
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
  finishDump(): DumpSummary {
    if (this.#count === 0 && this.#firstSkipped !== undefined) {
      throw new DumpUnreadable(this.#skipped, this.#firstSkipped);
    }
    const table = this.#table;
    if (table !== undefined) {
      for (let i = 0; i < this.#count; i++) this.#observe(table, this.#rows[i]);
    }
    this.#text = NO_TEXT;
    this.#view = NO_VIEW;
    this.#templates.release();
    return { flows: this.#count, skipped: this.#skipped, firstSkipped: this.#firstSkipped };
  }

  #observe(table: FlowTable, row: number): void {
    const memory = this.#memory;
    const { rawPackets, rawBytes } = table.traffic;
    const idleMs = memory.idleMs[row];
    // A part of the sum is unknown: the next reading continues from the last complete one.
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
   * The hot path: a line whose key and actions are unchanged, or of a new flow with a known
   * template. Returns where the next line begins, or -1 for any other line, without having written
   * anything.
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
   * A line with a new ufid, and a key with a known template. Returns as {@link #quickLine} does.
   */
  #newLine(table: FlowTable, at: number): number {
    const view = this.#view;
    const text = this.#text;
    const limit = text.length - LOOK_AHEAD;
    const id = this.#ufid;
    if (!id.read(text, view, at, limit)) return -1;
    const keyEnd = this.#templates.read(text, view, at + UFID_LENGTH, limit);
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
    const actions = this.#actions.parse(text, view, actionsAt, actionsEnd);
    if (actions === undefined) return -1;
    const match = this.#templates.takeMatch();
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
      return this.#skip('unreadable key', text, start, end);
    }
    const keyEnd = this.#keys.keyEnd;
    if (remember) {
      this.#templates.learn(text, start + UFID_LENGTH, keyEnd, this.#keys.trace.slots, match);
    }
    const actionsAt = this.#counters.read(text, view, keyEnd, end);
    if (actionsAt < 0 || actionsAt > end) {
      this.#keepCounters(table, id, text, view, start, keyEnd, end);
      return this.#skip('unreadable counters', text, start, end);
    }
    const actionsEnd = endOfActions(text, actionsAt, end);
    const actions = this.#actions.parse(text, view, actionsAt, actionsEnd);
    if (actions === undefined) {
      this.#missed(table.rowOf(id));
      return this.#skip('unreadable actions', text, start, end);
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

  /** Records the counters that were just read; sums them when this reading saw the row before. */
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

  /** Keeps a flow whose counters are garbled but whose key and actions are unchanged. */
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

  /** Sizes the buffers for `flows` flows; none of them is in use. */
  #reserve(table: FlowTable, flows: number): void {
    table.reserve(flows);
    this.#memory.begin(table);
    if (this.#rows.length > OVERSIZE * Math.max(MIN_ROWS, flows)) this.#rows = new Int32Array(0);
    if (this.#rows.length < flows) this.#growRows(flows);
  }

  #growRows(flows: number): void {
    const next = new Int32Array(Math.max(MIN_ROWS, flows, this.#rows.length * 2));
    next.set(this.#rows);
    this.#rows = next;
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** End of the actions that begin at `from`: before dp-extra-info, or the end of the line. */
function endOfActions(text: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (text[at] === COMMA && text[at + 1] === SPACE && sameBytes(EXTRA_INFO, text, at)) return at;
  }
  return end;
}
