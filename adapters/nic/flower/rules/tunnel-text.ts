import { FLOWER } from '../../../../protocols/netlink/tc/flower-table.ts';
import { ipv4Bytes, ipv6Bytes } from '../../../../text/ip-address.ts';

/** A field of outer headers: how it is written, and the attributes that match it. */
export interface TunnelField {
  /** The bytes of a value or mask; undefined: it is not one. */
  readonly read: (text: string) => Uint8Array | undefined;
  readonly value: { readonly number: number };
  readonly mask: { readonly number: number };
}

/** Outer headers as the vSwitch writes them. */
export interface TunnelText {
  /** Fields by name, as written: `src` -> `10.0.0.0/255.0.0.0`. */
  readonly fields: ReadonlyMap<string, string>;
  /** Names of the flags. */
  readonly flags: readonly string[];
  /** What is between the parentheses of `geneve(...)`; empty without options. */
  readonly geneve: string;
}

/**
 * Flags that ovs-vswitchd matches in each flow from a tunnel (`tnl_wc_init` in ofproto/tunnel.c), but that no rule can
 * ask for: packets with others have the same actions.
 */
export const UNASKED_FLAGS: ReadonlySet<string> = new Set(['df', 'csum', 'key']);

/** `flower` and `tunnel_key` have 32 bits for the id of a tunnel. */
export const MAX_KEY_ID = 0xffff_ffff;

const octet = (text: string): Uint8Array | undefined => numberOf(text, 1);
const port = (text: string): Uint8Array | undefined => numberOf(text, 2);

export const TUNNEL_FIELDS: Readonly<Record<string, TunnelField>> = {
  src: { read: ipv4Bytes, value: FLOWER.tunnelIpv4Source, mask: FLOWER.tunnelIpv4SourceMask },
  dst: {
    read: ipv4Bytes,
    value: FLOWER.tunnelIpv4Destination,
    mask: FLOWER.tunnelIpv4DestinationMask,
  },
  ipv6_src: { read: ipv6Bytes, value: FLOWER.tunnelIpv6Source, mask: FLOWER.tunnelIpv6SourceMask },
  ipv6_dst: {
    read: ipv6Bytes,
    value: FLOWER.tunnelIpv6Destination,
    mask: FLOWER.tunnelIpv6DestinationMask,
  },
  tos: { read: octet, value: FLOWER.tunnelIpTos, mask: FLOWER.tunnelIpTosMask },
  ttl: { read: octet, value: FLOWER.tunnelIpTtl, mask: FLOWER.tunnelIpTtlMask },
  tp_src: {
    read: port,
    value: FLOWER.tunnelUdpSourcePort,
    mask: FLOWER.tunnelUdpSourcePortMask,
  },
  tp_dst: {
    read: port,
    value: FLOWER.tunnelUdpDestinationPort,
    mask: FLOWER.tunnelUdpDestinationPortMask,
  },
};

/** Splits outer headers such as `tun_id=0x64,dst=10.0.0.2,geneve({class=0x1,...}),flags(df|key)`. */
export function readTunnelText(text: string): TunnelText {
  const fields = new Map<string, string>();
  let flags: readonly string[] = [];
  let geneve = '';
  // At commas outside of parentheses.
  for (const part of text.split(/,(?![^(]*\))/)) {
    if (part === '') continue;
    const [, flagsInside] = /^flags\((.*)\)$/s.exec(part) ?? [];
    const [, geneveInside] = /^geneve\((.*)\)$/s.exec(part) ?? [];
    const [name, written = ''] = part.split(/=(.*)/s);
    if (flagsInside !== undefined) flags = flagsOf(flagsInside);
    else if (geneveInside !== undefined) geneve = geneveInside;
    else fields.set(name, written);
  }
  return { fields, flags, geneve };
}

/** A part of the outer headers as it was written. */
export function partText(name: string, written: string): string {
  return written === '' ? name : `${name}=${written}`;
}

/** Names of flags in `-df-csum+key`, `df|key` or `0`. */
function flagsOf(text: string): readonly string[] {
  return text.split(/[-+|]/).filter((flag) => flag !== '' && !/^0(?:\/0)?$/.test(flag));
}

function numberOf(text: string, bytes: 1 | 2): Uint8Array | undefined {
  const value = /^(?:0x[0-9a-f]+|\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(value < 2 ** (8 * bytes))) return undefined;
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}
