import assert from 'node:assert/strict';
import { flowEnds } from '../../api/flow-ends.ts';

describe('ends of a flow', () => {
  const MATCHES: readonly (readonly [string, string])[] = [
    [
      'in_port=vm1,tcp,ipv4_src=10.0.0.1,ipv4_dst=10.0.0.2,tcp_src=1,tcp_dst=443',
      'tcp 10.0.0.1:1 > 10.0.0.2:443',
    ],
    [
      'in_port=vm1,udp6,ipv6_src=fe80::1,ipv6_dst=fe80::2,udp_dst=53',
      'udp6 fe80::1 > [fe80::2]:53',
    ],
    ['in_port=p0,ip,ipv4_dst=10.0.0.0/8', 'ip any > 10.0.0.0/8'],
    ['in_port=p0,tcp,eth_src=02:00:00:00:00:01,ipv4_dst=10.0.0.2', 'tcp any > 10.0.0.2'],
    ['in_port=vm1,arp,arp_spa=10.0.0.1,arp_tpa=10.0.0.2', 'arp 10.0.0.1 > 10.0.0.2'],
    [
      'in_port=p0,eth_src=02:00:00:00:00:01,eth_dst=02:00:00:00:00:02',
      'any 02:00:00:00:00:01 > 02:00:00:00:00:02',
    ],
    ['in_port=p0,eth_type=0x88cc', '0x88cc any > any'],
    ['in_port=p0', 'any any > any'],
  ];

  for (const [match, words] of MATCHES) {
    it(`are ${words} for ${match}`, () => {
      const { protocol, from, to } = flowEnds(match, 'any');
      assert.equal(`${protocol} ${from} > ${to}`, words);
    });
  }
});
