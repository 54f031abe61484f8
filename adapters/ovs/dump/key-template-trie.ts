import type { FlowMatch } from '../../../engine/model/match.ts';
import { FIELDS, type FieldPool, toWords } from './field-pool.ts';
import type { Slot } from './key-trace.ts';
import { sameBytes, StringPool } from './names.ts';
import { Literal } from './literal.ts';
import { readIpv4, readMac, readNumber } from './read-value.ts';
import { KeyTemplate, ShapedMatch, type KeyTemplateField } from './key-template.ts';
import { ValueReader } from './values.ts';

const OPEN = 0x28;
const CLOSE = 0x29;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;

/** What stands behind every key. It belongs to the last piece, so that no key's end begins another's. */
const BEHIND = Buffer.from(', packets:', 'latin1');

/** Values of a match fill no more than this; a key with more has no shape. */
const MAX_WORDS = 64;
/** Words of values kept together. Small, for one flow that lives on keeps the whole piece. */
const SLAB_WORDS = 512;
/** Nodes of the trie; beyond that it is cleared and learned again. */
const MAX_NODES = 4096;

/**
 * Learning a shape costs as much as reading some keys. It is paid for by keys that are read by
 * their shape, so that a host whose flows share no template does not keep learning for nothing.
 */
const LEARN_COST = 64;
const LEARN_BUDGET = 512 * LEARN_COST;
const LEARN_REFUND = 8;
const FOR_A_MISS = 1;

/** A piece of text and what stands behind it: a value, or nothing when it ends the key. */
interface Node {
  readonly piece: Literal;
  readonly kind: Slot['kind'] | 'end';
  /** Bytes of the value. */
  readonly width: number;
  /** 32-bit words of it. They are kept even if the mask, which follows, hides them. */
  readonly words: number;
  readonly next: Node[];
  readonly shape: KeyTemplate | undefined;
}

/**
 * Reads keys that are written like one that was read before, only with other values.
 *
 * The flows of a node have few *shapes*: which attributes, in which order, under which masks.
 * Each key that {@link KeyParser} has understood is cut at its values, and the pieces of text
 * between them are kept as a tree. A key whose pieces are all in the tree, with values of the
 * right kind between them, would take the same way through the parser, for what the parser does
 * depends on nothing else; so it need not be read again to know what it means. Any other key is
 * left to the parser.
 */
export class KeyTemplateTrie {
  readonly #pool: FieldPool;
  readonly #values = new ValueReader();
  readonly #strings = new StringPool();
  #roots: Node[] = [];
  #nodes = 0;
  #credit = LEARN_BUDGET;

  #slab = new Int32Array(SLAB_WORDS);
  #slabUsed = 0;
  #shape: KeyTemplate | undefined;
  #inPort = '';

  constructor(pool: FieldPool) {
    this.#pool = pool;
  }

  /**
   * Reads the key that begins at `from`, before `limit`, and returns where it ends, or -1 when
   * its shape is not known. {@link take} then makes a match of it.
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
      at += node.piece.length;
      if (node.kind === 'end') {
        this.#shape = node.shape;
        return at - BEHIND.length;
      }
      at = this.#value(node, bytes, view, at, slab, used);
      if (at < 0) return -1;
      used += node.words;
      nodes = node.next;
    }
  }

  /** The match of the key that was just read. */
  take(): FlowMatch | undefined {
    const shape = this.#shape;
    if (shape === undefined) return undefined;
    const match = new ShapedMatch(this.#inPort, shape, this.#slab, this.#slabUsed);
    this.#slabUsed += shape.words;
    if (this.#credit < LEARN_BUDGET) this.#credit += LEARN_REFUND;
    this.#shape = undefined;
    return match;
  }

  /**
   * Learns the shape of the key `[from, end)`, which was read as `match` with values at `holes`.
   * Keys with conditions outside the vocabulary are not learnt.
   */
  learn(bytes: Buffer, from: number, end: number, holes: readonly Slot[], match: FlowMatch): void {
    if (this.#credit < LEARN_COST) {
      this.#credit += FOR_A_MISS;
      return;
    }
    if (match.opaque.length > 0 || bytes.subarray(from, end).includes(BACKSLASH)) return;
    if (!sameBytes(BEHIND, bytes, end)) return;
    if (new Set(holes.map((hole) => hole.field)).size < holes.length) return;
    const shape = this.#shapeOf(holes, match);
    if (shape.words > MAX_WORDS) return;
    this.#credit -= LEARN_COST;
    if (this.#nodes + holes.length >= MAX_NODES) {
      this.#roots = [];
      this.#nodes = 0;
    }
    let nodes = this.#roots;
    let at = from;
    for (const hole of holes) {
      const text = bytes.subarray(at, hole.from);
      nodes = this.#grow(nodes, text, hole, undefined).next;
      at = hole.to;
    }
    const last = bytes.subarray(at, end + BEHIND.length);
    this.#grow(nodes, last, undefined, shape);
  }

  #grow(nodes: Node[], text: Buffer, hole: Slot | undefined, shape: KeyTemplate | undefined): Node {
    const known = nodes.find((node) => node.piece.text.equals(text));
    if (known !== undefined) return known;
    const field = hole === undefined ? undefined : FIELDS[hole.field];
    const node: Node = {
      piece: new Literal(text),
      kind: hole?.kind ?? 'end',
      width: field?.width ?? 0,
      words: field?.words ?? 0,
      next: [],
      shape,
    };
    nodes.push(node);
    this.#nodes++;
    return node;
  }

  #shapeOf(holes: readonly Slot[], match: FlowMatch): KeyTemplate {
    const places = new Map<string, number>();
    let words = 0;
    for (const { field } of holes) {
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

  /** Reads a port's name up to the parenthesis behind it; -1 when the parser must look at it. */
  #port(bytes: Buffer, from: number): number {
    let at = from;
    for (let byte = bytes[at]; byte !== CLOSE; byte = bytes[++at]) {
      if (byte === undefined || byte === OPEN || byte === SLASH || byte === BACKSLASH) return -1;
    }
    this.#inPort = this.#strings.take(bytes, from, at);
    return at;
  }
}

/** The node whose text stands at `at`. */
function find(nodes: readonly Node[], view: DataView, at: number, limit: number): Node | undefined {
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i];
    if (at + node.piece.length <= limit && node.piece.standsAt(view, at)) return node;
  }
  return undefined;
}
