import type { FieldName } from '../../../../engine/model/match.ts';
import { CSUM_UPDATE, PEDIT_HEADER } from '../../../../protocols/netlink/tc/action-tables.ts';
import {
  checksums,
  type HeaderWrite,
  withSharedCounters,
  writeHeaders,
} from '../../../../protocols/netlink/tc/actions.ts';
import { ETH, type FlowHeaders, IP_FRAG, IP_PROTO } from './headers.ts';

/** Where a field is in the header that `pedit` writes. */
interface WritableField {
  /** `PEDIT_HEADER`. */
  readonly header: number;
  /** Of the first byte, from the beginning of the header. */
  readonly offset: number;
  /** Left shift over this and the next byte, bits. */
  readonly shift: number;
  /** IP protocol that the match must have. */
  readonly ipProto: number | undefined;
  /** True if the checksum of L4 covers the field. */
  readonly isInL4Checksum: boolean;
}

const WORD_BYTES = 4;

function ethernet(offset: number): WritableField {
  const { ethernet: header } = PEDIT_HEADER;
  return { header, offset, shift: 0, ipProto: undefined, isInL4Checksum: false };
}
function ipv4(offset: number, isInL4Checksum: boolean): WritableField {
  return { header: PEDIT_HEADER.ipv4, offset, shift: 0, ipProto: undefined, isInL4Checksum };
}
function ipv6(offset: number, isInL4Checksum: boolean, shift = 0): WritableField {
  return { header: PEDIT_HEADER.ipv6, offset, shift, ipProto: undefined, isInL4Checksum };
}
function ports(header: number, ipProto: number, offset: number): WritableField {
  return { header, offset, shift: 0, ipProto, isInL4Checksum: true };
}

type Fields = Readonly<Partial<Record<FieldName, WritableField>>>;

const IN_ANY: Fields = { eth_dst: ethernet(0), eth_src: ethernet(6) };
const L4: Fields = {
  tcp_src: ports(PEDIT_HEADER.tcp, IP_PROTO.tcp, 0),
  tcp_dst: ports(PEDIT_HEADER.tcp, IP_PROTO.tcp, 2),
  udp_src: ports(PEDIT_HEADER.udp, IP_PROTO.udp, 0),
  udp_dst: ports(PEDIT_HEADER.udp, IP_PROTO.udp, 2),
};
const IN_IPV4: Fields = {
  ...IN_ANY,
  ...L4,
  ip_tos: ipv4(1, false),
  ip_ttl: ipv4(8, false),
  ipv4_src: ipv4(12, true),
  ipv4_dst: ipv4(16, true),
};
const IN_IPV6: Fields = {
  ...IN_ANY,
  ...L4,
  ip_tos: ipv6(0, false, 4),
  ip_ttl: ipv6(7, false),
  ipv6_src: ipv6(8, true),
  ipv6_dst: ipv6(24, true),
};

function writableFields(ethType: number): Fields {
  if (ethType === ETH.ipv4) return IN_IPV4;
  return ethType === ETH.ipv6 ? IN_IPV6 : IN_ANY;
}

/**
 * Writes of successive `set` actions, which become one `pedit` action, and one `csum` action where
 * a checksum covers what was written.
 */
export class HeaderWrites {
  readonly #headers: FlowHeaders;
  readonly #isInSoftware: boolean;
  readonly #fields: Fields;
  readonly #words = new Map<string, HeaderWrite>();
  #checksums = 0;

  /** @param isInSoftware as in `RuleOptions` */
  constructor(headers: FlowHeaders, isInSoftware: boolean) {
    this.#headers = headers;
    this.#isInSoftware = isInSoftware;
    this.#fields = writableFields(headers.ethType);
  }

