import type { Seeded } from '../../../../support/seeded.ts';
import {
  ipv4,
  ipv6,
  maskedIpv4,
  maskedIpv6,
  maskedMac,
  maskedNumber,
  maskedWide,
} from './generated-values.ts';

/*
 * Keys of datapath flows as `dpctl/add-flow` takes them: every attribute of the userspace datapath
 * (lib/odp-util.c, parse_odp_key_mask_attr), each part left out now and then.
 */

const TCP_FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr', 'ns', '[200]', '[800]'];
const CT_FLAGS = ['new', 'est', 'rel', 'rpl', 'inv', 'trk', 'snat', 'dnat'];
const TUNNEL_FLAGS = ['df', 'csum', 'key', 'oam'];

/** The key of a flow that comes in by the datapath's port `inPort`. */
export function generatedKey(random: Seeded, inPort: number): string {
  const around = [...metadata(random), `in_port(${inPort})`];
  if (random.chance(0.05)) return [...around, ...layer3Only(random)].join(',');
  const frame = random.chance(0.3) ? tagged(random, random.pick([1, 1, 2])) : payload(random);
  return [...around, named('eth', eth(random)), ...frame].join(',');
}

/** `name(parts)`. */
export function named(name: string, parts: readonly string[]): string {
  return `${name}(${parts.join(',')})`;
}

function eth(random: Seeded): readonly string[] {
  return random.some([`src=${maskedMac(random)}`, `dst=${maskedMac(random)}`], 0.8);
}

/** Conditions on what is not in the packet. Most flows have none. */
function metadata(random: Seeded): readonly string[] {
  if (random.chance(0.6)) return [];
  const all = [
    `skb_priority(${maskedNumber(random, 32)})`,
    `skb_mark(${maskedNumber(random, 32)})`,
    `ct_state(${flagsOrBits(random, CT_FLAGS, 8)})`,
    `ct_zone(${maskedNumber(random, 16)})`,
    `ct_mark(${maskedNumber(random, 32)})`,
    `ct_label(${maskedWide(random, 128)})`,
    `recirc_id(${random.between(1, 0xffff_ffff)})`,
    `dp_hash(${maskedNumber(random, 32)})`,
    tunnel(random),
  ];
  return random.some(all, 0.3);
}

/** `+syn-ack`, `syn|ack`, or a number with a mask. */
function flagsOrBits(random: Seeded, flags: readonly string[], bits: number): string {
  const some = random.some(flags, 0.3);
  if (some.length === 0) return `${random.below(2 ** bits)}/0x${(2 ** bits - 1).toString(16)}`;
  if (random.chance(0.3)) return some.join('|');
  return some.map((flag) => random.pick(['+', '-']) + flag).join('');
}

function tunnel(random: Seeded): string {
  const v6 = random.chance(0.3);
  const ends = v6
    ? [`ipv6_src=${maskedIpv6(random)}`, `ipv6_dst=${ipv6(random)}`]
    : [`src=${maskedIpv4(random)}`, `dst=${ipv4(random)}`];
  const kinds = [
    `geneve({class=0x${random.below(0xffff).toString(16)},type=0x80,len=4,0x${random.below(0xffff).toString(16)}})`,
    `vxlan(gbp(id=${random.below(0xffff)},flags=0x8))`,
    `gtpu(flags=0x${random.below(255).toString(16)},msgtype=255)`,
    '',
  ];
  const kind = random.pick(kinds);
  const parts = [
    `tun_id=${maskedWide(random, 64)}`,
    ...ends,
    ...random.some([`tos=${maskedNumber(random, 8)}`], 0.5),
    `ttl=${maskedNumber(random, 8)}`,
    ...random.some([`tp_src=${maskedNumber(random, 16)}`, 'tp_dst=4789'], 0.7),
    ...(kind === '' ? [] : [kind]),
    `flags(${flagsOrBits(random, TUNNEL_FLAGS, 1)})`,
  ];
  return named('tunnel', parts);
}

/** A packet that never had an Ethernet header. */
function layer3Only(random: Seeded): readonly string[] {
  return random.chance(0.5)
    ? ['packet_type(ns=1,id=0x800)', 'eth_type(0x0800)', ...ipv4Packet(random)]
    : ['packet_type(ns=1,id=0x86dd)', 'eth_type(0x86dd)', ...ipv6Packet(random)];
}

