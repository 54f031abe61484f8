import {
  exactMask,
  type FieldMatch,
  type FieldName,
  type FlowMatch,
  fieldBytes,
} from '../../engine/model/match.ts';

/** Link types of captures (tcpdump.org/linktypes.html). */
export const Link = {
  null: 0,
  ethernet: 1,
  raw12: 12,
  raw14: 14,
  raw: 101,
  loop: 108,
  linuxSll: 113,
  ipv4: 228,
  ipv6: 229,
  linuxSll2: 276,
} as const;

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
/** OVS's ethertype of a frame that has a length instead (FLOW_DL_TYPE_NONE). */
const NO_TYPE = 0x05ff;
/** IPv6 extension headers that are skipped, and the maximum number of them. */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 44, 60]);
const MAX_EXTENSIONS = 8;
const FRAGMENT = 44;

/** Bits of the flags byte: headers found. */
const HAS_MACS = 1;
const HAS_TAG = 2;
const HAS_TWO_TAGS = 4;
const HAS_TYPE = 8;
const HAS_IP = 16;
const HAS_L4 = 32;

/** Offsets in the key. */
const IFACE = 0;
const FLAGS = 2;
const FRAG = 3;
const ETH_DST = 4;
const ETH_SRC = 10;
const VID = 16;
const INNER_VID = 18;
const ETH_TYPE = 20;
const PROTO = 22;
const IP_SRC = 24;
const IP_DST = 40;
const L4_SRC = 56;
const L4_DST = 58;
const TPID = 60;
const INNER_TPID = 62;
const LENGTH = 64;

/**
 * Flow key of a packet: capture interface, MACs, VLAN tags, ethertype and, for IP, addresses,
 * protocol, fragment state, and ports or ICMP type. One buffer is reused for all packets; its hash
 * is the flow's id.
 */
export class PacketKey {
  /** Words of the flow's id, after `read`. */
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;
  readonly #key = new Uint8Array(LENGTH);
  readonly #words = new Uint32Array(this.#key.buffer);

  /**
   * Reads the headers of a packet that were captured and are supported.
   *
   * @param data holds the packet at `from .. to`
   * @param link one of {@link Link}; packets of other link types form one flow
   */
  read(data: Uint8Array, from: number, to: number, link: number, iface: number): void {
    this.#key.fill(0);
    put16(this.#key, IFACE, iface & 0xffff);
    this.#link(data, from, to, link);
    this.#hash();
  }

  /** The flow's match; `inPort`: name of the port that represents the capture interface. */
  match(inPort: string): FlowMatch {
    const key = this.#key;
    const flags = key[FLAGS];
    const fields: FieldMatch[] = [];
    const add = (field: FieldName, at: number): void => {
      fields.push({ field, value: key.slice(at, at + fieldBytes(field)), mask: exactMask(field) });
    };
    const has = (bit: number): boolean => (flags & bit) !== 0;
    if (has(HAS_MACS)) {
      add('eth_src', ETH_SRC);
      add('eth_dst', ETH_DST);
    }
    if (has(HAS_TAG)) {
      add('vlan_tpid', TPID);
      add('vlan_vid', VID);
    }
    if (has(HAS_TWO_TAGS)) {
      add('cvlan_tpid', INNER_TPID);
      add('cvlan_vid', INNER_VID);
    }
    if (has(HAS_TYPE)) add('eth_type', ETH_TYPE);
    if (has(HAS_IP)) this.#addIp(add);
    const opaque = has(HAS_TYPE) ? [] : [{ name: 'headers', text: 'unsupported' }];
    return { inPort, fields, opaque };
  }

  #addIp(add: (field: FieldName, at: number) => void): void {
    const key = this.#key;
    const v4 = get16(key, ETH_TYPE) === IPV4;
    add(v4 ? 'ipv4_src' : 'ipv6_src', IP_SRC);
    add(v4 ? 'ipv4_dst' : 'ipv6_dst', IP_DST);
    add('ip_proto', PROTO);
    add('ip_frag', FRAG);
    if ((key[FLAGS] & HAS_L4) === 0) return;
    const ports = PORTS[key[PROTO]];
    if (ports !== undefined) {
      add(ports[0], L4_SRC);
      add(ports[1], L4_DST);
    } else {
      // ICMP type and code are in the low bytes.
      add(v4 ? 'icmp_type' : 'icmpv6_type', L4_SRC + 1);
      add(v4 ? 'icmp_code' : 'icmpv6_code', L4_DST + 1);
    }
  }