  /**
   * Adds a write; returns why it is not possible.
   *
   * @param value bytes as in a match, zero outside `mask`
   * @param tags VLAN tags of the packet at this moment
   */
  add(field: FieldName, value: Uint8Array, mask: Uint8Array, tags: number): string | undefined {
    const where = this.#fields[field];
    if (where === undefined) return `${field} cannot be rewritten in these packets`;
    const problem = this.#problem(field, where, tags);
    if (problem !== undefined) return problem;
    this.#checksums |= this.#checksumsFor(where);
    // With a shift, the value occupies one byte more.
    let carriedValue = 0;
    let carriedMask = 0;
    for (let i = 0; i < value.length; i++) {
      const bits = mask[i] << (8 - where.shift);
      const valueBits = (value[i] & mask[i]) << (8 - where.shift);
      this.#write(
        where.header,
        where.offset + i,
        carriedValue | (valueBits >> 8),
        carriedMask | (bits >> 8),
      );
      carriedValue = valueBits & 0xff;
      carriedMask = bits & 0xff;
    }
    if (carriedMask !== 0) {
      this.#write(where.header, where.offset + value.length, carriedValue, carriedMask);
    }
    return undefined;
  }

  /** The actions for all writes since the last call. */
  take(): readonly Buffer[] {
    if (this.#words.size === 0) return [];
    const actions = [writeHeaders([...this.#words.values()])];
    if (this.#checksums !== 0) actions.push(withSharedCounters(checksums(this.#checksums)));
    this.#words.clear();
    this.#checksums = 0;
    return actions;
  }

  #problem(field: FieldName, where: WritableField, tags: number): string | undefined {
    const { ipProto, ipFrag } = this.#headers;
    if (where.header === PEDIT_HEADER.ethernet) return undefined;
    // pedit takes the header behind the outer tag for that of IP.
    if (tags > 1) return `${field} is rewritten behind two VLAN tags`;
    if (where.ipProto !== undefined && where.ipProto !== ipProto) {
      return `${field} is rewritten, but the match does not have IP protocol ${where.ipProto}`;
    }
    if (!where.isInL4Checksum) return undefined;
    if (where.ipProto === undefined && ipFrag === IP_FRAG.later) return undefined;
    // csum would compute the sum of the datagram over its first fragment.
    if (ipFrag !== IP_FRAG.no) return `${field} is rewritten, and first fragments are not excluded`;
    return this.#isInSoftware && this.#lacksChecksum(where)
      ? `${field} is rewritten, and tc in software does not adjust checksums before segmentation`
      : undefined;
  }

  /**
   * True if csum leaves the checksum of some packets that await segmentation wrong
   * (net/sched/act_csum.c): it skips those of TCP, whose checksum covers the addresses but not yet
   * the ports, and computes that of UDP datagrams over all segments.
   */
  #lacksChecksum({ header }: WritableField): boolean {
    if (header === PEDIT_HEADER.tcp) return false;
    const { ipProto } = this.#headers;
    return ipProto === undefined || ipProto === IP_PROTO.tcp || ipProto === IP_PROTO.udp;
  }

  /** `CSUM_UPDATE`: the checksums that the vSwitch updates for a write. */
  #checksumsFor({ header, isInL4Checksum }: WritableField): number {
    const { ethType, ipProto, ipFrag } = this.#headers;
    const ofHeader = header === PEDIT_HEADER.ipv4 ? CSUM_UPDATE.ipv4 : 0;
    if (!isInL4Checksum || ipFrag === IP_FRAG.later) return ofHeader;
    const { tcp, udp, icmp } = CSUM_UPDATE;
    // csum has one flag for ICMP and ICMPv6; only that of ICMPv6 covers addresses.
    const ofIcmpv6 = ethType === ETH.ipv6 ? icmp : 0;
    switch (ipProto) {
      case undefined:
        return ofHeader | tcp | udp | ofIcmpv6;
      case IP_PROTO.tcp:
        return ofHeader | tcp;
      case IP_PROTO.udp:
        return ofHeader | udp;
      case IP_PROTO.icmpv6:
        return ofHeader | ofIcmpv6;
      default:
        return ofHeader;
    }
  }

  /** Sets bits of one byte; a later write prevails. */
  #write(header: number, at: number, value: number, mask: number): void {
    if (mask === 0) return;
    const offset = at - (at % WORD_BYTES);
    const key = `${header}/${offset}`;
    let word = this.#words.get(key);
    if (word === undefined) {
      word = { header, offset, value: Buffer.alloc(WORD_BYTES), mask: Buffer.alloc(WORD_BYTES) };
      this.#words.set(key, word);
    }
    const i = at - offset;
    word.value[i] = (word.value[i] & ~mask) | value;
    word.mask[i] |= mask;
  }
}
