import {
  FLOW_KINDS,
  type FlowKind,
  type ReceiveFilter,
  type ReceiveKey,
  type ReceiveTarget,
} from './receive-filter.ts';

/** Bytes of `struct ethtool_rx_flow_spec` (linux/ethtool.h). */
export const FLOW_SPEC_BYTES = 168;

/** Offsets in the struct: values and their masks have the same layout. */
const AT = { type: 0, value: 4, valueExt: 56, mask: 76, maskExt: 128, cookie: 152, location: 160 };
/** Bytes of the union of headers, and of `struct ethtool_flow_ext`. */
const HEADERS_BYTES = 52;
const EXT_BYTES = 20;

/** Numbers of the kinds: `TCP_V4_FLOW` and its siblings. */
const TYPES: Readonly<Record<FlowKind, number>> = {
  tcp4: 0x01,
  udp4: 0x02,
  sctp4: 0x03,
  tcp6: 0x05,
  udp6: 0x06,
  sctp6: 0x07,
  ether: 0x12,
};
/** Flags of the type: `FLOW_EXT` and `FLOW_MAC_EXT`. */
const EXT = 0x8000_0000;
const MAC_EXT = 0x4000_0000;

/** `RX_CLS_FLOW_DISC` and `RX_CLS_FLOW_WAKE`: drop, and wake the host. */
const FIRST_SPECIAL_COOKIE = 0xffff_ffff_ffff_fffen;
const VF_SHIFT = 32n;

const VLAN_ID = 0x0fff;

/** A field of the headers or of the extension: where it is, and its length in bytes. */
interface Place {
  readonly at: number;
  readonly bytes: number;
}

type FieldOfKey = Exclude<keyof ReceiveKey, 'kind' | 'vlan'>;
type Layout = Readonly<Partial<Record<FieldOfKey, Place>>>;

const IPV4: Layout = {
  source: { at: 0, bytes: 4 },
  destination: { at: 4, bytes: 4 },
  sourcePort: { at: 8, bytes: 2 },
  destinationPort: { at: 10, bytes: 2 },
};
const IPV6: Layout = {
  source: { at: 0, bytes: 16 },
  destination: { at: 16, bytes: 16 },
  sourcePort: { at: 32, bytes: 2 },
  destinationPort: { at: 34, bytes: 2 },
};
const ETHER: Layout = {
  destinationMac: { at: 0, bytes: 6 },
  sourceMac: { at: 6, bytes: 6 },
  etherType: { at: 12, bytes: 2 },
};
const LAYOUTS: Readonly<Record<FlowKind, Layout>> = {
  tcp4: IPV4,
  udp4: IPV4,
  sctp4: IPV4,
  tcp6: IPV6,
  udp6: IPV6,
  sctp6: IPV6,
  ether: ETHER,
};
/** In the extension: `h_dest` and `vlan_tci`. */
const EXT_MAC: Place = { at: 2, bytes: 6 };
const EXT_VLAN: Place = { at: 10, bytes: 2 };

/** A key has a field that its kind lacks, or a value out of range. */
export class ReceiveKeyInvalid extends Error {
  override readonly name = 'ReceiveKeyInvalid';

  constructor(key: ReceiveKey, detail: string) {
    super(`receive filter ${JSON.stringify(key)}: ${detail}`);
  }
}

/**
 * A filter as the kernel reads it.
 *
 * @param location place in the device's table
 * @throws {ReceiveKeyInvalid}
 */
export function encodeFlowSpec({ key, target }: ReceiveFilter, location: number): Buffer {
  const spec = Buffer.alloc(FLOW_SPEC_BYTES);
  const layout = LAYOUTS[key.kind];
  let type = TYPES[key.kind];
  for (const field of FIELDS) {
    const value = key[field];
    if (value === undefined) continue;
    const place = layout[field];
    if (place !== undefined) {
      put(spec, AT.value + place.at, AT.mask + place.at, bytesOf(key, value, place));
    } else if (field === 'destinationMac') {
      type |= MAC_EXT;
      const bytes = bytesOf(key, value, EXT_MAC);
      put(spec, AT.valueExt + EXT_MAC.at, AT.maskExt + EXT_MAC.at, bytes);
    } else {
      throw new ReceiveKeyInvalid(key, `${key.kind} has no ${field}`);
    }
  }
  if (key.vlan !== undefined) {
    if (!(key.vlan >= 0 && key.vlan <= VLAN_ID)) {
      throw new ReceiveKeyInvalid(key, 'the VLAN id is not between 0 and 4095');
    }
    type |= EXT;
    spec.writeUInt16BE(key.vlan, AT.valueExt + EXT_VLAN.at);
    spec.writeUInt16BE(VLAN_ID, AT.maskExt + EXT_VLAN.at);
  }
  spec.writeUInt32LE(type >>> 0, AT.type);
  spec.writeBigUInt64LE(cookieOf(target), AT.cookie);
  spec.writeUInt32LE(location, AT.location);
  return spec;
}

