import type { FactState } from '../../engine/ports/rule-evaluator.ts';
import { Possible, UNKNOWN } from './possible.ts';
import { Region, unsigned } from './region.ts';
import { prefixLength } from './subnet.ts';

/** What is known about a fact, for people. */
export interface KnownText {
  readonly state: FactState;
  /** The value; of an open fact, a text such as `10.0.0.0/16`. */
  readonly value: unknown;
}

/** Describes what is known about a fact. */
export function describeKnown(known: unknown): KnownText {
  if (known === undefined) return { state: 'none', value: undefined };
  if (known === UNKNOWN) return { state: 'unknown', value: undefined };
  if (!(known instanceof Possible)) return { state: 'value', value: known };
  return { state: 'open', value: [...new Set(known.parts.map(partText))].join(' or ') };
}

function partText(part: unknown): string {
  if (part === undefined) return 'none';
  if (part === UNKNOWN) return 'one that is not known';
  if (!(part instanceof Region)) return typeof part === 'string' ? part : JSON.stringify(part);
  if (part.freeBits === 0) return String(part.lowest);
  return part.freeBits === part.form.bits ? 'any' : regionText(part);
}

/** `10.0.0.0/16`, or value and mask. */
function regionText({ form, value, mask }: Region): string {
  if (form.number === true) return `${hexadecimal(value)}/${hexadecimal(mask)}`;
  const length = form.address === true ? prefixLength(mask) : undefined;
  return `${form.format(value)}/${length ?? form.format(mask)}`;
}

function hexadecimal(bytes: Uint8Array): string {
  return `0x${unsigned(bytes).toString(16)}`;
}
