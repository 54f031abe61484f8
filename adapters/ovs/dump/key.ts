import type { FieldMatch, FlowMatch, OpaqueMatch } from '../../../engine/model/match.ts';
import { type Attribute, ATTRIBUTE_TABLE, ETHER_TYPE_PART, type Part } from './attribute-table.ts';
import { QUIET_PREFIX } from './attributes.ts';
import { FIELDS, fieldIndex, type FieldPool, toWords } from './field-pool.ts';
import { KeyTrace } from './key-trace.ts';
import { sameBytes, StringPool } from './names.ts';
import { closingParenthesis, isWildcarded, nextComma } from './scan.ts';
import { ValueReader } from './values.ts';

const OPEN = 0x28;
const CLOSE = 0x29;
const COMMA = 0x2c;
const SLASH = 0x2f;
const ZERO = 0x30;
const EQUALS = 0x3d;
const SPACE = 0x20;
const QUIET = Buffer.from(QUIET_PREFIX, 'latin1');
const QUIET_VIEW = new DataView(QUIET.buffer, QUIET.byteOffset, QUIET.length);

const NONE: readonly OpaqueMatch[] = [];
const NO_FIELD = -1;

const VLAN_TPID = fieldIndex('vlan_tpid');
const CVLAN_TPID = fieldIndex('cvlan_tpid');
const ETH_TYPE = fieldIndex('eth_type');

/**
 * Reads the key of a datapath flow, as `odp_flow_format` (lib/odp-util.c) prints it in verbose
 * mode, into a {@link FlowMatch}. Used for each flow once, when it is first seen.
 *
 * Fields with a zero mask are left out. Attributes outside the match vocabulary are kept as text,
 * unless their whole mask is zero. A malformed key is rejected as a whole.
 */
export class KeyParser {
  readonly #values = new ValueReader();
  readonly #value = new Int32Array(4);
  readonly #mask = new Int32Array(4);
  readonly #pool: FieldPool;
  readonly #strings = new StringPool();
  readonly #fields = Array.from<FieldMatch | undefined>({ length: FIELDS.length });
  readonly #found: FieldMatch[] = [];
  #present = 0;
  #opaque: readonly OpaqueMatch[] = NONE;
  #inPort = '';
  #bytes: Buffer = Buffer.alloc(0);
  #end = 0;

  /** Where the key that `parse` read ends. */
  keyEnd = 0;
  /** Positions of its values. */
  readonly trace = new KeyTrace();

  constructor(pool: FieldPool) {
    this.#pool = pool;
  }

  /**
   * Reads the key that begins at `from`; it ends before a comma and a space, or at `end`. Undefined
   * when it is malformed.
   */
  parse(bytes: Buffer, view: DataView, from: number, end: number): FlowMatch | undefined {
    const quiet = end - from > QUIET.length && beginsQuiet(view, from);
    this.#reset(bytes, view, quiet ? from + QUIET.length : from, end);
    const whole = this.#attributes(0);
    this.keyEnd = this.#values.at;
    const fields = this.#collect();
    return whole && this.keyEnd <= end
      ? { inPort: this.#inPort, fields, opaque: this.#opaque }
      : undefined;
  }

  /**
   * Reads the argument of a `set` action: one attribute that fills `[from, end)`. Undefined when it
   * contains anything but fields.
   */
  parseSet(
    bytes: Buffer,
    view: DataView,
    from: number,
    end: number,
  ): readonly FieldMatch[] | undefined {
    this.#reset(bytes, view, from, end);
    const whole = this.#attributes(0) && this.#values.at === end;
    const fields = this.#collect();
    const onlyFields = this.#opaque.length === 0 && this.#inPort === '' && fields.length > 0;
    return whole && onlyFields ? fields : undefined;
  }

  #reset(bytes: Buffer, view: DataView, from: number, end: number): void {
    this.#bytes = bytes;
    this.#end = end;
    this.#values.bytes = bytes;
    this.#values.view = view;
    this.#values.at = from;
    this.#opaque = NONE;
    this.#inPort = '';
    this.trace.clear();
  }