const FIELDS = [
  'source',
  'destination',
  'sourcePort',
  'destinationPort',
  'sourceMac',
  'destinationMac',
  'etherType',
] as const satisfies readonly FieldOfKey[];

function put(spec: Buffer, valueAt: number, maskAt: number, bytes: Buffer): void {
  bytes.copy(spec, valueAt);
  spec.fill(0xff, maskAt, maskAt + bytes.length);
}

function bytesOf(key: ReceiveKey, value: string | number, place: Place): Buffer {
  const digits = typeof value === 'string' ? value : value.toString(16).padStart(4, '0');
  if (digits.length !== place.bytes * 2 || !/^[0-9a-f]+$/.test(digits)) {
    throw new ReceiveKeyInvalid(key, `${value} does not have ${place.bytes} bytes`);
  }
  return Buffer.from(digits, 'hex');
}

/** The ring cookie: virtual functions count from 1, and 0 is the physical function. */
function cookieOf({ vf, queue }: ReceiveTarget): bigint {
  return (BigInt(vf === undefined ? 0 : vf + 1) << VF_SHIFT) | BigInt(queue);
}

/**
 * A filter as the kernel wrote it; undefined if {@link ReceiveFilter} cannot express it: another
 * kind, a partial mask, a field without a name here, a filter that drops.
 */
export function decodeFlowSpec(spec: Buffer): ReceiveFilter | undefined {
  const type = spec.readUInt32LE(AT.type);
  const number = (type & ~(EXT | MAC_EXT)) >>> 0;
  const kind = FLOW_KINDS.find((name) => TYPES[name] === number);
  const cookie = spec.readBigUInt64LE(AT.cookie);
  if (kind === undefined || cookie >= FIRST_SPECIAL_COOKIE) return undefined;
  // Bits of masks that a field has explained are cleared; what is left cannot be expressed.
  const masks = Buffer.from(spec.subarray(AT.mask, AT.mask + HEADERS_BYTES + EXT_BYTES));
  if ((type & MAC_EXT) === 0) masks.fill(0, inExt(EXT_MAC), inExt(EXT_MAC) + EXT_MAC.bytes);
  if ((type & EXT) === 0) {
    masks.fill(0, HEADERS_BYTES + EXT_MAC.at + EXT_MAC.bytes);
  }
  const take = (place: Place, valueAt: number, maskAt: number): string | undefined => {
    const mask = masks.subarray(maskAt, maskAt + place.bytes);
    if (!mask.every((byte) => byte === 0xff)) return undefined;
    mask.fill(0);
    return spec.toString('hex', valueAt, valueAt + place.bytes);
  };
  const texts: Partial<Record<FieldOfKey, string>> = {};
  for (const field of FIELDS) {
    const place = LAYOUTS[kind][field];
    const text = place && take(place, AT.value + place.at, place.at);
    if (text !== undefined) texts[field] = text;
  }
  const mac = take(EXT_MAC, AT.valueExt + EXT_MAC.at, inExt(EXT_MAC));
  if (mac !== undefined) texts.destinationMac = mac;
  const vlanMask = masks.readUInt16BE(inExt(EXT_VLAN));
  const vlan = spec.readUInt16BE(AT.valueExt + EXT_VLAN.at) & VLAN_ID;
  if (vlanMask === VLAN_ID) masks.writeUInt16BE(0, inExt(EXT_VLAN));
  if (masks.some((byte) => byte !== 0)) return undefined;
  const { sourcePort, destinationPort, etherType, ...addresses } = texts;
  const key: ReceiveKey = {
    kind,
    ...addresses,
    ...(sourcePort === undefined ? {} : { sourcePort: Number.parseInt(sourcePort, 16) }),
    ...(destinationPort === undefined
      ? {}
      : { destinationPort: Number.parseInt(destinationPort, 16) }),
    ...(etherType === undefined ? {} : { etherType: Number.parseInt(etherType, 16) }),
    ...(vlanMask === VLAN_ID ? { vlan } : {}),
  };
  const vf = Number((cookie >> VF_SHIFT) & 0xffn);
  const queue = Number(cookie & 0xffff_ffffn);
  return { key, target: vf === 0 ? { queue } : { vf: vf - 1, queue } };
}

/** Offset of a field of the extension in the masks of headers and extension. */
function inExt(place: Place): number {
  return HEADERS_BYTES + place.at;
}

/** The place of a filter in the device's table. */
export function locationOf(spec: Buffer): number {
  return spec.readUInt32LE(AT.location);
}
