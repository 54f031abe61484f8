import type { ConnectionTuple, TrackedConnection } from '../../../engine/model/connection.ts';
import { resizedU32 } from '../../../engine/model/columns.ts';
import type { FoundConnection } from '../../../engine/ports/connection-tracker.ts';
import { type ConnectionRecord, DST_WORD, PORTS_WORD, TUPLE_WORDS } from './connection-record.ts';
import { keyHash } from './key-hash.ts';

const MIN_ROWS = 1_024;
/** Words of a row: what zone, protocol and IP version are, then both tuples. */
const ROW_WORDS = 1 + 2 * TUPLE_WORDS;
const LABEL_WORDS = 4;
const ADDRESS_WORDS = 4;
/** Slots of the index for each row, which has two keys: at most half of them are in use. */
const SLOTS_PER_ROW = 4;

/**
 * Connections in columns, found by zone and the tuple of either direction: about 115 bytes for each
 * instead of a dozen objects. A row is valid until one is removed.
 */
export class ConnectionStore {
  #words = new Uint32Array(MIN_ROWS * ROW_WORDS);
  #labels = new Uint32Array(MIN_ROWS * LABEL_WORDS);
  #marks = new Uint32Array(MIN_ROWS);
  #established = new Uint8Array(MIN_ROWS);
  #count = 0;
  /** 0, or twice the row plus the direction, plus 1. Open addressing. */
  #slots = new Uint32Array(MIN_ROWS * SLOTS_PER_ROW);
  readonly #key = new Uint32Array(1 + TUPLE_WORDS);

  get count(): number {
    return this.#count;
  }

  /** @param expected connections that are about to be added: without growing for each doubling */
  clear(expected = 0): void {
    this.#count = 0;
    let rows = this.#marks.length;
    while (rows < expected) rows *= 2;
    if (rows > this.#marks.length) this.#resize(rows);
    else this.#slots.fill(0);
  }

  /**
   * Adds a connection, or replaces the one with the same zone and original tuple. Returns its row.
   */
  put(record: ConnectionRecord, isEstablished: boolean): number {
    const known = this.rowOf(record);
    const isSame = known >= 0 && this.#hasReply(known, record);
    if (known >= 0 && !isSame) this.removeRow(known);
    const row = isSame ? known : this.#append(record);
    this.#marks[row] = record.mark;
    this.#labels.set(record.labels, row * LABEL_WORDS);
    this.#established[row] = isEstablished ? 1 : 0;
    return row;
  }

  /** Row of the connection with this zone and original tuple, or -1. */
  rowOf(record: ConnectionRecord): number {
    const key = this.#key;
    key[0] = metaOf(record.zone, record.protocol, record.ipVersion);
    for (let i = 0; i < TUPLE_WORDS; i++) key[1 + i] = record.tuples[i];
    const slot = this.#slotOfKey(0);
    return slot < 0 ? -1 : (this.#slots[slot] - 1) >>> 1;
  }

  isEstablishedAt(row: number): boolean {
    return this.#established[row] === 1;
  }

  setEstablished(row: number): void {
    this.#established[row] = 1;
  }

  /** Removes the row; the last one takes its place. */
  removeRow(row: number): void {
    this.#unlink(row);
    const last = --this.#count;
    if (row === last) return;
    this.#unlink(last);
    this.#words.copyWithin(row * ROW_WORDS, last * ROW_WORDS, (last + 1) * ROW_WORDS);
    this.#labels.copyWithin(row * LABEL_WORDS, last * LABEL_WORDS, (last + 1) * LABEL_WORDS);
    this.#marks[row] = this.#marks[last];
    this.#established[row] = this.#established[last];
    this.#link(row);
  }

  /** The connection in `zone` with this tuple in one of its directions. */
  find(zone: number, tuple: ConnectionTuple): FoundConnection | undefined {
    const key = this.#key;
    key[0] = metaOf(zone, tuple.protocol, tuple.ipVersion);
    if (!readAddress(tuple.src, tuple.ipVersion, key, 1)) return undefined;
    if (!readAddress(tuple.dst, tuple.ipVersion, key, 1 + DST_WORD)) return undefined;
    key[1 + PORTS_WORD] = (tuple.srcPort << 16) | tuple.dstPort;
    const slot = this.#slotOfKey(undefined);
    if (slot < 0) return undefined;
    const link = this.#slots[slot] - 1;
    const direction = (link & 1) === 0 ? 'original' : 'reply';
    return { connection: this.#connectionAt(link >>> 1), direction };
  }

  #connectionAt(row: number): TrackedConnection {
    const labels = new Uint8Array(4 * LABEL_WORDS);
    const view = new DataView(labels.buffer);
    for (let i = 0; i < LABEL_WORDS; i++) {
      view.setUint32(4 * i, this.#labels[row * LABEL_WORDS + i]);
    }
    return {
      zone: this.#words[row * ROW_WORDS] >>> 16,
      original: this.#tupleAt(row, 0),
      reply: this.#tupleAt(row, 1),
      isEstablished: this.#established[row] === 1,
      mark: this.#marks[row],
      labels,
    };
  }

  #tupleAt(row: number, direction: 0 | 1): ConnectionTuple {
    const words = this.#words;
    const meta = words[row * ROW_WORDS];
    const at = row * ROW_WORDS + 1 + direction * TUPLE_WORDS;
    const ipVersion = (meta & 0xff) === 6 ? 6 : 4;
    const ports = words[at + PORTS_WORD];
    return {
      ipVersion,
      protocol: (meta >>> 8) & 0xff,
      src: addressOf(words, at, ipVersion),
      dst: addressOf(words, at + DST_WORD, ipVersion),
      srcPort: ports >>> 16,
      dstPort: ports & 0xffff,
    };
  }

  #hasReply(row: number, { tuples }: ConnectionRecord): boolean {
    const at = row * ROW_WORDS + 1;
    for (let i = TUPLE_WORDS; i < 2 * TUPLE_WORDS; i++) {
      if (this.#words[at + i] !== tuples[i]) return false;
    }
    return true;
  }

  #append(record: ConnectionRecord): number {
    if (this.#count === this.#marks.length) this.#resize(2 * this.#count);
    const row = this.#count++;
    const at = row * ROW_WORDS;
    this.#words[at] = metaOf(record.zone, record.protocol, record.ipVersion);
    this.#words.set(record.tuples, at + 1);
    this.#link(row);
    return row;
  }

  #resize(rows: number): void {
    this.#words = resizedU32(this.#words, rows * ROW_WORDS);
    this.#labels = resizedU32(this.#labels, rows * LABEL_WORDS);
    this.#marks = resizedU32(this.#marks, rows);
    const established = new Uint8Array(rows);
    established.set(this.#established);
    this.#established = established;
    this.#slots = new Uint32Array(rows * SLOTS_PER_ROW);
    for (let row = 0; row < this.#count; row++) this.#link(row);
  }

  /** Enters both keys of the row into the index. */
  #link(row: number): void {
    const mask = this.#slots.length - 1;
    for (let direction = 0; direction < 2; direction++) {
      let slot = this.#hashAt(row, direction) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = 2 * row + direction + 1;
    }
  }

  #unlink(row: number): void {
    const mask = this.#slots.length - 1;
    for (let direction = 0; direction < 2; direction++) {
      const link = 2 * row + direction + 1;
      let slot = this.#hashAt(row, direction) & mask;
      while (this.#slots[slot] !== link) slot = (slot + 1) & mask;
      this.#free(slot);
    }
  }

  /** Frees a slot and moves those behind it that a search would no longer reach. */
  #free(freed: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = freed;
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const link = slots[slot] - 1;
      const home = this.#hashAt(link >>> 1, link & 1) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot];
      hole = slot;
    }
    slots[hole] = 0;
  }

