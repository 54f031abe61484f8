import type { FieldMatch, FlowMatch, OpaqueMatch } from '../../../engine/model/match.ts';
import { FIELDS, type FieldPool } from './field-pool.ts';

const NONE: readonly OpaqueMatch[] = [];

/** A field of every match of a shape: the same in all of them, or with a value in each. */
export type KeyTemplateField =
  | { readonly constant: FieldMatch }
  | {
      /** Index into FIELDS. */
      readonly field: number;
      /** Where its words begin among those of the match. */
      readonly at: number;
      readonly mask: Int32Array;
    };

/** What keys that are written alike have in common: their fields and masks, without the values. */
export class KeyTemplate {
  /** 32-bit words that hold the values of one match. */
  readonly words: number;
  readonly #fields: readonly KeyTemplateField[];
  readonly #pool: FieldPool;
  readonly #value = new Int32Array(4);
  readonly #mask = new Int32Array(4);

  /** `fields` in catalogue order. */
  constructor(words: number, fields: readonly KeyTemplateField[], pool: FieldPool) {
    this.words = words;
    this.#fields = fields;
    this.#pool = pool;
  }

  /** The fields of the match whose values begin at `at`. */
  fields(words: Int32Array, at: number): readonly FieldMatch[] {
    const found: FieldMatch[] = [];
    for (const slot of this.#fields) {
      if ('constant' in slot) {
        found.push(slot.constant);
        continue;
      }
      for (let i = 0; i < FIELDS[slot.field].words; i++) this.#value[i] = words[at + slot.at + i];
      this.#mask.set(slot.mask);
      const match = this.#pool.masked(slot.field, this.#value, this.#mask);
      if (match !== undefined) found.push(match);
    }
    return found;
  }
}

/**
 * A match that is kept as its shape and the words of its values, a tenth of the objects it stands
 * for. The fields are created on first use, which most flows of a host never see.
 */
export class ShapedMatch implements FlowMatch {
  readonly inPort: string;
  readonly #shape: KeyTemplate;
  readonly #words: Int32Array;
  readonly #at: number;
  #fields: readonly FieldMatch[] | undefined;

  /** `words[at ..]` must not be written to any more. */
  constructor(inPort: string, shape: KeyTemplate, words: Int32Array, at: number) {
    this.inPort = inPort;
    this.#shape = shape;
    this.#words = words;
    this.#at = at;
  }

  get fields(): readonly FieldMatch[] {
    return (this.#fields ??= this.#shape.fields(this.#words, this.#at));
  }

  /** Keys with conditions outside the vocabulary have no shape. */
  get opaque(): readonly OpaqueMatch[] {
    return NONE;
  }
}
