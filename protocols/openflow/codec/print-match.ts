import { Port } from './ids.ts';
import { type KnownField, type Match, type Match10, type MatchField, Wildcard10 } from './match.ts';
import { addressMask10 } from './match-of10.ts';
import { OXM_FIELDS } from './oxm-fields.ts';
import { printData, printHex, printIpv4, printMac } from './print-bytes.ts';

const PORT_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(Port).map(([name, port]) => [port, name === 'inPort' ? 'in_port' : name]),
);

/** A port number, or the name of a reserved one. */
export function printPort(port: number): string {
  return PORT_NAMES.get(port) ?? String(port);
}

function printIpv6(bytes: Uint8Array): string {
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] << 8) | bytes[2 * i + 1]);
  const text = words.map((w) => w.toString(16)).join(':');
  return text.replace(/\b0(:0)+\b/, ':').replace(/:{3,}/, '::');
}

function printNumber(bytes: Uint8Array, hex: boolean): string {
  const number = BigInt(`0x${printHex(bytes)}`);
  return hex ? `0x${number.toString(16)}` : number.toString();
}

const IPV4_NAME = /(ip|ipv4)_(src|dst)$|_[st]pa$/;
const HEX_NAME = /eth_type|flags|metadata|cookie|_tci|mark|tun/;

function printValue(field: KnownField, bytes: Uint8Array): string {
  const { bits } = OXM_FIELDS[field.name];
  if (bits === 48) return printMac(bytes);
  if (bits === 128) return printIpv6(bytes);
  if (IPV4_NAME.test(field.name)) return bytes.join('.');
  if (field.name === 'in_port') return printPort(Number(printNumber(bytes, false)));
  return printNumber(bytes, field.mask !== undefined || HEX_NAME.test(field.name));
}

/** `eth_type=0x800`, `ipv4_dst=10.1.0.0/255.255.0.0`, or the header and bytes of an unknown one. */
export function printField(field: MatchField): string {
  if (field.kind === 'unknown') {
    return `0x${field.header.toString(16).padStart(8, '0')}=${printHex(field.bytes)}`;
  }
  const value = printValue(field, field.value);
  if (field.mask === undefined) return `${field.name}=${value}`;
  return `${field.name}=${value}/${printValue(field, field.mask)}`;
}

/** The conditions of a match; `any` without conditions. */
export function printMatch(match: Match): string {
  if (match.kind === 'unknown') return `match type ${match.code}=${printData(match.bytes)}`;
  const parts = match.kind === 'oxm' ? match.fields.map(printField) : parts10(match);
  return parts.length === 0 ? 'any' : parts.join(',');
}

function parts10(m: Match10): string[] {
  const fields: readonly (readonly [number, string, string])[] = [
    [Wildcard10.inPort, 'in_port', printPort(m.inPort)],
    [Wildcard10.ethSrc, 'dl_src', printMac(m.ethSrc)],
    [Wildcard10.ethDst, 'dl_dst', printMac(m.ethDst)],
    [Wildcard10.vlanVid, 'dl_vlan', m.vlanVid === 0xffff ? 'none' : String(m.vlanVid)],
    [Wildcard10.vlanPcp, 'dl_vlan_pcp', String(m.vlanPcp)],
    [Wildcard10.ethType, 'dl_type', `0x${m.ethType.toString(16)}`],
    [Wildcard10.ipTos, 'nw_tos', String(m.ipTos)],
    [Wildcard10.ipProto, 'nw_proto', String(m.ipProto)],
    [Wildcard10.tpSrc, 'tp_src', String(m.tpSrc)],
    [Wildcard10.tpDst, 'tp_dst', String(m.tpDst)],
  ];
  const parts = fields
    .filter(([bit]) => (m.wildcards & bit) === 0)
    .map(([, name, value]) => `${name}=${value}`);
  for (const which of ['src', 'dst'] as const) {
    const mask = addressMask10(m, which);
    if (mask === 0) continue;
    const address = printIpv4(which === 'src' ? m.ipSrc : m.ipDst);
    const prefix = mask === 0xffffffff ? '' : `/${32 - Math.log2(0x100000000 - mask)}`;
    parts.push(`nw_${which}=${address}${prefix}`);
  }
  return parts;
}