  #link(data: Uint8Array, from: number, to: number, link: number): void {
    switch (link) {
      case Link.ethernet:
        this.#ethernet(data, from, to);
        break;
      case Link.raw:
      case Link.raw12:
      case Link.raw14:
      case Link.ipv4:
      case Link.ipv6:
        this.#rawIp(data, from, to);
        break;
      case Link.null:
      case Link.loop:
        this.#rawIp(data, from + 4, to);
        break;
      case Link.linuxSll:
        if (from + 16 <= to) this.#vlanAndType(data, from + 14, to);
        break;
      case Link.linuxSll2:
        if (from + 20 <= to) this.#afterType(data, from + 20, to, get16(data, from));
        break;
      default:
    }
  }

  #ethernet(data: Uint8Array, from: number, to: number): void {
    if (from + 14 > to) return;
    const key = this.#key;
    for (let i = 0; i < 12; i++) key[ETH_DST + i] = data[from + i];
    key[FLAGS] |= HAS_MACS;
    this.#vlanAndType(data, from + 12, to);
  }

  /** Reads VLAN tags and the ethertype at `at`. */
  #vlanAndType(data: Uint8Array, at: number, to: number): void {
    this.#afterType(data, at + 2, to, get16(data, at));
  }

  #afterType(data: Uint8Array, from: number, to: number, first: number): void {
    const key = this.#key;
    let at = from;
    let type = first;
    for (let tags = 0; tags < 2 && TAGS.has(type) && at + 4 <= to; tags++) {
      put16(key, tags === 0 ? TPID : INNER_TPID, type);
      put16(key, tags === 0 ? VID : INNER_VID, get16(data, at) & 0x0fff);
      key[FLAGS] |= tags === 0 ? HAS_TAG : HAS_TWO_TAGS;
      type = get16(data, at + 2);
      at += 4;
    }
    put16(key, ETH_TYPE, type < 0x0600 ? NO_TYPE : type);
    key[FLAGS] |= HAS_TYPE;
    if (type === IPV4) this.#ipv4(data, at, to);
    else if (type === IPV6) this.#ipv6(data, at, to);
  }

  #rawIp(data: Uint8Array, from: number, to: number): void {
    const version = from < to ? data[from] >> 4 : 0;
    if (version === 4) this.#afterType(data, from, to, IPV4);
    else if (version === 6) this.#afterType(data, from, to, IPV6);
  }

  /** RFC 791. */
  #ipv4(data: Uint8Array, from: number, to: number): void {
    if (from + 20 > to || data[from] >> 4 !== 4) return;
    const key = this.#key;
    for (let i = 0; i < 4; i++) {
      key[IP_SRC + i] = data[from + 12 + i];
      key[IP_DST + i] = data[from + 16 + i];
    }
    const fragment = get16(data, from + 6);
    const later = (fragment & 0x1fff) !== 0;
    key[FRAG] = later ? 2 : (fragment & 0x2000) === 0 ? 0 : 1;
    key[FLAGS] |= HAS_IP;
    key[PROTO] = data[from + 9];
    if (!later) this.#l4(data, from + (data[from] & 0x0f) * 4, to, data[from + 9], 1);
  }

  /** RFC 8200. */
  #ipv6(data: Uint8Array, from: number, to: number): void {
    if (from + 40 > to || data[from] >> 4 !== 6) return;
    const key = this.#key;
    for (let i = 0; i < 32; i++) key[IP_SRC + i] = data[from + 8 + i];
    key[FLAGS] |= HAS_IP;
    let at = from + 40;
    let proto = data[from + 6];
    let later = false;
    for (let i = 0; i < MAX_EXTENSIONS && EXTENSIONS.has(proto) && at + 8 <= to; i++) {
      if (proto === FRAGMENT) {
        later = (get16(data, at + 2) & 0xfff8) !== 0;
        key[FRAG] = later ? 2 : 1;
      }
      const length = proto === FRAGMENT ? 8 : (data[at + 1] + 1) * 8;
      proto = data[at];
      at += length;
    }
    key[PROTO] = proto;
    if (!later) this.#l4(data, at, to, proto, 58);
  }

  #l4(data: Uint8Array, at: number, to: number, proto: number, icmp: number): void {
    const key = this.#key;
    if (at + 4 > to) return;
    if (PORTS[proto] !== undefined) {
      for (let i = 0; i < 4; i++) key[L4_SRC + i] = data[at + i];
    } else if (proto === icmp) {
      key[L4_SRC + 1] = data[at];
      key[L4_DST + 1] = data[at + 1];
    } else {
      return;
    }
    key[FLAGS] |= HAS_L4;
  }

  /** 128-bit hash of the key's 16 words in four lanes, after MurmurHash3 x86_128. */
  #hash(): void {
    const k = this.#words;
    let a = 0x9368_e53c;
    let b = 0x586d_cd20;
    let c = 0x1b87_3593;
    let d = 0xe654_6b64;
    for (let i = 0; i < 16; i += 4) {
      a = Math.imul(a ^ mixed(k[i], 0x239b_961b), 5) + b;
      b = Math.imul(b ^ mixed(k[i + 1], 0xab0e_9789), 5) + c;
      c = Math.imul(c ^ mixed(k[i + 2], 0x38b3_4ae5), 5) + d;
      d = Math.imul(d ^ mixed(k[i + 3], 0xa1e3_8b93), 5) + a;
    }
    a += b + c + d;
    this.w0 = finished(a);
    this.w1 = finished(b + a);
    this.w2 = finished(c + a);
    this.w3 = finished(d + a);
  }
}

/** Port fields by IP protocol number. */
const PORTS: Readonly<Record<number, readonly [FieldName, FieldName]>> = {
  6: ['tcp_src', 'tcp_dst'],
  17: ['udp_src', 'udp_dst'],
  132: ['sctp_src', 'sctp_dst'],
};

function mixed(word: number, factor: number): number {
  const k = Math.imul(word, factor);
  return Math.imul((k << 15) | (k >>> 17), 0x85eb_ca6b);
}

function finished(sum: number): number {
  let h = sum ^ (sum >>> 16);
  h = Math.imul(h, 0x85eb_ca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function get16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
}
