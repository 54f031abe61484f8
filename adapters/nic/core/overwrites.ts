import { FIELD_BITS, fieldOf, hasAllBits } from '../../../engine/model/match.ts';
import type { FieldMatch, FieldName, FlowMatch } from '../../../engine/model/match.ts';
import { ETH_IPV4, ETH_IPV6, KEY_FIELDS } from './key-layout.ts';
import { exactNumber } from './match-codec.ts';

/** Bits to overwrite: `value` is zero outside `mask`. */
export interface Overwrite {
  readonly value: Uint8Array;
  readonly mask: Uint8Array;
}

/** The fields that the programs can rewrite, and their bytes. */
const REWRITABLE = {
  eth_dst: 6,
  eth_src: 6,
  ip_ttl: 1,
  ip_tos: 1,
  ipv4_src: 4,
  ipv4_dst: 4,
  ipv6_src: 16,
  ipv6_dst: 16,
  tcp_src: 2,
  tcp_dst: 2,
  udp_src: 2,
  udp_dst: 2,
} as const;
export type RewritableField = keyof typeof REWRITABLE;

/** Those that a checksum of L4 covers. */
const IN_L4_CHECKSUM = [
  'ipv4_src',
  'ipv4_dst',
  'ipv6_src',
  'ipv6_dst',
  'tcp_src',
  'tcp_dst',
  'udp_src',
  'udp_dst',
] as const satisfies readonly RewritableField[];

export function isRewritable(field: FieldName): field is RewritableField {
  return Object.hasOwn(REWRITABLE, field);
}

/** True when every packet of the flow has these bits already. */
export function isMatched(match: FlowMatch, field: FieldName, { value, mask }: Overwrite): boolean {
  const matched = fieldOf(match, field);
  return mask.every((bits, i) => {
    if (bits === 0) return true;
    if (matched === undefined || (bits & ~matched.mask[i]) !== 0) return false;
    return ((value[i] ^ matched.value[i]) & bits) === 0;
  });
}

/** The rewrites of one flow's packets, each field once. */
export class Overwrites {
  readonly #fields: Partial<Record<RewritableField, Overwrite | undefined>> = {};

  of(field: RewritableField): Overwrite | undefined {
    return this.#fields[field];
  }

  /** Adds a rewrite, which prevails over those before it. */
  add(field: RewritableField, value: Uint8Array, mask: Uint8Array): void {
    const bytes = REWRITABLE[field];
    const kept = (this.#fields[field] ??= {
      value: new Uint8Array(bytes),
      mask: new Uint8Array(bytes),
    });
    for (let i = 0; i < bytes; i++) {
      kept.value[i] = (kept.value[i] & ~mask[i]) | (value[i] & mask[i]);
      kept.mask[i] |= mask[i];
    }
  }

  /**
   * Removes rewrites of addresses and ports that change nothing, and completes those of IPv6 addresses
   * from the match. Returns why one of the rewrites cannot be performed, or undefined.
   */
  settle(match: FlowMatch): string | undefined {
    for (const field of IN_L4_CHECKSUM) {
      const how = this.#fields[field];
      if (how === undefined) continue;
      // Datapath actions name a whole header: what the flow matches is written again.
      if (isMatched(match, field, how)) {
        this.#fields[field] = undefined;
        continue;
      }
      const problem = packetsProblem(match, field) ?? fragmentsProblem(match, field);
      if (problem !== undefined) return problem;
      if (!isWhole(field) || hasAllBits(how.mask, FIELD_BITS[field])) continue;
      if (!complete(how, fieldOf(match, field))) return `a part of ${field} is rewritten`;
    }
    return undefined;
  }
}

/** Why the match does not say that all packets have the field, or undefined. */
export function packetsProblem(match: FlowMatch, field: RewritableField): string | undefined {
  const { ethTypes, ipProto } = KEY_FIELDS[field] ?? {};
  const type = exactNumber(match, 'eth_type');
  if (ethTypes !== undefined && (type === undefined || !ethTypes.includes(type))) {
    const name = ethTypes.length > 1 ? 'IP' : ETHERTYPE_NAMES.get(ethTypes[0]);
    return `${field} is rewritten, but the match does not say that the packet is ${name}`;
  }
  if (ipProto !== undefined && exactNumber(match, 'ip_proto') !== ipProto) {
    return `${field} is rewritten, but the match does not have IP protocol ${ipProto}`;
  }
  return undefined;
}

const ETHERTYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [ETH_IPV4, 'IPv4'],
  [ETH_IPV6, 'IPv6'],
]);

/** The first fragment has the checksum of all, and the others have no ports. */
function fragmentsProblem(match: FlowMatch, field: RewritableField): string | undefined {
  if (exactNumber(match, 'ip_frag') === 0) return undefined;
  return `${field} is rewritten, and fragments are not excluded`;
}

/** An entry has no mask for IPv6 addresses. */
function isWhole(field: RewritableField): boolean {
  return field === 'ipv6_src' || field === 'ipv6_dst';
}

/** Adds the bits that all packets have; false when some are not matched. */
function complete({ value, mask }: Overwrite, matched: FieldMatch | undefined): boolean {
  if (matched === undefined) return false;
  for (let i = 0; i < mask.length; i++) {
    const kept = ~mask[i] & 0xff;
    if ((kept & ~matched.mask[i]) !== 0) return false;
    value[i] |= matched.value[i] & kept;
    mask[i] = 0xff;
  }
  return true;
}
