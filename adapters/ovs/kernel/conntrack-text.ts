import { AttributeIndex } from './attribute-index.ts';
import { wideText } from './key-text.ts';
import { hex, ipv6Text } from './masked-text.ts';

/** `OVS_CT_ATTR_*`. */
const CT = {
  commit: 1,
  zone: 2,
  mark: 3,
  labels: 4,
  helper: 5,
  nat: 6,
  forceCommit: 7,
  timeout: 9,
} as const;
const MAX_CT = 9;

/** `OVS_NAT_ATTR_*`. */
const NAT = {
  source: 1,
  destination: 2,
  addressMin: 3,
  addressMax: 4,
  portMin: 5,
  portMax: 6,
  persistent: 7,
  hash: 8,
  random: 9,
} as const;
const MAX_NAT = 9;

/** The text of a `ct` action (format_odp_conntrack_action in lib/odp-util.c). */
export function conntrackText(bytes: Buffer): string | undefined {
  const index = new AttributeIndex(MAX_CT);
  if (!index.read(bytes, 0, bytes.length)) return undefined;
  const zone = u16(index, CT.zone);
  const mark = index.value(CT.mark);
  const labels = index.value(CT.labels);
  const nat = index.value(CT.nat);
  const parts = [
    index.has(CT.commit) ? 'commit' : undefined,
    index.has(CT.forceCommit) ? 'force_commit' : undefined,
    zone === 0 ? undefined : `zone=${zone}`,
    mark?.length === 8
      ? `mark=${hex(mark.readUInt32LE(0))}/${hex(mark.readUInt32LE(4))}`
      : undefined,
    labels?.length === 32
      ? `label=${wideText(labels.subarray(0, 16), labels.subarray(16, 32))}`
      : undefined,
    named('helper', index.value(CT.helper)),
    named('timeout', index.value(CT.timeout)),
    nat === undefined ? undefined : natText(nat),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? 'ct' : `ct(${parts.join(',')})`;
}

/** 0 when the attribute is absent. */
function u16(index: AttributeIndex, type: number): number {
  const value = index.value(type);
  return value?.length === 2 ? value.readUInt16LE(0) : 0;
}

function named(name: string, value: Buffer | undefined): string | undefined {
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return `${name}=${value.toString('utf8', 0, end < 0 ? value.length : end)}`;
}

function natText(bytes: Buffer): string {
  const index = new AttributeIndex(MAX_NAT);
  if (!index.read(bytes, 0, bytes.length)) return `nat(${bytes.toString('hex')})`;
  const isSource = index.has(NAT.source);
  if (!isSource && !index.has(NAT.destination)) return 'nat';
  const flags = [
    index.has(NAT.persistent) ? 'persistent' : undefined,
    index.has(NAT.hash) ? 'hash' : undefined,
    index.has(NAT.random) ? 'random' : undefined,
  ].filter((flag) => flag !== undefined);
  const to = rangeText(index);
  const kind = (isSource ? 'src' : 'dst') + (to === '' ? '' : `=${to}`);
  return `nat(${[kind, ...flags].join(',')})`;
}

/** `10.0.0.1-10.0.0.9:1000-2000`, `[fd00::1]:80`. */
function rangeText(index: AttributeIndex): string {
  const min = index.value(NAT.addressMin);
  if (min === undefined) return '';
  const portMin = u16(index, NAT.portMin);
  const portMax = u16(index, NAT.portMax);
  const address = (bytes: Buffer): string => {
    if (bytes.length === 4) return bytes.join('.');
    if (bytes.length !== 16) return bytes.toString('hex');
    return portMin === 0 ? ipv6Text(bytes) : `[${ipv6Text(bytes)}]`;
  };
  const max = index.value(NAT.addressMax);
  const addresses =
    max === undefined || max.equals(min) || max.every((byte) => byte === 0)
      ? address(min)
      : `${address(min)}-${address(max)}`;
  if (portMin === 0) return addresses;
  return `${addresses}:${portMin}${portMax === 0 || portMax === portMin ? '' : `-${portMax}`}`;
}
