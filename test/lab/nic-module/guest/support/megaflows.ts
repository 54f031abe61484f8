/** A megaflow as `dpctl/add-flow` and the dump of flows write it. */
export interface Megaflow {
  readonly what: string;
  /** The key behind `in_port`; `SOURCE` is a MAC address of this flow alone. */
  readonly key: string;
  /** Ports are `OUT1`, `OUT2` and `INTERNAL`. */
  readonly actions: string;
  /**
   * Checksums that are updated, where the two differ: Open vSwitch updates that of L4 for each write
   * to an IP header, Norikae only for a write that it covers.
   */
  readonly checksums?: { readonly ovs: string; readonly ours: string | undefined };
  /** Who does not have a rule for it. */
  readonly refusedBy?: 'both' | 'ovs';
}

const MACS = 'eth(src=SOURCE,dst=02:00:00:00:00:02)';
const ipv4 = (parts: string, l4 = ''): string =>
  `${MACS},eth_type(0x0800),ipv4(${parts})${l4 === '' ? '' : `,${l4}`}`;
const ipv6 = (parts: string, l4 = ''): string =>
  `${MACS},eth_type(0x86dd),ipv6(${parts})${l4 === '' ? '' : `,${l4}`}`;
const TCP4 = ipv4('src=10.0.0.1,dst=10.0.0.2,proto=6,ttl=64,frag=no', 'tcp(src=1000,dst=80)');
const UDP6 = ipv6('src=fd00::1,dst=fd00::2,proto=17,hlimit=64,frag=no', 'udp(src=1000,dst=53)');
const NEW_MACS = 'set(eth(src=02:00:00:00:00:0a,dst=02:00:00:00:00:0b))';

