import type { FieldMatch, FlowMatch, OpaqueMatch } from '../../../engine/model/match.ts';
import { FIELDS, fieldIndex, type FieldPool } from '../dump/field-pool.ts';
import { AttributeIndex } from './attribute-index.ts';
import { KEY, keyName, type KeyStruct, STRUCTS } from './key-table.ts';
import { keyText } from './key-text.ts';
import { isOnes, isZero } from './masked-text.ts';

/** Attributes above this number make a key unreadable. */
const MAX_ATTRIBUTE = 63;
/** The frame, and the payloads of two VLAN tags. */
const LEVELS = 3;
const CFI = 0x1000;

const VLAN = {
  tpid: fieldIndex('vlan_tpid'),
  vid: fieldIndex('vlan_vid'),
  pcp: fieldIndex('vlan_pcp'),
};
const CVLAN = {
  tpid: fieldIndex('cvlan_tpid'),
  vid: fieldIndex('cvlan_vid'),
  pcp: fieldIndex('cvlan_pcp'),
};
const ETH_TYPE = fieldIndex('eth_type');
const NONE: readonly OpaqueMatch[] = [];

/** Names of the datapath's ports by number. */
export type PortName = (port: number) => string;

/** The attributes of a key and of its mask, at one level of encapsulation. */
interface Level {
  readonly key: AttributeIndex;
  readonly mask: AttributeIndex;
}

/**
 * Reads keys and masks of the kernel datapath (`OVS_KEY_ATTR_*`; ovs_nla_put_key in
 * net/openvswitch/flow_netlink.c) into the same {@link FlowMatch} as the text of the same flow
 * gives, see `adapters/ovs/dump/key.ts`.
 */
