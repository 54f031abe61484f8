import assert from 'node:assert/strict';
import { encodeMatch } from '../../../../../adapters/nic/flower/rules/match-encoder.ts';
import type { FieldMatch } from '../../../../../engine/model/match.ts';
import { exactly } from '../../../../support/match-fields.ts';
import { decodedFields } from './support/decoded-match.ts';
import { IPV4, IPV6, masked, withProto } from './support/rules.ts';

const encode = (...fields: readonly FieldMatch[]) =>
  encodeMatch({ inPort: 'vm1', fields, opaque: [] }, true);

const TAG = exactly('vlan_tpid', 0x8100);
const ETH_IPV4 = exactly('eth_type', 0x0800);
const ETH_ARP = exactly('eth_type', 0x0806);
const FIRST = exactly('ip_frag', 1);

/** Each reason with a match that has it. */
const REFUSED: readonly (readonly [reason: string, fields: readonly FieldMatch[]])[] = [
  ['no exact ethertype is matched', []],
  ['no exact ethertype is matched', [masked('eth_type', 0x0800, 0xff00)]],
  ['vlan_vid is matched without a VLAN tag', [exactly('vlan_vid', 5), ETH_IPV4]],
  ['cvlan_pcp is matched without a VLAN tag', [TAG, exactly('cvlan_pcp', 5), ETH_IPV4]],
  ['the VLAN tag is not exactly 0x8100 or 0x88a8', [exactly('vlan_tpid', 0x9100), ETH_IPV4]],
  [
    'the inner VLAN tag is matched without the outer one',
    [exactly('cvlan_tpid', 0x8100), ETH_IPV4],
  ],
  ['the packets have a VLAN tag that the match does not describe', [exactly('eth_type', 0x8100)]],
  [
    'the packets have a third VLAN tag',
    [TAG, exactly('cvlan_tpid', 0x8100), exactly('eth_type', 0x8100)],
  ],
  [
    'a part of vlan_vid is matched, and flower compares the whole field',
    [TAG, masked('vlan_vid', 4, 0xffc), ETH_IPV4],
  ],
  [
    'a part of vlan_pcp is matched, and flower compares the whole field',
    [TAG, masked('vlan_pcp', 4, 4), ETH_IPV4],
  ],
  [
    'a part of ip_proto is matched, and flower compares the whole field',
    [...IPV4, masked('ip_proto', 4, 0xfe)],
  ],
  [
    'a part of ip_frag is matched, and flower compares the whole field',
    [ETH_IPV4, masked('ip_frag', 0, 1)],
  ],
  ['ip_frag is matched, but not the ethertype it belongs to', [ETH_ARP, FIRST]],
  ['the packets are fragments of IPv6', [exactly('eth_type', 0x86dd), FIRST]],
  ['the packets are fragments of IPv6', withProto(IPV6, 44)],
  [
    'the protocol of IPv6 is matched, and fragments are not excluded',
    [exactly('eth_type', 0x86dd), exactly('ip_proto', 6)],
  ],
  [
    'flower does not read the L4 headers of fragments',
    withProto([ETH_IPV4, FIRST], 17, exactly('udp_dst', 53)),
  ],
  [
    'L4 fields are matched as zero, and fragments are not excluded',
    withProto([ETH_IPV4], 17, exactly('udp_dst', 0)),
  ],
  ['ARP packets other than requests and replies are matched', [ETH_ARP, exactly('arp_op', 3)]],
  ['ARP packets other than requests and replies are matched', [ETH_ARP, exactly('arp_op', 0)]],
  ['fields of ARP are matched as zero, but no operation', [ETH_ARP, exactly('arp_spa', 0)]],
  ['ipv6_flabel is matched, which flower does not read', [...IPV6, exactly('ipv6_flabel', 1)]],
  ['ipv4_src is matched, but not the ethertype it belongs to', [...IPV6, exactly('ipv4_src', 1)]],
  ['tcp_dst is matched, but not IP protocol 6', withProto(IPV4, 17, exactly('tcp_dst', 1))],
];

describe('matches of rules of tc flower', () => {
  for (const [reason, fields] of REFUSED) {
    it(`are refused where ${reason}: ${fields.map(({ field }) => field).join(', ')}`, () => {
      assert.equal(encode(...fields), reason);
    });
  }

  it('are refused with conditions outside the catalogue', () => {
    const opaque = [{ name: 'recirc_id', text: '0x1' }];
    assert.equal(
      encodeMatch({ inPort: 'vm1', fields: IPV4, opaque }, true),
      'the condition recirc_id cannot be matched: 0x1',
    );
  });

  it('have the ethertype that the packet has on the wire', () => {
    const protocolOf = (...fields: readonly FieldMatch[]): unknown => {
      const encoded = encode(...fields);
      assert(typeof encoded !== 'string', 'the match is refused');
      return encoded.protocol;
    };
    assert.equal(protocolOf(...IPV4), 0x0800);
    assert.equal(protocolOf(exactly('vlan_tpid', 0x88a8), ETH_IPV4), 0x88a8);
    assert.equal(
      protocolOf(exactly('vlan_tpid', 0x88a8), exactly('cvlan_tpid', 0x8100), ETH_IPV4),
      0x88a8,
    );
  });

  it('of packets with an inner tag that the vSwitch does not read are those of that tag', () => {
    const fields = [TAG, exactly('vlan_vid', 5), exactly('eth_type', 0x88a8)];
    const encoded = encode(...fields);
    assert(typeof encoded !== 'string');
    assert.deepEqual(
      decodedFields(encoded.keys).map(({ field }) => field),
      ['vlan_tpid', 'vlan_vid', 'eth_type'],
    );
  });

  it('on fields that fragments or other ARP packets lack are exact while they are not zero', () => {
    assert(typeof encode(...withProto([ETH_IPV4], 17, exactly('udp_dst', 53))) !== 'string');
    assert(typeof encode(ETH_ARP, exactly('arp_spa', 1)) !== 'string');
  });
});
