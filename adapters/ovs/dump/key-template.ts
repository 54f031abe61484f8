import type { FieldMatch, FlowMatch, OpaqueMatch } from '../../../engine/model/match.ts';
import { FIELDS, type FieldPool } from './field-pool.ts';

const NONE: readonly OpaqueMatch[] = [];

/** A field of a template: constant, or with a value per match. */
export type KeyTemplateField =
  | { readonly constant: FieldMatch }
  | {
      /** Index into FIELDS. */
      readonly field: number;
      /** Offset of its words in those of the match. */
      readonly at: number;
      readonly mask: Int32Array;
    };

/** What keys of the same form share: their fields and masks, without the values. */
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
 * A match stored as its template and the words of its values, with a tenth of the objects. The
 * fields are created on first use, which most flows of a host never need.
 */
export class TemplateMatch implements FlowMatch {
  readonly inPort: string;
  readonly #template: KeyTemplate;
  readonly #words: Int32Array;
  readonly #at: number;
  #fields: readonly FieldMatch[] | undefined;

  /** `words[at ..]` must not change afterwards. */
  constructor(inPort: string, template: KeyTemplate, words: Int32Array, at: number) {
    this.inPort = inPort;
    this.#template = template;
    this.#words = words;
    this.#at = at;
  }

  get fields(): readonly FieldMatch[] {
    return (this.#fields ??= this.#template.fields(this.#words, this.#at));
  }

  /** Keys with opaque conditions have no template. */
  get opaque(): readonly OpaqueMatch[] {
    return NONE;
  }
}
