import assert from 'node:assert/strict';
import { line, QUIET, Reader, show } from './dump-lines.ts';

/** What the parser makes of a key; undefined when it does not understand it. */
function parsed(key: string): string | undefined {
  const reader = new Reader();
  const { skipped } = reader.lines(line(key, 'vm2'), line(`${QUIET}in_port(x)`, 'drop', { n: 2 }));
  if (skipped > 0) return undefined;
  return show(reader.table.matchAt(reader.table.rows[0]));
}

const ANY_MAC = '00:00:00:00:00:00/00:00:00:00:00:00';
const TCP =
  'eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2/255.255.255.0,proto=6,tos=0/0x3,ttl=64/0,' +
  'frag=no),tcp(src=5000/0,dst=80),tcp_flags(0/0)';
const TCP_FIELDS =
  'ipv4_src=0a000001 ipv4_dst=0a000000/ffffff00 ip_proto=06 ip_tos=00/03 ip_frag=00 tcp_dst=0050';

describe('datapath flow keys', () => {
  // Keys as Open vSwitch 3.1 prints them with -m --names.
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'a flow of the NORMAL action',
      `${QUIET}in_port(vm1),packet_type(ns=0,id=0),eth(src=da:fc:44:9b:38:ba,dst=33:33:00:00:00:16),eth_type(0x86dd),ipv6(src=::/::,dst=ff02::16/::,label=0/0,proto=58/0,tclass=0/0,hlimit=1/0,frag=no),icmpv6(type=143/0,code=0/0)`,
      'vm1 eth_src=dafc449b38ba eth_dst=333300000016 eth_type=86dd ip_frag=00',
    ],
    [
      'a five-tuple with partial masks',
      `${QUIET}in_port(vm1),packet_type(ns=0/0,id=0/0),eth(src=${ANY_MAC},dst=${ANY_MAC}),${TCP}`,
      `vm1 eth_type=0800 ${TCP_FIELDS}`,
    ],
    [
      'a VLAN tag',
      `${QUIET}in_port(vm1),packet_type(ns=0,id=0),eth(),eth_type(0x8100),vlan(vid=10,pcp=3),encap(${TCP})`,
      `vm1 vlan_tpid=8100 vlan_vid=000a vlan_pcp=03 eth_type=0800 ${TCP_FIELDS}`,
    ],
    [
      'two VLAN tags',
      `${QUIET}in_port(vm1),eth_type(0x88a8),vlan(vid=10,pcp=0/0x0),encap(eth_type(0x8100),vlan(vid=20/0xff,pcp=1),encap(${TCP}))`,
      `vm1 vlan_tpid=88a8 vlan_vid=000a cvlan_tpid=8100 cvlan_vid=0014/00ff cvlan_pcp=01 eth_type=0800 ${TCP_FIELDS}`,
    ],
    [
      'any tag, and nothing known behind it',
      `${QUIET}in_port(vm1),eth(),eth_type(0x8100),vlan(vid=0/0x0,pcp=2),encap()`,
      'vm1 vlan_tpid=8100 vlan_pcp=02',
    ],
    [
      'ARP',
      `${QUIET}in_port(vm1),eth(src=02:00:00:00:00:01,dst=ff:ff:ff:ff:ff:ff),eth_type(0x0806),arp(sip=10.0.0.1,tip=10.0.0.2/255.0.0.0,op=1,sha=02:00:00:00:00:01,tha=${ANY_MAC})`,
      'vm1 eth_src=020000000001 eth_dst=ffffffffffff eth_type=0806 arp_op=0001 arp_spa=0a000001 arp_tpa=0a000000/ff000000 arp_sha=020000000001',
    ],
    [
      'neighbour discovery',
      `${QUIET}in_port(vm1),eth_type(0x86dd),ipv6(src=fe80::1,dst=ff02::/ffff::,label=0x12345,proto=58,tclass=0x10,hlimit=255,frag=no),icmpv6(type=135,code=0),nd(target=fe80::1:2,sll=02:00:00:00:00:01,tll=${ANY_MAC})`,
      'vm1 eth_type=86dd ipv6_src=fe800000000000000000000000000001 ipv6_dst=ff020000000000000000000000000000/ffff0000000000000000000000000000 ipv6_flabel=012345 ip_proto=3a ip_tos=10 ip_ttl=ff ip_frag=00 icmpv6_type=87 icmpv6_code=00 nd_target=fe800000000000000000000000010002 nd_sll=020000000001',
    ],
    [
      'IPv6 with an embedded IPv4 address',
      `${QUIET}in_port(vm1),eth_type(0x86dd),ipv6(src=::ffff:1.2.3.4,dst=::,proto=17,frag=first),udp(src=1,dst=65535/0xff00)`,
      'vm1 eth_type=86dd ipv6_src=00000000000000000000ffff01020304 ipv6_dst=00000000000000000000000000000000 ip_proto=11 ip_frag=01 udp_src=0001 udp_dst=ff00/ff00',
    ],
    [
      'later fragments',
      `${QUIET}in_port(vm1),eth_type(0x0800),ipv4(src=0.0.0.0/0.0.0.0,dst=0.0.0.0/0.0.0.0,proto=17,tos=0/0,ttl=0/0,frag=later),udp(src=0,dst=0)`,
      'vm1 eth_type=0800 ip_proto=11 ip_frag=02 udp_src=0000 udp_dst=0000',
    ],
    [
      'SCTP and ICMP',
      `${QUIET}in_port(vm1),eth_type(0x0800),ipv4(proto=1,frag=no),icmp(type=8,code=0/0),sctp(src=1,dst=2)`,
      'vm1 eth_type=0800 ip_proto=01 ip_frag=00 sctp_src=0001 sctp_dst=0002 icmp_type=08',
    ],
    [
      'TCP flags that must be set and clear',
      `${QUIET}in_port(vm1),tcp_flags(+syn-ack-[200])`,
      'vm1 tcp_flags=0002/0212',
    ],
    ['exact TCP flags', `${QUIET}in_port(vm1),tcp_flags(syn|ack)`, 'vm1 tcp_flags=0012'],
    ['no TCP flag at all', `${QUIET}in_port(vm1),tcp_flags(0)`, 'vm1 tcp_flags=0000'],
    [
      'a later pass, tracked',
      'skb_priority(0/0),recirc_id(0x5),ct_state(0x21/0x23),ct_zone(0x3),ct_mark(0x1/0xff),ct_label(0/0),in_port(vm1),ct_tuple4(src=1.2.3.4/0.0.0.0,dst=0.0.0.0/0.0.0.0,proto=6/0,tp_src=0/0,tp_dst=0/0),eth_type(0x0800)',
      'vm1 eth_type=0800 recirc_id(0x5) ct_state(0x21/0x23) ct_zone(0x3) ct_mark(0x1/0xff)',
    ],
    [
      'a tunnel',
      'skb_priority(0/0),tunnel(tun_id=0x1,src=1.1.1.1,dst=2.2.2.2,ttl=64,tp_dst=4789,geneve({class=0x102,type=0x80,len=4,0xa}),flags(-df-csum+key)),in_port(vm1),eth_type(0x0800)',
      'vm1 eth_type=0800 tunnel(tun_id=0x1,src=1.1.1.1,dst=2.2.2.2,ttl=64,tp_dst=4789,geneve({class=0x102,type=0x80,len=4,0xa}),flags(-df-csum+key))',
    ],
    [
      'metadata that is a condition',
      'skb_priority(0x4),skb_mark(0x2/0xff),dp_hash(0x1/0xf),in_port(vm1),packet_type(ns=1,id=0x800)',
      'vm1 skb_priority(0x4) skb_mark(0x2/0xff) dp_hash(0x1/0xf) packet_type(ns=1,id=0x800)',
    ],
    [
      'MPLS',
      `${QUIET}in_port(vm1),eth_type(0x8847),mpls(label=100,tc=1,ttl=64,bos=1)`,
      'vm1 eth_type=8847 mpls(label=100,tc=1,ttl=64,bos=1)',
    ],
    [
      'unknown keys',
      `${QUIET}in_port(vm1),key77(00 01/ff ff),key78(00 01/00 00),nsh(flags=0),ipv4(frag=no,future=3)`,
      'vm1 ip_frag=00 key77(00 01/ff ff) nsh(flags=0) ipv4(future=3)',
    ],
    [
      'frames without an ethertype',
      `${QUIET}in_port(vm1),eth(src=02:00:00:00:00:01),eth_type(0/0xffff)`,
      'vm1 eth_src=020000000001 eth_type(0/0xffff)',
    ],
    [
      'a tag without the bit that says so',
      `${QUIET}in_port(vm1),eth_type(0x8100),vlan(vid=0,pcp=0,cfi=0)`,
      'vm1 eth_type=8100 vlan(vid=0,pcp=0,cfi=0)',
    ],
    ['a masked port', 'in_port(3/0xff),eth()', ' in_port(3/0xff)'],
    ['a port by number', 'in_port(7),eth()', '7'],
  ];
  for (const [what, key, expected] of cases) {
    it(`reads ${what}`, () => assert.equal(parsed(key), expected));
  }

  for (const [what, key] of [
    ['a port left open', `${QUIET}in_port(vm1`],
    ['a value cut off', `${QUIET}in_port(vm1),ipv4(src=10.0.0`],
    ['a number too large', `${QUIET}in_port(vm1),tcp(src=70000)`],
    ['no number', `${QUIET}in_port(vm1),tcp(src=x)`],
    ['a MAC that is none', `${QUIET}in_port(vm1),eth(src=02:00:00:00:00:0g)`],
    ['an IPv4 address that is none', `${QUIET}in_port(vm1),ipv4(src=10.0.0.256)`],
    ['an IPv6 address that is none', `${QUIET}in_port(vm1),ipv6(src=1:2:3)`],
    ['two gaps in an IPv6 address', `${QUIET}in_port(vm1),ipv6(src=1::2::3)`],
    ['a word where an attribute should be', `${QUIET}in_port(vm1),hello`],
    ['nothing', ''],
    ['leftover bytes', `${QUIET}in_port(vm1),***4 leftover bytes*** (00000000)x`],
    ['attributes run together', `${QUIET}in_port(vm1)eth()`],
  ] as const) {
    it(`does not take ${what} for a key`, () => assert.equal(parsed(key), undefined));
  }
});
