import type { FieldName } from '../../model/match.ts';
import { geneveOptions } from './tunnel-options.ts';
import { NamedParts } from './named-parts.ts';
import {
  type MaskedBytes,
  maskedBytes,
  numberReader,
  readIpv4,
  readIpv6,
  type ValueReader,
} from './values.ts';

/** Outer headers that megaflows of packets out of a tunnel can look at. */
export type OuterField = Extract<
  FieldName,
  'ipv4_src' | 'ipv4_dst' | 'ipv6_src' | 'ipv6_dst' | 'ip_tos' | 'ip_ttl' | 'udp_src' | 'udp_dst'
>;

/** What the vSwitch knows of the tunnel that a packet has arrived in. */
export type TunnelName =
  /** 8 bytes; the VNI is the last three. */
  | 'tun_id'
  /** All Geneve options, as on the wire. */
  | 'tun_options'
  | `tun_${OuterField}`;

/** A condition of a megaflow on the tunnel that a packet has arrived in. */
export interface TunnelCondition extends MaskedBytes {
  readonly name: TunnelName;
}

const ZERO_TOS: TunnelCondition = {
  name: 'tun_ip_tos',
  value: Uint8Array.of(0),
  mask: Uint8Array.of(0xff),
};

const PARTS: readonly (readonly [text: string, name: TunnelName, read: ValueReader])[] = [
  ['tun_id', 'tun_id', numberReader(8)],
  ['src', 'tun_ipv4_src', readIpv4],
  ['dst', 'tun_ipv4_dst', readIpv4],
  ['ipv6_src', 'tun_ipv6_src', readIpv6],
  ['ipv6_dst', 'tun_ipv6_dst', readIpv6],
  ['tos', 'tun_ip_tos', numberReader(1)],
  ['ttl', 'tun_ip_ttl', numberReader(1)],
  ['tp_src', 'tun_udp_src', numberReader(2)],
  ['tp_dst', 'tun_udp_dst', numberReader(2)],
];

/**
 * Reads the conditions of `tunnel(...)` in the key of a megaflow, such as
 * `tun_id=0x1,src=172.16.0.2,dst=172.16.0.1,ttl=64/0,geneve({...}),flags(-df-csum+key)`. Undefined for a
 * condition that is not known.
 */
export function tunnelConditions(text: string): readonly TunnelCondition[] | undefined {
  const parts = NamedParts.read(text);
  if (parts === undefined || !isUsual(parts.text('flags') ?? '')) return undefined;
  const conditions: TunnelCondition[] = [];
  for (const [name, condition, read] of PARTS) {
    const written = parts.text(name);
    if (written === undefined) {
      // A TOS of 0 is not in the key of a megaflow, which looks at all of its bits.
      if (name === 'tos') conditions.push(ZERO_TOS);
      continue;
    }
    const bytes = maskedBytes(written, read);
    if (bytes === undefined) return undefined;
    conditions.push({ name: condition, ...bytes });
  }
  const options = geneveOptions(parts.text('geneve') ?? '');
  if (options === undefined || !parts.isEmpty) return undefined;
  conditions.push({ name: 'tun_options', ...options });
  return conditions;
}

/**
 * True for flags that say nothing of the packet beside that it has a VNI. The vSwitch looks at DF and at
 * whether there is a UDP checksum in each megaflow (tnl_wc_init in ofproto/tunnel.c), but no rule can ask
 * for them, so packets with and without them have the same actions. A packet with the OAM flag is another.
 */
function isUsual(flags: string): boolean {
  if (flags.includes('|') || /^[a-z]+$/.test(flags)) {
    const set = flags.split('|');
    return set.includes('key') && set.every((flag) => ['df', 'csum', 'key'].includes(flag));
  }
  return /^(?:-oam)?(?:[-+]df)?(?:[-+]csum)?\+key$/.test(flags);
}
