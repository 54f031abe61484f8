import type { FlowMatch } from '../../../engine/model/match.ts';
import { FIELDS, type FieldPool, toWords } from './field-pool.ts';
import type { Slot } from './key-trace.ts';
import { sameBytes, StringPool } from './names.ts';
import { Literal } from './literal.ts';
import { readIpv4, readMac, readNumber } from './read-value.ts';
import { KeyTemplate, TemplateMatch, type KeyTemplateField } from './key-template.ts';
import { ValueReader } from './values.ts';

const OPEN = 0x28;
const CLOSE = 0x29;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;

/**
 * The text after every key. It is part of the last literal, so that the end of a key is never a
 * prefix of another's.
 */
const BEHIND = Buffer.from(', packets:', 'latin1');

/** Maximum words of a match's values; a key with more has no template. */
const MAX_WORDS = 64;
/** Words of values per slab. Small, because one live flow keeps its whole slab. */
const SLAB_WORDS = 512;
/** Maximum nodes of the trie; when full, it is cleared and learned again. */
const MAX_NODES = 4096;

/**
 * Learning a template costs as much as reading some keys. Keys that are read by template refund it,
 * so that a host whose flows share no template stops learning.
 */
const LEARN_COST = 64;
const LEARN_BUDGET = 512 * LEARN_COST;
const LEARN_REFUND = 8;
const MISS_REFUND = 1;

/** A literal and what follows it: a value, or the end of the key. */
interface Node {
  readonly literal: Literal;
  readonly kind: Slot['kind'] | 'end';
  /** Bytes of the value. */
  readonly width: number;
  /** 32-bit words of the value. They are kept even if the mask that follows clears them. */
  readonly words: number;
  readonly next: Node[];
  readonly template: KeyTemplate | undefined;
}

/**
 * Reads keys that differ from an earlier key only in their values.
 *
 * The flows of a node have few *templates*: attributes, their order and their masks. Each key that
 * {@link KeyParser} has parsed is split at its values, and the literals between them are stored in
 * a trie. The parser's result depends only on these literals and the values, so a key whose
 * literals are all in the trie, with values of the right kind between them, has the same fields and
 * masks and need not be parsed. Any other key is left to the parser.
 */
export class KeyTemplateTrie {
  readonly #pool: FieldPool;
  readonly #values = new ValueReader();
  readonly #strings = new StringPool();
  #roots: Node[] = [];
  #nodes = 0;
  #learnBudget = LEARN_BUDGET;

  #slab = new Int32Array(SLAB_WORDS);
  #slabUsed = 0;
  #template: KeyTemplate | undefined;
  #inPort = '';

  constructor(pool: FieldPool) {
    this.#pool = pool;
  }

  /**
   * Reads the key that begins at `from`, before `limit`, and returns where it ends, or -1 when its
   * template is unknown. {@link takeMatch} then returns its match.
   */
  read(bytes: Buffer, view: DataView, from: number, limit: number): number {
    if (this.#slabUsed + MAX_WORDS + 4 > SLAB_WORDS) {
      this.#slab = new Int32Array(SLAB_WORDS);
      this.#slabUsed = 0;
    }
    const slab = this.#slab;
    let used = this.#slabUsed;
    this.#inPort = '';
    let at = from;
    let nodes = this.#roots;
    for (;;) {
      const node = find(nodes, view, at, limit);
      if (node === undefined) return -1;
      at += node.literal.length;
      if (node.kind === 'end') {
        this.#template = node.template;
        return at - BEHIND.length;
      }
      at = this.#value(node, bytes, view, at, slab, used);
      if (at < 0) return -1;
      used += node.words;
      nodes = node.next;
    }
  }

  /** Drops the reference to the bytes that were read last. */
  release(): void {
    this.#values.release();
  }

