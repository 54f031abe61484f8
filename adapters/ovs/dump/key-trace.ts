import type { ValueFormat } from './values.ts';

/** A value that stands in the text of a key: what differs between keys that are written alike. */
export interface Slot {
  readonly from: number;
  readonly to: number;
  readonly kind: Exclude<ValueFormat, 'frag' | 'tcp-flags'> | 'port';
  /** Index into FIELDS; -1 for the port. */
  readonly field: number;
}

/** Where the values of a key stand in its text, noted while it is read. */
export class KeyTrace {
  readonly holes: Slot[] = [];

  clear(): void {
    this.holes.length = 0;
  }

  note(kind: Slot['kind'], field: number, from: number, to: number): void {
    this.holes.push({ kind, field, from, to });
  }
}