  /**
   * The slot that holds the key in `#key`; -1 if the key is not stored. Without a direction, that of the original
   * tuple is preferred: the two are the same for a connection of an address with itself.
   */
  #slotOfKey(wanted: 0 | 1 | undefined): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let reply = -1;
    for (let slot = keyHash(this.#key[0], this.#key, 1) & mask; ; slot = (slot + 1) & mask) {
      if (slots[slot] === 0) return reply;
      const link = slots[slot] - 1;
      const direction = link & 1;
      if (wanted !== undefined && direction !== wanted) continue;
      if (!this.#hasKey(link >>> 1, direction)) continue;
      if (direction === 0 || wanted === 1) return slot;
      reply = slot;
    }
  }

  #hasKey(row: number, direction: number): boolean {
    const words = this.#words;
    const key = this.#key;
    const at = row * ROW_WORDS;
    if (words[at] !== key[0]) return false;
    const from = at + 1 + direction * TUPLE_WORDS;
    for (let i = 0; i < TUPLE_WORDS; i++) if (words[from + i] !== key[1 + i]) return false;
    return true;
  }

  #hashAt(row: number, direction: number): number {
    const at = row * ROW_WORDS;
    return keyHash(this.#words[at], this.#words, at + 1 + direction * TUPLE_WORDS);
  }
}

/** Zone, protocol and IP version in a word. */
function metaOf(zone: number, protocol: number, ipVersion: 4 | 6): number {
  return ((zone << 16) | (protocol << 8) | ipVersion) >>> 0;
}

/** Reads 4 or 16 bytes into four words. */
function readAddress(bytes: Uint8Array, version: 4 | 6, out: Uint32Array, to: number): boolean {
  if (bytes.length !== (version === 4 ? 4 : 16)) return false;
  for (let i = 0; i < ADDRESS_WORDS; i++) {
    const at = 4 * i;
    out[to + i] =
      at < bytes.length
        ? (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
        : 0;
  }
  return true;
}

function addressOf(words: Uint32Array, at: number, version: 4 | 6): Uint8Array {
  const bytes = new Uint8Array(version === 4 ? 4 : 16);
  const view = new DataView(bytes.buffer);
  for (let i = 0; 4 * i < bytes.length; i++) view.setUint32(4 * i, words[at + i]);
  return bytes;
}