  /** The match of the key that was last read. */
  takeMatch(): FlowMatch | undefined {
    const template = this.#template;
    if (template === undefined) return undefined;
    const match = new TemplateMatch(this.#inPort, template, this.#slab, this.#slabUsed);
    this.#slabUsed += template.words;
    if (this.#learnBudget < LEARN_BUDGET) this.#learnBudget += LEARN_REFUND;
    this.#template = undefined;
    return match;
  }

  /**
   * Learns the template of the key `[from, end)`, which was parsed as `match` with values at
   * `slots`. Keys with opaque conditions are not learned.
   */
  learn(bytes: Buffer, from: number, end: number, slots: readonly Slot[], match: FlowMatch): void {
    if (this.#learnBudget < LEARN_COST) {
      this.#learnBudget += MISS_REFUND;
      return;
    }
    if (match.opaque.length > 0 || bytes.subarray(from, end).includes(BACKSLASH)) return;
    if (!sameBytes(BEHIND, bytes, end)) return;
    if (new Set(slots.map((slot) => slot.field)).size < slots.length) return;
    const template = this.#templateOf(slots, match);
    if (template.words > MAX_WORDS) return;
    this.#learnBudget -= LEARN_COST;
    if (this.#nodes + slots.length >= MAX_NODES) {
      this.#roots = [];
      this.#nodes = 0;
    }
    let nodes = this.#roots;
    let at = from;
    for (const slot of slots) {
      const text = bytes.subarray(at, slot.from);
      nodes = this.#grow(nodes, text, slot, undefined).next;
      at = slot.to;
    }
    const last = bytes.subarray(at, end + BEHIND.length);
    this.#grow(nodes, last, undefined, template);
  }

  #grow(
    nodes: Node[],
    text: Buffer,
    slot: Slot | undefined,
    template: KeyTemplate | undefined,
  ): Node {
    const known = nodes.find((node) => node.literal.text.equals(text));
    if (known !== undefined) return known;
    const field = slot === undefined ? undefined : FIELDS[slot.field];
    const node: Node = {
      literal: new Literal(text),
      kind: slot?.kind ?? 'end',
      width: field?.width ?? 0,
      words: field?.words ?? 0,
      next: [],
      template,
    };
    nodes.push(node);
    this.#nodes++;
    return node;
  }

  #templateOf(slots: readonly Slot[], match: FlowMatch): KeyTemplate {
    const places = new Map<string, number>();
    let words = 0;
    for (const { field } of slots) {
      if (field < 0) continue;
      places.set(FIELDS[field].name, words);
      words += FIELDS[field].words;
    }
    const fields = match.fields.map((f): KeyTemplateField => {
      const at = places.get(f.field);
      if (at === undefined) return { constant: f };
      const mask = new Int32Array(4);
      toWords(f.mask, mask);
      return { field: FIELDS.findIndex(({ name }) => name === f.field), at, mask };
    });
    return new KeyTemplate(words, fields, this.#pool);
  }

  /** Reads a value into `out[to ..]`; returns where it ends, or -1. */
  #value(
    node: Node,
    bytes: Buffer,
    view: DataView,
    at: number,
    out: Int32Array,
    to: number,
  ): number {
    switch (node.kind) {
      case 'number':
        return readNumber(bytes, at, node.width, out, to);
      case 'mac':
        return at + 17 <= bytes.length ? readMac(bytes, view, at, out, to) : -1;
      case 'ipv4':
        return readIpv4(bytes, at, out, to);
      case 'ipv6':
        return this.#ipv6(bytes, at, out, to);
      case 'port':
        return this.#port(bytes, at);
      case 'end':
        break;
    }
    return -1;
  }

  #ipv6(bytes: Buffer, at: number, out: Int32Array, to: number): number {
    const values = this.#values;
    values.bytes = bytes;
    values.at = at;
    if (!values.ipv6()) return -1;
    out.set(values.words, to);
    return values.at;
  }

  /** Reads a port's name up to the closing parenthesis; -1 when the parser must read it. */
  #port(bytes: Buffer, from: number): number {
    let at = from;
    for (let byte = bytes[at]; byte !== CLOSE; byte = bytes[++at]) {
      if (byte === undefined || byte === OPEN || byte === SLASH || byte === BACKSLASH) return -1;
    }
    this.#inPort = this.#strings.decode(bytes, from, at);
    return at;
  }
}

/** The node whose literal is at `at`. */
function find(nodes: readonly Node[], view: DataView, at: number, limit: number): Node | undefined {
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i];
    if (at + node.literal.length <= limit && node.literal.standsAt(view, at)) return node;
  }
  return undefined;
}
