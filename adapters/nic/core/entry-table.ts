import { FlowIndex } from '../../../engine/model/flow-index.ts';
import type { FlowId } from '../../../engine/model/flow-id.ts';
import { type EntryParts, partsOf } from './entry-parts.ts';
import { ENTRY, VALUE_WORDS, wordsOf } from './entry-value.ts';
import { KeyIndex } from './key-index.ts';
import { TABLE_KEY } from './key-layout.ts';

/** Words of a key. */
export const KEY_WORDS = TABLE_KEY.bytes / 4;

const UFID = ENTRY.ufid / 4;
const OUT_PORT = ENTRY.outPort / 4;

/**
 * User-space copy of the installed entries by stats slot, with indices by flow id and by key. The
 * id of a slot outlives its entry until the last reading of its counters.
 */
export class EntryTable {
  /** Four words a slot: the flow that it counts, or counted last. */
  readonly ids: Uint32Array;
  readonly #byId: FlowIndex;
  readonly #byKey: KeyIndex;
  /** Slots of removed entries whose counters await their last reading. */
  readonly #gone: FlowIndex;
  readonly #keys: Uint32Array;
  /** Of each value, the words that it has; those behind them are of earlier entries. */
  readonly #values: Uint32Array;
  /** Ids of the ports that packets enter by, which keys do not have of packets that arrive in a tunnel. */
  readonly #inPorts: Uint32Array;
  /** Number of entries by the id of the port that their flows enter by. */
  readonly #byInPort = new Map<number, { entries: number }>();

  /** @param limit most entries at a time */
  constructor(slots: number, limit: number) {
    this.ids = new Uint32Array(slots * 4);
    this.#keys = new Uint32Array(slots * KEY_WORDS);
    this.#values = new Uint32Array(slots * VALUE_WORDS);
    this.#inPorts = new Uint32Array(slots);
    this.#byId = new FlowIndex(this.ids);
    this.#gone = new FlowIndex(this.ids);
    this.#byKey = new KeyIndex(this.#keys, KEY_WORDS, limit);
  }

  get count(): number {
    return this.#byId.size;
  }

  /** Slot of a flow's entry, or -1. */
  find(id: FlowId): number {
    return this.#byId.find(id.w0, id.w1, id.w2, id.w3);
  }

  /** Slot of the entry with that key, or -1. @param keyHash as in {@link add} */
  findKey(key: Uint32Array, keyHash?: number): number {
    return this.#byKey.find(key, keyHash);
  }

  /** True when the slot's entry is in the table, not only its last flow's id. */
  has(slot: number): boolean {
    return this.find(this.idAt(slot)) === slot;
  }

  /**
   * Adds an entry whose id and key are not in the table; `value` carries its slot.
   *
   * @param inPort id of the port that its packets enter by
   * @param keyHash hash of the key (`hashWords`), if it has been computed
   */
  add(
    slot: number,
    id: FlowId,
    key: Uint32Array,
    value: Uint32Array,
    inPort: number,
    keyHash?: number,
  ): void {
    const at = slot * 4;
    this.ids[at] = id.w0;
    this.ids[at + 1] = id.w1;
    this.ids[at + 2] = id.w2;
    this.ids[at + 3] = id.w3;
    copy(key, 0, this.#keys, slot * KEY_WORDS, KEY_WORDS);
    this.replaceValue(slot, value);
    this.#inPorts[slot] = inPort;
    this.#byId.insert(slot);
    this.#byKey.insert(slot, keyHash);
    this.#countInPort(slot, 1);
  }

  /** Number of entries of flows that enter by a port. */
  countOf(portId: number): number {
    return this.#byInPort.get(portId)?.entries ?? 0;
  }

  replaceValue(slot: number, value: Uint32Array): void {
    copy(value, 0, this.#values, slot * VALUE_WORDS, wordsOf(value, 0));
  }

  /** Removes an entry; its id and key stay readable. */
  remove(slot: number): void {
    this.#byId.remove(slot);
    this.#byKey.remove(slot);
    this.#gone.insert(slot);
    this.#countInPort(slot, -1);
  }

  /** Slot of a removed entry of the flow whose counters await their last reading, or -1. */
  findGone(id: FlowId): number {
    return this.#gone.size === 0 ? -1 : this.#gone.find(id.w0, id.w1, id.w2, id.w3);
  }

  /** Makes {@link findGone} no longer find the slot. */
  forgetGone(slot: number): void {
    this.#gone.remove(slot);
  }

  /** Whether the entry has this value, ignoring the times that the program updates. */
  isSame(slot: number, value: Uint32Array): boolean {
    return equal(this.#values, slot * VALUE_WORDS, value, UFID, wordsOf(value, 0));
  }

  copyKey(slot: number, into: Uint32Array, at: number): void {
    copy(this.#keys, slot * KEY_WORDS, into, at, KEY_WORDS);
  }

  idAt(slot: number): FlowId {
    const at = slot * 4;
    return { w0: this.ids[at], w1: this.ids[at + 1], w2: this.ids[at + 2], w3: this.ids[at + 3] };
  }

  /** The parts that the slot's entry shares with others. */
  partsAt(slot: number): EntryParts {
    return partsOf(this.#keys, slot * KEY_WORDS, this.#values, slot * VALUE_WORDS);
  }

  /** True when the port is the entry's input or output. */
  names(slot: number, portId: number): boolean {
    return this.#inPorts[slot] === portId || this.#values[slot * VALUE_WORDS + OUT_PORT] === portId;
  }

  #countInPort(slot: number, change: number): void {
    const port = this.#inPorts[slot];
    const count = this.#byInPort.get(port);
    if (count === undefined) {
      this.#byInPort.set(port, { entries: change });
      return;
    }
    count.entries += change;
    // Ids of ports are never reused.
    if (count.entries === 0) this.#byInPort.delete(port);
  }
}

function copy(
  from: Uint32Array,
  start: number,
  into: Uint32Array,
  at: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) into[at + i] = from[start + i];
}

function equal(
  words: Uint32Array,
  start: number,
  other: Uint32Array,
  from: number,
  to: number,
): boolean {
  for (let i = from; i < to; i++) {
    if (words[start + i] !== other[i]) return false;
  }
  return true;
}