/** Megaflows that both rules are made of. */
export const MEGAFLOWS: readonly Megaflow[] = [
  { what: 'MACs and IPv4', key: ipv4('frag=no'), actions: 'OUT1' },
  {
    what: 'a masked MAC',
    key: 'eth(dst=01:00:5e:00:00:00/ff:ff:ff:80:00:00),eth_type(0x0800),ipv4(frag=no)',
    actions: 'OUT1',
  },
  { what: 'another ethertype', key: `${MACS},eth_type(0x88cc)`, actions: 'OUT1' },
  { what: 'TCP over IPv4', key: TCP4, actions: 'OUT1' },
  {
    what: 'prefixes, TOS and TTL with masks',
    key: ipv4(
      'src=10.1.0.0/255.255.0.0,dst=10.2.3.0/255.255.255.0,tos=0x10/0xfc,ttl=64/0xc0,frag=no',
    ),
    actions: 'OUT1',
  },
  {
    what: 'UDP ports with a mask',
    key: ipv4('proto=17,frag=no', 'udp(src=1024/0xfc00,dst=53)'),
    actions: 'OUT1',
  },
  {
    what: 'TCP flags',
    key: ipv4('proto=6,frag=no', 'tcp(dst=80),tcp_flags(+syn-ack)'),
    actions: 'OUT1',
  },
  { what: 'SCTP', key: ipv4('proto=132,frag=no', 'sctp(src=5,dst=6)'), actions: 'OUT1' },
  { what: 'ICMP', key: ipv4('proto=1,frag=no', 'icmp(type=8,code=0)'), actions: 'OUT1' },
  {
    what: 'a first fragment',
    key: ipv4('proto=17,frag=first', 'udp(src=0/0,dst=0/0)'),
    actions: 'OUT1',
  },
  { what: 'later fragments', key: ipv4('proto=17,frag=later'), actions: 'OUT1' },
  {
    what: 'TCP over IPv6, with prefixes',
    key: ipv6('src=fd00::/ffff:ffff:ffff:ffff::,dst=fd00::2,proto=6,frag=no', 'tcp(dst=443)'),
    actions: 'OUT1',
  },
  {
    what: 'traffic class and hop limit with masks',
    key: ipv6('proto=17,tclass=0xb8/0xfc,hlimit=64/0xc0,frag=no', 'udp(dst=53)'),
    actions: 'OUT1',
  },
  { what: 'ICMPv6', key: ipv6('proto=58,frag=no', 'icmpv6(type=128,code=0)'), actions: 'OUT1' },
  {
    what: 'ARP',
    key: `${MACS},eth_type(0x0806),arp(sip=10.0.0.1,tip=10.0.0.0/255.255.255.0,op=1)`,
    actions: 'OUT1',
  },
  {
    what: 'a VLAN tag',
    key: `${MACS},eth_type(0x8100),vlan(vid=5,pcp=3),encap(eth_type(0x0800),ipv4(frag=no))`,
    actions: 'OUT1',
  },
  {
    what: 'a VLAN id alone',
    key: `${MACS},eth_type(0x8100),vlan(vid=5,pcp=0/0x0),encap(eth_type(0x86dd),ipv6(frag=no))`,
    actions: 'pop_vlan,OUT1',
  },
  {
    what: 'two VLAN tags',
    key: `${MACS},eth_type(0x88a8),vlan(vid=10,pcp=0),encap(eth_type(0x8100),vlan(vid=20,pcp=1),encap(eth_type(0x0800),ipv4(proto=6,frag=no),tcp(dst=80)))`,
    actions: 'pop_vlan,OUT1',
  },
  { what: 'a pushed tag', key: ipv4('frag=no'), actions: 'push_vlan(vid=7,pcp=3),OUT1' },
  {
    what: 'a pushed service tag',
    key: ipv4('frag=no'),
    actions: 'push_vlan(tpid=0x88a8,vid=7,pcp=0),OUT1',
  },
  {
    what: 'another VLAN id',
    key: `${MACS},eth_type(0x8100),vlan(vid=5,pcp=0),encap(eth_type(0x0800),ipv4(frag=no))`,
    actions: 'pop_vlan,push_vlan(vid=6,pcp=0),OUT1',
  },
  { what: 'new MACs', key: ipv4('frag=no'), actions: `${NEW_MACS},OUT1` },
  {
    what: 'routing of IPv4',
    key: TCP4,
    actions: `${NEW_MACS},set(ipv4(ttl=63)),OUT1`,
    checksums: { ovs: 'iph, tcp', ours: 'iph' },
  },
  {
    what: 'routing of IPv6',
    key: UDP6,
    actions: `${NEW_MACS},set(ipv6(hlimit=63)),OUT1`,
    checksums: { ovs: 'udp', ours: undefined },
  },
  {
    what: 'new addresses of IPv4',
    key: TCP4,
    actions: 'set(ipv4(src=192.0.2.1,dst=192.0.2.2)),OUT1',
  },
  {
    what: 'new addresses of IPv6',
    key: UDP6,
    actions: 'set(ipv6(src=2001:db8::1,dst=2001:db8::2)),OUT1',
  },
  { what: 'new TCP ports', key: TCP4, actions: 'set(tcp(src=2000,dst=8080)),OUT1' },
  {
    what: 'a new address and UDP port',
    key: UDP6,
    actions: 'set(ipv6(dst=2001:db8::2)),set(udp(dst=5353)),OUT1',
  },
  {
    what: 'a new DSCP',
    key: TCP4,
    actions: 'set(ipv4(tos=0xb8/0xfc)),OUT1',
    checksums: { ovs: 'iph, tcp', ours: 'iph' },
  },
  {
    what: 'a new traffic class',
    key: UDP6,
    actions: 'set(ipv6(tclass=0xb8/0xfc)),OUT1',
    checksums: { ovs: 'udp', ours: undefined },
  },
  { what: 'a drop', key: ipv4('frag=no'), actions: 'drop' },
  { what: 'two outputs', key: ipv4('frag=no'), actions: 'OUT1,OUT2' },
  {
    what: 'two outputs, one with a tag',
    key: ipv4('frag=no'),
    actions: 'OUT1,push_vlan(vid=7,pcp=0),OUT2',
  },
  { what: 'an internal port', key: ipv4('frag=no'), actions: 'INTERNAL' },
  // Without the protocol, Open vSwitch does not know which checksums to update.
  {
    what: 'routing of any protocol',
    key: ipv4('dst=10.3.0.0/255.255.0.0,ttl=64,frag=no'),
    actions: `${NEW_MACS},set(ipv4(ttl=63)),OUT1`,
    refusedBy: 'ovs',
  },
  {
    what: 'fragments of IPv6',
    key: ipv6('proto=44,frag=later'),
    actions: 'OUT1',
    refusedBy: 'both',
  },
  { what: 'a flow label', key: ipv6('label=0x1,frag=no'), actions: 'OUT1', refusedBy: 'both' },
  {
    what: 'a part of a VLAN id',
    key: `${MACS},eth_type(0x8100),vlan(vid=4/0xffc,pcp=0/0x0),encap(eth_type(0x0800),ipv4(frag=no))`,
    actions: 'OUT1',
    refusedBy: 'both',
  },
  {
    what: 'a neighbour solicitation',
    key: ipv6('proto=58,frag=no', 'icmpv6(type=135,code=0),nd(target=fd00::1)'),
    actions: 'OUT1',
    refusedBy: 'both',
  },
];
