import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import { sameActions } from '../../../engine/model/same-actions.ts';
import { sameMatch } from '../../../engine/model/same-match.ts';
import { ActionPool } from './action-pool.ts';
import { word } from './bytes.ts';
import { CounterReader, LOOK_AHEAD } from './counters.ts';
import { DumpTally } from './dump-tally.ts';
import { DumpTruncated, DumpUnreadable } from './errors.ts';
import { FieldPool } from './field-pool.ts';
import { KeyParser } from './key.ts';
import { KeyTemplateTrie } from './key-template-trie.ts';
import { LineMemory, type LineParts } from './line-memory.ts';
import { decodeEscapes, estimateLines, findLineEnd, type LineEnd } from './lines.ts';
import { sameBytes } from './names.ts';
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

const NO_TEXT = Buffer.alloc(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));
/** Bytes of an unreadable line to show. */
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
 * **Several lines for one flow** are summed, see {@link DumpTally}.
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
  readonly #memory = new LineMemory();
  readonly #tally = new DumpTally();
  #text: Buffer = NO_TEXT;
  #view: DataView = NO_VIEW;
  #at = 0;
  #skipped = 0;
  #firstSkipped: string | undefined;

  /** Starts a reading of `escaped`, the inside of a JSON string, into `table`. */
  beginDump(table: FlowTable, escaped: Buffer): void {
    this.#table = table;
    this.#text = escaped;
    this.#view = viewOf(escaped);
    this.#at = 0;
    this.#skipped = 0;
    this.#firstSkipped = undefined;
    const flows = estimateLines(escaped);
    table.reserve(flows);
    this.#memory.begin(table);
    this.#tally.begin(table, flows);
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
    const { count } = this.#tally;
    if (count === 0 && this.#firstSkipped !== undefined) {
      throw new DumpUnreadable(this.#skipped, this.#firstSkipped);
    }
    if (this.#table !== undefined) this.#tally.observeAll(this.#table);
    this.#text = NO_TEXT;
    this.#view = NO_VIEW;
    this.#templates.release();
    return { flows: count, skipped: this.#skipped, firstSkipped: this.#firstSkipped };
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
    this.#tally.add(row, this.#counters);
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
    this.#tally.startFlow(row);
    this.#tally.add(row, this.#counters);
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
      this.#markGarbled(table.rowOf(id));
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
      this.#markGarbled(table.rowOf(id));
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
    if (isNew) this.#tally.startFlow(row);
    this.#tally.add(row, this.#counters);
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
    this.#markGarbled(row);
    const memory = this.#memory;
    const found = text.subarray(keyEnd, end).indexOf(ACTIONS);
    if (row < 0 || found < 0) return;
    const actionsAt = keyEnd + found + ACTIONS.length;
    const actionsEnd = actionsAt + memory.actionsLength[row];
    if (actionsEnd + memory.tailLength[row] !== end) return;
    if (keyEnd - start !== memory.keyLength[row]) return;
    if (!memory.hasKey(row, view, start, keyEnd)) return;
    if (!memory.hasActions(row, view, actionsAt, actionsEnd)) return;
    this.#counters.clear();
    this.#tally.add(row, this.#counters);
  }

  /** @param row -1: the flow is not in the table */
  #markGarbled(row: number): void {
    if (row >= 0) this.#tally.markGarbled(row);
  }

  #skip(why: string, text: Buffer, start: number, end: number): void {
    this.#skipped++;
    this.#firstSkipped ??= `${why}: ${text.toString('utf8', start, Math.min(end, start + SAMPLE_BYTES))}`;
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
