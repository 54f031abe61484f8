import { FlowIndex } from '../../../engine/model/flow-index.ts';
import type { FlowId } from '../../../engine/model/flow-id.ts';
import { ENTRY } from './entry-value.ts';
import { TABLE_KEY } from './key-layout.ts';
import { u32At } from './records.ts';

const keyText = (key: Uint8Array) =>
  Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');

/**
 * User space's copy of what is installed: entries by stats slot, findable by flow id and by key.
 * The id of a slot outlives its entry, for the last reading of its counters.
 */
export class EntryTable {
  /** Four words a slot: the flow that it counts, or counted last. */
  readonly ids: Uint32Array;
  readonly #index: FlowIndex;
  /** Slots whose entries are gone, and whose counters have not been read for the last time. */
  readonly #gone: FlowIndex;
  readonly #byKey = new Map<string, number>();
  readonly #keys: Uint8Array;
  readonly #values: Uint8Array;

  constructor(slots: number) {
    this.ids = new Uint32Array(slots * 4);
    this.#index = new FlowIndex(this.ids);
    this.#gone = new FlowIndex(this.ids);
    this.#keys = new Uint8Array(slots * TABLE_KEY.bytes);
    this.#values = new Uint8Array(slots * ENTRY.bytes);
  }

  get count(): number {
    return this.#index.size;
  }

  /** Slot of a flow's entry, or -1. */
  find(id: FlowId): number {
    return this.#index.find(id.w0, id.w1, id.w2, id.w3);
  }

  /** Slot of the entry with that key, or -1. */
  findKey(key: Uint8Array): number {
    return this.#byKey.get(keyText(key)) ?? -1;
  }

  /** The entry's key and value; views, valid until the slot is used for another entry. */
  keyAt(slot: number): Uint8Array {
    return this.#keys.subarray(slot * TABLE_KEY.bytes, (slot + 1) * TABLE_KEY.bytes);
  }

  valueAt(slot: number): Uint8Array {
    return this.#values.subarray(slot * ENTRY.bytes, (slot + 1) * ENTRY.bytes);
  }

  /** Adds an entry whose id and key are not in the table; `value` carries its slot. */
  add(slot: number, id: FlowId, key: Uint8Array, value: Uint8Array): void {
    this.ids.set([id.w0, id.w1, id.w2, id.w3], slot * 4);
    this.#keys.set(key, slot * TABLE_KEY.bytes);
    this.#values.set(value, slot * ENTRY.bytes);
    this.#index.insert(slot);
    this.#byKey.set(keyText(key), slot);
  }

  replaceValue(slot: number, value: Uint8Array): void {
    this.#values.set(value, slot * ENTRY.bytes);
  }

  /** Slot that still counts for a flow whose entry was removed, or -1. */
  findGone(id: FlowId): number {
    return this.#gone.find(id.w0, id.w1, id.w2, id.w3);
  }

  /** Ends the time in which {@link findGone} finds a slot. */
  forgetGone(slot: number): void {
    this.#gone.remove(slot);
  }

  /** Removes an entry; its id and key stay readable. */
  remove(slot: number): void {
    this.#index.remove(slot);
    this.#gone.insert(slot);
    const text = keyText(this.keyAt(slot));
    if (this.#byKey.get(text) === slot) this.#byKey.delete(text);
  }

  idAt(slot: number): FlowId {
    const at = slot * 4;
    return { w0: this.ids[at], w1: this.ids[at + 1], w2: this.ids[at + 2], w3: this.ids[at + 3] };
  }

  maskIdAt(slot: number): number {
    return u32At(this.keyAt(slot), TABLE_KEY.maskId);
  }

  /** True when the entry takes packets from the port, or sends them there. */
  names(slot: number, portId: number): boolean {
    return (
      u32At(this.keyAt(slot), TABLE_KEY.inPort) === portId ||
      u32At(this.valueAt(slot), ENTRY.outPort) === portId
    );
  }

  /** Slots of all entries. */
  slots(): IterableIterator<number> {
    return this.#byKey.values();
  }
}
