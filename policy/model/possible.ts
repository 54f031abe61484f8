import type { Region } from './region.ts';
import type { FactValue } from './fact-value.ts';

/** The value of a fact is not known, although there may be one. */
export const UNKNOWN: unique symbol = Symbol('not known');

/** One part of the packets of a flow: all have this value, or one in this region. */
export type PossiblePart = FactValue | Region | typeof UNKNOWN;

/**
 * Values of a fact that differ among the packets of a flow, or that its match allows to differ.
 * Each part has at least one packet; undefined: packets without such a header.
 */
export class Possible {
  readonly parts: readonly PossiblePart[];

  constructor(parts: readonly PossiblePart[]) {
    this.parts = parts;
  }
}

/** A fact of a flow: a value, undefined for certainly none, or what is known about it. */
export type Known = FactValue | Possible | typeof UNKNOWN;
