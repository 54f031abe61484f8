import type { ValueFormat } from './values.ts';

/** A value in the text of a key; keys of the same form differ only in these. */
export interface Slot {
  readonly from: number;
  readonly to: number;
  readonly kind: Exclude<ValueFormat, 'frag' | 'tcp-flags'> | 'port';
  /** Index into FIELDS; -1 for the port. */
  readonly field: number;
}

/** Positions of the values in the text of a key, recorded while it is parsed. */
export class KeyTrace {
  readonly slots: Slot[] = [];

  clear(): void {
    this.slots.length = 0;
  }

  note(kind: Slot['kind'], field: number, from: number, to: number): void {
    this.slots.push({ kind, field, from, to });
  }
}