export class KeyReader {
  readonly #pool: FieldPool;
  readonly #levels: readonly Level[] = Array.from({ length: LEVELS }, () => ({
    key: new AttributeIndex(MAX_ATTRIBUTE),
    mask: new AttributeIndex(MAX_ATTRIBUTE),
  }));
  readonly #fields = Array.from<FieldMatch | undefined>({ length: FIELDS.length });
  readonly #value = new Int32Array(4);
  readonly #bits = new Int32Array(4);
  #opaque: readonly OpaqueMatch[] = NONE;
  #inPort = '';
  #portName: PortName = String;

  constructor(pool: FieldPool) {
    this.#pool = pool;
  }

  /**
   * The match of a flow; undefined when the key is malformed.
   *
   * @param mask undefined: the flow matches its key exactly
   */
  read(key: Buffer, mask: Buffer | undefined, portName: PortName): FlowMatch | undefined {
    this.#opaque = NONE;
    this.#inPort = '';
    this.#portName = portName;
    const isWhole = this.#level(0, key, 0, key.length, mask, 0, mask?.length ?? 0);
    const fields = this.#collect();
    return isWhole ? { inPort: this.#inPort, fields, opaque: this.#opaque } : undefined;
  }

  /**
   * The fields of one attribute, for a `set` action; undefined when it has others than those of the
   * vocabulary, or none.
   *
   * @param mask undefined: all bits are set
   */
  fieldsOf(
    type: number,
    value: Buffer,
    mask: Buffer | undefined,
  ): readonly FieldMatch[] | undefined {
    const struct = STRUCTS[type];
    if (struct === undefined || value.length !== struct.bytes) return undefined;
    this.#struct(struct, value, 0, mask, 0);
    const fields = this.#collect();
    return fields.length === 0 ? undefined : fields;
  }

  /** The attributes of a level; false when they are malformed. */
  #level(
    level: number,
    key: Buffer,
    from: number,
    to: number,
    mask: Buffer | undefined,
    maskFrom: number,
    maskTo: number,
  ): boolean {
    if (level >= LEVELS) return false;
    const { key: keys, mask: masks } = this.#levels[level];
    if (!keys.read(key, from, to) || keys.hasUnknown) return false;
    masks.clear();
    if (mask !== undefined && !masks.read(mask, maskFrom, maskTo)) return false;
    const isMasked = mask !== undefined;
    for (const type of keys.types) {
      if (!this.#attribute(level, type, isMasked)) return false;
    }
    // A frame without an ethertype (802.2) has it in the mask alone.
    const etherMask = keys.has(KEY.etherType) ? undefined : masks.value(KEY.etherType);
    if (etherMask?.length === 2 && !isZero(etherMask)) {
      this.#keep('eth_type', `0/0x${etherMask.toString('hex')}`);
    }
    return true;
  }

  #attribute(level: number, type: number, isMasked: boolean): boolean {
    const { key, mask } = this.#levels[level];
    if (type === KEY.encap) return this.#encapsulated(level);
    const struct = STRUCTS[type];
    const from = key.from(type);
    const bytes = key.to(type) - from;
    const hasMask = mask.has(type);
    if (struct !== undefined) {
      if (bytes !== struct.bytes) return false;
      if (!isMasked) this.#struct(struct, key.bytes, from, undefined, 0);
      else if (!hasMask) return true;
      else if (mask.to(type) - mask.from(type) !== bytes) return false;
      else this.#struct(struct, key.bytes, from, mask.bytes, mask.from(type));
      return type === KEY.etherType ? this.#checkEtherType(level) : true;
    }
    const value = key.bytes.subarray(from, from + bytes);
    const bits = isMasked ? (mask.value(type) ?? Buffer.alloc(bytes)) : undefined;
    const isNest = type === KEY.tunnel || type === KEY.nsh;
    if (bits !== undefined && bits.length !== bytes && !isNest) return false;
    if (type === KEY.vlan) return this.#vlan(level, value, bits);
    return this.#other(type, value, bits);
  }

  /** The payload of a VLAN tag. */
  #encapsulated(level: number): boolean {
    const { key, mask } = this.#levels[level];
    const from = key.from(KEY.encap);
    const to = key.to(KEY.encap);
    // An empty nest is a tag without conditions on its payload.
    if (from === to) return true;
    const maskFrom = mask.from(KEY.encap);
    const maskTo = mask.to(KEY.encap);
    const bits = maskTo > maskFrom ? mask.bytes : undefined;
    return this.#level(level + 1, key.bytes, from, to, bits, maskFrom, maskTo);
  }

  /** Puts the fields of a struct; those with a zero mask are left out. */
  #struct(
    struct: KeyStruct,
    bytes: Buffer,
    from: number,
    mask: Buffer | undefined,
    maskFrom: number,
  ): void {
    for (const { offset, field } of struct.fields) {
      const { width } = FIELDS[field];
      readWords(bytes, from + offset, width, this.#value);
      if (mask === undefined) {
        this.#fields[field] = this.#pool.exact(field, this.#value);
      } else {
        readWords(mask, maskFrom + offset, width, this.#bits);
        this.#fields[field] = this.#pool.masked(field, this.#value, this.#bits);
      }
    }
  }

  /** A match on the ethertype 0 has no two bytes on the wire, so it is kept as text. */
  #checkEtherType(level: number): boolean {
    const match = this.#fields[ETH_TYPE];
    if (match === undefined || match.value[0] !== 0 || match.value[1] !== 0) return true;
    this.#fields[ETH_TYPE] = undefined;
    const bits = this.#levels[level].mask.value(KEY.etherType);
    const masked = bits === undefined || isOnes(bits) ? '' : `/0x${bits.toString('hex')}`;
    const value = this.#levels[level].key.value(KEY.etherType);
    this.#keep('eth_type', `0x${value?.toString('hex') ?? ''}${masked}`);
    return true;
  }

  /** A tag: the ethertype before it is its TPID; that of the payload follows in the nest. */
  #vlan(level: number, value: Buffer, mask: Buffer | undefined): boolean {
    const tpid = this.#fields[ETH_TYPE];
    const tci = value.length === 2 ? value.readUInt16BE(0) : 0;
    if (value.length !== 2) return false;
    if (level > 1 || (tci & CFI) === 0 || tpid === undefined) {
      if (mask === undefined || !isZero(mask))
        this.#keep('vlan', keyText(KEY.vlan, value, mask, true));
      return true;
    }
    const to = level === 0 ? VLAN : CVLAN;
    const bits = mask?.readUInt16BE(0) ?? 0xffff;
    readWords(tpid.value, 0, 2, this.#value);
    readWords(tpid.mask, 0, 2, this.#bits);
    this.#fields[ETH_TYPE] = undefined;
    this.#fields[to.tpid] = this.#pool.masked(to.tpid, this.#value, this.#bits);
    this.#fields[to.vid] = this.#number(to.vid, tci & 0xfff, bits & 0xfff);
    this.#fields[to.pcp] = this.#number(to.pcp, tci >>> 13, bits >>> 13);
    return true;
  }

  #number(field: number, value: number, mask: number): FieldMatch | undefined {
    this.#value[0] = value;
    this.#bits[0] = mask;
    return this.#pool.masked(field, this.#value, this.#bits);
  }

  /** Metadata, and what the vocabulary does not have. */
  #other(type: number, value: Buffer, mask: Buffer | undefined): boolean {
    const isExact = mask === undefined || isOnes(mask);
    if (type === KEY.inPort && value.length === 4 && isExact) {
      this.#inPort = this.#portName(value.readUInt32LE(0));
      return true;
    }
    // A flow of packets that were not recirculated.
    if (type === KEY.recircId && isExact && isZero(value)) return true;
    if (mask !== undefined && isZero(mask)) return true;
    this.#keep(keyName(type), keyText(type, value, mask, true));
    return true;
  }

  #keep(name: string, text: string): void {
    this.#opaque = [...this.#opaque, { name, text }];
  }

  /** The fields in catalogue order; clears them. */
  #collect(): readonly FieldMatch[] {
    const found = this.#fields.filter((field) => field !== undefined);
    this.#fields.fill(undefined);
    return found;
  }
}

/** A value as {@link FieldPool} takes it: up to four bytes a word, the last word with the rest. */
function readWords(bytes: Uint8Array, from: number, width: number, words: Int32Array): void {
  words.fill(0);
  for (let i = 0; i < width; i++) words[i >> 2] = (words[i >> 2] << 8) | bytes[from + i];
}