function tagged(random: Seeded, tags: number): readonly string[] {
  const inside = tags > 1 ? tagged(random, tags - 1) : payload(random);
  const tpid = tags > 1 ? random.pick(['0x88a8', '0x8100']) : '0x8100';
  const parts = random.some(
    [`vid=${maskedNumber(random, 12)}`, `pcp=${maskedNumber(random, 3)}`],
    0.8,
  );
  return [`eth_type(${tpid})`, named('vlan', parts), named('encap', inside)];
}

function payload(random: Seeded): readonly string[] {
  const kinds = [ipv4Frame, ipv4Frame, ipv4Frame, ipv6Frame, ipv6Frame, arpFrame, mplsFrame];
  if (random.chance(0.05))
    return [`eth_type(0x${random.between(0x7000, 0x7fff).toString(16)}/0xff0f)`];
  return random.pick(kinds)(random);
}

function ipv4Frame(random: Seeded): readonly string[] {
  return ['eth_type(0x0800)', ...ipv4Packet(random)];
}

function ipv6Frame(random: Seeded): readonly string[] {
  return ['eth_type(0x86dd)', ...ipv6Packet(random)];
}

function arpFrame(random: Seeded): readonly string[] {
  const parts = [
    `sip=${maskedIpv4(random)}`,
    `tip=${maskedIpv4(random)}`,
    `op=${random.pick([1, 2])}`,
    `sha=${maskedMac(random)}`,
    `tha=${maskedMac(random)}`,
  ];
  return ['eth_type(0x0806)', named('arp', random.some(parts, 0.8))];
}

function mplsFrame(random: Seeded): readonly string[] {
  const label = (bottom: number): string =>
    `label=${maskedNumber(random, 20)},tc=${maskedNumber(random, 3)},ttl=${maskedNumber(random, 8)},bos=${bottom}`;
  const stack = random.chance(0.3) ? [label(0), label(1)] : [label(1)];
  return [`eth_type(${random.pick(['0x8847', '0x8848'])})`, named('mpls', stack)];
}

function ipv4Packet(random: Seeded): readonly string[] {
  const frag = random.pick(['no', 'no', 'no', 'first', 'later']);
  const proto = random.pick([6, 6, 17, 17, 132, 1, 2, 47]);
  const parts = [
    ...random.some([`src=${maskedIpv4(random)}`, `dst=${maskedIpv4(random)}`], 0.8),
    `proto=${proto}`,
    ...random.some([`tos=${maskedNumber(random, 8)}`, `ttl=${maskedNumber(random, 8)}`]),
    `frag=${frag}`,
  ];
  return [named('ipv4', parts), ...(frag === 'later' ? [] : layer4(random, proto))];
}

function ipv6Packet(random: Seeded): readonly string[] {
  const frag = random.pick(['no', 'no', 'no', 'first', 'later']);
  const proto = random.pick([6, 17, 132, 58, 58, 59]);
  const parts = [
    ...random.some([`src=${maskedIpv6(random)}`, `dst=${maskedIpv6(random)}`], 0.8),
    ...random.some([`label=${maskedNumber(random, 20)}`]),
    `proto=${proto}`,
    ...random.some([`tclass=${maskedNumber(random, 8)}`, `hlimit=${maskedNumber(random, 8)}`]),
    `frag=${frag}`,
  ];
  return [named('ipv6', parts), ...(frag === 'later' ? [] : layer4(random, proto))];
}

function layer4(random: Seeded, proto: number): readonly string[] {
  const ports = (name: string): string =>
    named(
      name,
      random.some([`src=${maskedNumber(random, 16)}`, `dst=${maskedNumber(random, 16)}`], 0.8),
    );
  switch (proto) {
    case 6: {
      const flags = `tcp_flags(${flagsOrBits(random, TCP_FLAGS, 12)})`;
      return [ports('tcp'), ...random.some([flags])];
    }
    case 17:
      return [ports('udp')];
    case 132:
      return [ports('sctp')];
    case 1:
      return [
        named('icmp', [`type=${maskedNumber(random, 8)}`, `code=${maskedNumber(random, 8)}`]),
      ];
    case 58:
      return icmpv6(random);
    default:
      return [];
  }
}

function icmpv6(random: Seeded): readonly string[] {
  if (random.chance(0.4)) {
    // Below 128: the two types of neighbor discovery need an nd(...).
    return [
      named('icmpv6', [`type=${maskedNumber(random, 7)}`, `code=${maskedNumber(random, 8)}`]),
    ];
  }
  const type = random.pick([135, 136]);
  const layer2 = `${type === 135 ? 'sll' : 'tll'}=${maskedMac(random)}`;
  const parts = [`target=${maskedIpv6(random)}`, ...random.some([layer2])];
  return [`icmpv6(type=${type},code=0)`, named('nd', parts)];
}