  /** Attributes separated by commas, up to `)`, `, ` or the end. `level` counts VLAN tags outside. */
  #attributes(level: number): boolean {
    const values = this.#values;
    const { bytes } = values;
    for (;;) {
      const start = values.at;
      let at = start;
      while (bytes[at] !== OPEN) {
        if (at >= this.#end || bytes[at] === COMMA || bytes[at] === CLOSE) return false;
        at++;
      }
      const attribute = ATTRIBUTE_TABLE.find(bytes, start, at);
      values.at = at + 1;
      const good =
        attribute === undefined
          ? this.#keepText(start, at)
          : this.#attribute(attribute, level, start, at);
      if (!good || bytes[values.at] !== CLOSE || values.at >= this.#end) return false;
      values.at++;
      if (values.at >= this.#end || bytes[values.at] !== COMMA) return true;
      if (bytes[values.at + 1] === SPACE) return true;
      values.at++;
    }
  }

  #attribute(attribute: Attribute, level: number, start: number, open: number): boolean {
    switch (attribute.kind) {
      case 'in-port':
        return this.#port(start, open);
      case 'ethertype':
        return this.#etherType(start, open);
      case 'metadata':
        if (!sameBytes(attribute.usual, this.#bytes, open + 1)) return this.#keepText(start, open);
        this.#values.at += attribute.usual.length - 1;
        return true;
      case 'value':
        return this.#masked(attribute.part);
      case 'parts':
        return this.#parts(attribute.parts, start, open);
      case 'vlan':
        return this.#vlan(attribute, level, start, open);
      case 'encap':
        break;
    }
    // An empty encap() is a tag without conditions on its payload.
    return this.#bytes[this.#values.at] === CLOSE || this.#attributes(level + 1);
  }

  /** Named parts up to the closing parenthesis. */
  #parts(parts: readonly Part[], start: number, open: number): boolean {
    const values = this.#values;
    const { bytes } = values;
    let expected = 0;
    while (bytes[values.at] !== CLOSE) {
      const found = this.#findPart(parts, expected);
      if (found < 0) {
        if (!this.#keepPart(start, open)) return false;
      } else {
        values.at += parts[found].name.length;
        if (!this.#masked(parts[found])) return false;
        expected = found + 1;
      }
      if (bytes[values.at] === COMMA && bytes[values.at + 1] !== CLOSE) values.at++;
      else if (bytes[values.at] !== CLOSE) return false;
    }
    return true;
  }

  /**
   * Index of the part named at the current position; parts are in order, and some may be absent.
   */
  #findPart(parts: readonly Part[], expected: number): number {
    for (let i = 0; i < parts.length; i++) {
      const index = expected + i < parts.length ? expected + i : expected + i - parts.length;
      if (sameBytes(parts[index].name, this.#bytes, this.#values.at)) return index;
    }
    return -1;
  }

  /** `value` or `value/mask` of a field. */
  #masked(part: Part): boolean {
    const values = this.#values;
    const { width } = FIELDS[part.field];
    const mask = this.#mask;
    if (part.spec.format === 'tcp-flags') {
      if (!values.tcpFlags(mask)) return false;
      this.#put(part.field, this.#pool.masked(part.field, values.words, mask));
      return true;
    }
    const from = values.at;
    if (!this.#read(part, width)) return false;
    this.#note(part, from);
    if (values.bytes[values.at] !== SLASH) {
      this.#put(part.field, this.#pool.exact(part.field, values.words));
      return true;
    }
    const next = values.bytes[values.at + 2];
    if (values.bytes[values.at + 1] === ZERO && (next === COMMA || next === CLOSE)) {
      values.at += 2;
      this.#put(part.field, undefined);
      return true;
    }
    const value = this.#value;
    value.set(values.words);
    values.at++;
    if (!this.#read(part, width)) return false;
    mask.set(values.words);
    this.#put(part.field, this.#pool.masked(part.field, value, mask));
    return true;
  }

  /** Records a value that may differ between keys of the same form. */
  #note({ field, spec }: Part, from: number): void {
    const { format } = spec;
    if (field === ETH_TYPE || format === 'frag' || format === 'tcp-flags') return;
    this.trace.note(format, field, from, this.#values.at);
  }

  #read(part: Part, width: number): boolean {
    switch (part.spec.format) {
      case 'number':
        return this.#values.number(width);
      case 'mac':
        return this.#values.mac();
      case 'ipv4':
        return this.#values.ipv4();
      case 'ipv6':
        return this.#values.ipv6();
      case 'frag':
        return this.#values.fragment();
      case 'tcp-flags':
        break;
    }
    return false;
  }

  #put(field: number, match: FieldMatch | undefined): void {
    if (match !== undefined) this.#present++;
    if (this.#fields[field] !== undefined) this.#present--;
    this.#fields[field] = match;
  }

  #port(start: number, open: number): boolean {
    const values = this.#values;
    const close = closingParenthesis(this.#bytes, values.at, this.#end);
    if (close < 0) return false;
    const slash = this.#bytes.subarray(values.at, close).indexOf(SLASH);
    if (slash >= 0) return this.#keepText(start, open);
    this.#inPort = this.#strings.decode(this.#bytes, values.at, close);
    this.trace.note('port', NO_FIELD, values.at, close);
    values.at = close;
    return true;
  }

  /**
   * OVS matches frames without an ethertype (802.2) with `eth_type(0/0xffff)`. No two bytes on the
   * wire correspond to it, so it is kept as text.
   */
  #etherType(start: number, open: number): boolean {
    const at = this.#values.at;
    if (!this.#masked(ETHER_TYPE_PART)) return false;
    const match = this.#fields[ETH_TYPE];
    if (match === undefined || match.value[0] !== 0 || match.value[1] !== 0) return true;
    this.#put(ETH_TYPE, undefined);
    this.#values.at = at;
    return this.#keepText(start, open);
  }

  /** A tag: the ethertype before it is its TPID; that of the payload follows inside encap(). */
  #vlan(
    attribute: { readonly outer: readonly Part[]; readonly inner: readonly Part[] },
    level: number,
    start: number,
    open: number,
  ): boolean {
    const tpid = this.#fields[ETH_TYPE];
    const close = closingParenthesis(this.#bytes, this.#values.at, this.#end);
    if (close < 0) return false;
    const clearCfi = this.#bytes.subarray(this.#values.at, close).includes('cfi=');
    if (level > 1 || clearCfi || tpid === undefined) return this.#keepText(start, open);
    const field = level === 0 ? VLAN_TPID : CVLAN_TPID;
    toWords(tpid.value, this.#value);
    toWords(tpid.mask, this.#mask);
    this.#put(ETH_TYPE, undefined);
    this.#put(field, this.#pool.masked(field, this.#value, this.#mask));
    return this.#parts(level === 0 ? attribute.outer : attribute.inner, start, open);
  }

  /**
   * Keeps a whole attribute as text, unless it matches everything. `start` to `open` is its name.
   */
  #keepText(start: number, open: number): boolean {
    const close = closingParenthesis(this.#bytes, open + 1, this.#end);
    if (close < 0 || open === start) return false;
    this.#values.at = close;
    if (isWildcarded(this.#bytes, open + 1, close)) return true;
    const name = this.#bytes.toString('utf8', start, open);
    const text = this.#bytes.toString('utf8', open + 1, close);
    this.#opaque = [...this.#opaque, { name, text }];
    return true;
  }

  /** Keeps one part of an attribute as text, unless it matches everything. */
  #keepPart(start: number, open: number): boolean {
    const from = this.#values.at;
    const close = closingParenthesis(this.#bytes, from, this.#end);
    const end = nextComma(this.#bytes, from, close);
    if (close < 0 || end <= from) return false;
    this.#values.at = end;
    if (!this.#bytes.subarray(from, end).includes(EQUALS)) return false;
    if (isWildcarded(this.#bytes, from, end)) return true;
    const name = this.#bytes.toString('utf8', start, open);
    const text = this.#bytes.toString('utf8', from, end);
    this.#opaque = [...this.#opaque, { name, text }];
    return true;
  }

  /** The fields in catalogue order; clears the parser. */
  #collect(): readonly FieldMatch[] {
    const fields = this.#fields;
    const found = this.#found;
    let count = 0;
    for (let i = 0; this.#present > 0; i++) {
      const match = fields[i];
      if (match === undefined) continue;
      found[count++] = match;
      fields[i] = undefined;
      this.#present--;
    }
    // A copy has the exact length; a growing array has spare capacity.
    return found.slice(0, count);
  }
}

function beginsQuiet(view: DataView, from: number): boolean {
  const last = QUIET.length - 4;
  for (let i = 0; i < last; i += 4) {
    if (view.getInt32(from + i) !== QUIET_VIEW.getInt32(i)) return false;
  }
  return view.getInt32(from + last) === QUIET_VIEW.getInt32(last);
}
