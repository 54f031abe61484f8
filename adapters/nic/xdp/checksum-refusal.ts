import type { Refusal } from '../../../engine/model/refusal.ts';
import { ANY, type PacketKind } from '../core/match-codec.ts';

/** ARP, IPv4, IPv6: the program can tell from a packet that all of its checksums are complete. */
const PROVABLE_TYPES: ReadonlySet<number> = new Set([0x0800, 0x0806, 0x86dd]);

/** ICMP, TCP, UDP, ICMPv6, SCTP; others may carry packets whose checksums are not complete. */
const PROVABLE_PROTOCOLS: ReadonlySet<number> = new Set([1, 6, 17, 58, 132]);

/**
 * Why no packet of a flow could be redirected from a device whose sender may leave checksums to it
 * (see bpf/checksum.h), or undefined. Without this the flow would have an entry that carries
 * nothing.
 */
export function checksumRefusal({ ethType, ipProto, ipFrag }: PacketKind): Refusal | undefined {
  if (!PROVABLE_TYPES.has(ethType)) return refused(`eth_type ${hex(ethType)}`);
  const isFragment = ipFrag !== ANY && ipFrag !== 0;
  if (ipProto === ANY || isFragment || PROVABLE_PROTOCOLS.has(ipProto)) return undefined;
  return refused(`ip_proto ${ipProto}`);
}

function refused(what: string): Refusal {
  const detail =
    `packets with ${what} may carry a checksum that the sender left to the device: a redirect ` +
    'would send it incomplete';
  return { code: 'unsupported-match', detail };
}

function hex(type: number): string {
  return `0x${type.toString(16).padStart(4, '0')}`;
}
