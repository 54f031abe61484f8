import assert from 'node:assert/strict';
import { line, QUIET, Reader, showActions } from './dump-lines.ts';

function parsed(actions: string): string | undefined {
  const reader = new Reader();
  const key = `${QUIET}in_port(vm1)`;
  const { skipped } = reader.lines(line(key, actions), line(key, 'drop', { n: 2 }));
  return skipped > 0 ? undefined : showActions(reader.table.actionsAt(reader.table.rows[0]));
}

describe('datapath flow actions', () => {
  const tunnel =
    'tnl_push(tnl_port(3),header(size=50,type=4,eth(dst=02:00:00:00:00:01,src=02:00:00:00:00:02,dl_type=0x0800),ipv4(src=1.1.1.1,dst=2.2.2.2,proto=17,tos=0,ttl=64,frag=0x4000),udp(src=0,dst=4789,csum=0x0),vxlan(flags=0x8000000,vni=0x7b)),out_port(3))';
  const cases: readonly (readonly [string, string])[] = [
    ['drop', ''],
    ['vm2', '>vm2'],
    ['br0,vm2,3', '>br0 >vm2 >3'],
    ['push_vlan(vid=20,pcp=1),vm2', 'push:8100:20:1 >vm2'],
    ['push_vlan(tpid=0x88a8,vid=5,pcp=0),vm2', 'push:88a8:5:0 >vm2'],
    ['push_vlan(vid=5,pcp=0,cfi=0)', '?push_vlan(vid=5,pcp=0,cfi=0)'],
    ['pop_vlan,vm2', 'pop >vm2'],
    [
      'set(eth(src=02:00:00:00:00:09)),set(ipv4(src=1.2.3.4,ttl=63)),set(tcp(dst=8080)),vm2',
      'set:eth_src=020000000009 set:ipv4_src=01020304 set:ip_ttl=3f set:tcp_dst=1f90 >vm2',
    ],
    ['set(eth(src=02:00:00:00:00:00/ff:00:00:00:00:00))', 'set:eth_src=020000000000/ff0000000000'],
    [
      'set(ipv6(dst=fe80::2,hlimit=3,tclass=0x4/0xfc)),vm2',
      'set:ipv6_dst=fe800000000000000000000000000002 set:ip_tos=04/fc set:ip_ttl=03 >vm2',
    ],
    ['set(nd(target=fe80::2)),vm2', 'set:nd_target=fe800000000000000000000000000002 >vm2'],
    ['set(arp(op=2,sha=02:00:00:00:00:01))', 'set:arp_op=0002 set:arp_sha=020000000001'],
    ['set(skb_priority(0x1)),vm2', '?set(skb_priority(0x1)) >vm2'],
    [
      'set(tunnel(tun_id=0x5,src=1.1.1.1,dst=3.3.3.3,ttl=64,tp_dst=4789,flags(df|key))),vm2',
      '?set(tunnel(tun_id=0x5,src=1.1.1.1,dst=3.3.3.3,ttl=64,tp_dst=4789,flags(df|key))) >vm2',
    ],
    [
      'ct(commit,zone=3,nat(src=1.2.3.4)),recirc(0x6)',
      '?ct(commit,zone=3,nat(src=1.2.3.4)) ?recirc(0x6)',
    ],
    ['ct,ct_clear,pop_eth,pop_nsh(),vm2', '?ct ?ct_clear ?pop_eth ?pop_nsh() >vm2'],
    [
      'sample(sample=50.0%,actions(vm1)),clone(vm2),meter(1),trunc(100),vm2',
      '?sample(sample=50.0%,actions(vm1)) ?clone(vm2) ?meter(1) ?trunc(100) >vm2',
    ],
    ['check_pkt_len(size=100,gt(vm2),le(vm1))', '?check_pkt_len(size=100,gt(vm2),le(vm1))'],
    [`${tunnel},hash(l4(0)),lb_output(1)`, `?${tunnel} ?hash(l4(0)) ?lb_output(1)`],
    ['userspace(pid=0,slow_path(controller))', '?userspace(pid=0,slow_path(controller))'],
    [
      'push_mpls(label=5,tc=0,ttl=64,bos=1,eth_type=0x8847),pop_mpls(eth_type=0x800)',
      '?push_mpls(label=5,tc=0,ttl=64,bos=1,eth_type=0x8847) ?pop_mpls(eth_type=0x800)',
    ],
    ['action42,action42(00 01),vm2', '?action42 ?action42(00 01) >vm2'],
    ['vm2,drop', '>vm2 ?drop'],
  ];
  for (const [text, expected] of cases) {
    it(`reads ${text}`, () => assert.equal(parsed(text), expected));
  }

  for (const text of ['', 'vm2,', ',vm2', 'set(eth(src=02:00:00:00:00:09)', 'vm2),vm3']) {
    it(`does not take ${JSON.stringify(text)} for actions`, () => {
      assert.equal(parsed(text), undefined);
    });
  }
});
