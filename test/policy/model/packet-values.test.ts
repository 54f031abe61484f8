import assert from 'node:assert/strict';
import type { FieldMatch } from '../../../engine/model/match.ts';
import { describeKnown } from '../../../policy/model/describe-known.ts';
import { PacketValues } from '../../../policy/model/packet-values.ts';
import { exactly } from '../fixture.ts';

type Header = Exclude<keyof PacketValues, 'prototype'>;

/** What the packets of a match can have, as text. */
function valuesOf(fields: readonly FieldMatch[], header: Header): string {
  const packets = new PacketValues({ inPort: 'p', fields, opaque: [] });
  const { state, value } = describeKnown(packets[header]);
  return state === 'none' ? 'none' : `${state} ${String(value)}`;
}

function ipv4(field: 'ipv4_src' | 'ipv4_dst', address: readonly number[], mask: readonly number[]) {
  const bits = Uint8Array.from(mask);
  return { field, value: Uint8Array.from(address, (byte, i) => byte & bits[i]), mask: bits };
}

const V4 = exactly({ eth_type: 0x0800 });
const V6 = exactly({ eth_type: 0x86dd });
const ARP = exactly({ eth_type: 0x0806 });
const TCP = exactly({ eth_type: 0x0800, ip_proto: 6, ip_frag: 0 });

describe('values of the packets of a match', () => {
  const cases: readonly [string, readonly FieldMatch[], Header, string][] = [
    ['an exact field', exactly({ tcp_dst: 443 }), 'tcpDst', 'value 443'],
    ['an open field of a known protocol', TCP, 'tcpDst', 'open any'],
    ['an open field of another protocol', TCP, 'udpDst', 'none'],
    ['a protocol that is open', V4, 'tcpDst', 'open any or none'],
    ['a match without fields', [], 'tcpDst', 'open any or none'],
    [
      'a later fragment, whose ports are in an earlier packet',
      exactly({ eth_type: 0x0800, ip_proto: 6, ip_frag: 2 }),
      'tcpDst',
      'open any or none',
    ],
    ['IPv4 without addresses', V4, 'ipDst', 'open any'],
    ['IPv4 addresses of IPv6', V6, 'ipv4Dst', 'none'],
    ['IPv4 addresses of ARP', ARP, 'ipv4Dst', 'none'],
    ['addresses of ARP', ARP, 'ipDst', 'none'],
    ['addresses of a bridge that matches no ethertype', [], 'ipDst', 'open any or none'],
    [
      'an ethertype behind which the vSwitch does not look',
      exactly({ eth_type: 0x8847 }),
      'ipDst',
      'open any or none',
    ],
    [
      'a prefix',
      [...V4, ipv4('ipv4_dst', [10, 77, 0, 0], [255, 255, 0, 0])],
      'ipDst',
      'open 10.77.0.0/16',
    ],
    [
      'a mask that is no prefix',
      [...V4, ipv4('ipv4_dst', [10, 0, 0, 1], [255, 0, 0, 255])],
      'ipDst',
      'open 10.0.0.1/255.0.0.255',
    ],
    ['a packet without a tag', V4, 'vlanId', 'none'],
    ['a tag', exactly({ vlan_tpid: 0x8100 }), 'vlanId', 'open any'],
    ['a tag with its id', exactly({ vlan_tpid: 0x8100, vlan_vid: 7 }), 'vlanId', 'value 7'],
    ['an IP protocol', V4, 'ipProto', 'open any'],
    ['the IP protocol of ARP', ARP, 'ipProto', 'none'],
    ['a protocol', TCP, 'protocol', 'value tcp'],
    ['a protocol of IPv4', V4, 'protocol', 'open icmp or tcp or udp or icmpv6 or sctp or ip'],
    ['an unnamed IP protocol', exactly({ eth_type: 0x86dd, ip_proto: 47 }), 'protocol', 'value ip'],
    ['an unnamed ethertype', exactly({ eth_type: 0x88cc }), 'protocol', 'value other'],
    ['a destination that is open', V4, 'cast', 'open unicast or multicast or broadcast'],
    [
      'a destination prefix without multicast',
      [...V4, ipv4('ipv4_dst', [10, 0, 0, 0], [255, 0, 0, 0])],
      'cast',
      'value unicast',
    ],
    [
      'a destination prefix with multicast',
      [...V4, ipv4('ipv4_dst', [192, 0, 0, 0], [192, 0, 0, 0])],
      'cast',
      'open unicast or multicast or broadcast',
    ],
    ['a group MAC', exactly({ eth_dst: [1, 0, 0, 0, 0, 0] }), 'cast', 'value multicast'],
  ];
  for (const [what, fields, header, values] of cases) {
    it(`of ${what}: ${header} is ${values}`, () => {
      assert.equal(valuesOf(fields, header), values);
    });
  }
});
