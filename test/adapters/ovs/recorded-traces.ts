/**
 * Replies of ovs-vswitchd 3.1.0: a flow as `dpctl/get-flow -m` prints it, and what `ofproto/trace`
 * prints for its key. The trace of the loop is shortened.
 */
export interface RecordedTrace {
  readonly flow: string;
  readonly trace: string;
}

/** A bridge with the action NORMAL; the destination is unknown. */
export const NORMAL: RecordedTrace = {
  flow: `ufid:14f3579e-bae4-40f4-9a5e-bc70d9d52f5d, skb_priority(0/0),skb_mark(0/0),ct_state(0/0),ct_zone(0/0),ct_mark(0/0),ct_label(0/0),recirc_id(0),dp_hash(0/0),in_port(vm1),packet_type(ns=0,id=0),eth(src=02:77:00:00:00:02,dst=02:78:00:00:00:02),eth_type(0x0800),ipv4(src=10.77.0.2/0.0.0.0,dst=10.78.0.2/0.0.0.0,proto=17/0,tos=0/0,ttl=64/0,frag=no),udp(src=1002/0,dst=2002/0), packets:261, bytes:30798, used:0.002s, dp:ovs, actions:br0,vm2, dp-extra-info:miniflow_bits(5,1)`,
  trace: `Flow: udp,in_port=vm1,vlan_tci=0x0000,dl_src=02:77:00:00:00:02,dl_dst=02:78:00:00:00:02,nw_src=10.77.0.2,nw_dst=10.78.0.2,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no,tp_src=1002,tp_dst=2002

bridge("br0")
-------------
 0. priority 0
    NORMAL
     -> no learned MAC for destination, flooding

Final flow: unchanged
Megaflow: recirc_id=0,eth,ip,in_port=vm1,dl_src=02:77:00:00:00:02,dl_dst=02:78:00:00:00:02,nw_frag=no
Datapath actions: br0,vm2
`,
};

/** Rewritten headers and a VLAN tag. */
export const REWRITE: RecordedTrace = {
  flow: `ufid:d407a884-85fc-4140-b8e0-3eba0e43b09b, skb_priority(0/0),skb_mark(0/0),ct_state(0/0),ct_zone(0/0),ct_mark(0/0),ct_label(0/0),recirc_id(0),dp_hash(0/0),in_port(vm1),packet_type(ns=0,id=0),eth(src=02:77:00:00:00:03,dst=02:78:00:00:00:03/00:00:00:00:00:00),eth_type(0x0800),ipv4(src=10.77.0.3/0.0.0.0,dst=10.78.0.3/0.0.0.0,proto=17,tos=0/0,ttl=64,frag=no),udp(src=1003/0,dst=2003/0), packets:259, bytes:30562, used:0.002s, dp:ovs, actions:set(eth(src=02:00:00:00:00:99)),set(ipv4(ttl=63)),push_vlan(vid=9,pcp=0),vm2, dp-extra-info:miniflow_bits(5,1)`,
  trace: `Flow: udp,in_port=vm1,vlan_tci=0x0000,dl_src=02:77:00:00:00:03,dl_dst=02:78:00:00:00:03,nw_src=10.77.0.3,nw_dst=10.78.0.3,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no,tp_src=1003,tp_dst=2003

bridge("br0")
-------------
 0. ip,in_port=vm1,dl_src=02:77:00:00:00:03, priority 10
    set_field:02:00:00:00:00:99->eth_src
    dec_ttl
    push_vlan:0x8100
    set_field:4105->vlan_vid
    output:vm2

Final flow: udp,in_port=vm1,dl_vlan=9,dl_vlan_pcp=0,vlan_tci1=0x0000,dl_src=02:00:00:00:00:99,dl_dst=02:78:00:00:00:03,nw_src=10.77.0.3,nw_dst=10.78.0.3,nw_tos=0,nw_ecn=0,nw_ttl=63,nw_frag=no,tp_src=1003,tp_dst=2003
Megaflow: recirc_id=0,eth,udp,in_port=vm1,dl_src=02:77:00:00:00:03,nw_ttl=64,nw_frag=no
Datapath actions: set(eth(src=02:00:00:00:00:99)),set(ipv4(ttl=63)),push_vlan(vid=9,pcp=0),vm2
`,
};

/** A rule that drops. */
export const DROP: RecordedTrace = {
  flow: `ufid:37ceabb2-0a4f-4c30-9fb0-15bfd0fe0fe3, skb_priority(0/0),skb_mark(0/0),ct_state(0/0),ct_zone(0/0),ct_mark(0/0),ct_label(0/0),recirc_id(0),dp_hash(0/0),in_port(vm1),packet_type(ns=0,id=0),eth(src=02:77:00:00:00:04,dst=02:78:00:00:00:04/00:00:00:00:00:00),eth_type(0x0800),ipv4(src=10.77.0.4/0.0.0.0,dst=10.78.0.4/0.0.0.0,proto=17/0,tos=0/0,ttl=64/0,frag=no),udp(src=1004/0,dst=2004/0), packets:256, bytes:30208, used:0.001s, dp:ovs, actions:drop, dp-extra-info:miniflow_bits(5,1)`,
  trace: `Flow: udp,in_port=vm1,vlan_tci=0x0000,dl_src=02:77:00:00:00:04,dl_dst=02:78:00:00:00:04,nw_src=10.77.0.4,nw_dst=10.78.0.4,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no,tp_src=1004,tp_dst=2004

bridge("br0")
-------------
 0. ip,in_port=vm1,dl_src=02:77:00:00:00:04, priority 10
    drop

Final flow: unchanged
Megaflow: recirc_id=0,eth,ip,in_port=vm1,dl_src=02:77:00:00:00:04,nw_frag=no
Datapath actions: drop
`,
};

/** A rule that sends packets to a controller. */
export const CONTROLLER: RecordedTrace = {
  flow: `ufid:d832a1a0-e33e-4e2d-9bf9-75ca22f196d3, skb_priority(0/0),skb_mark(0/0),ct_state(0/0),ct_zone(0/0),ct_mark(0/0),ct_label(0/0),recirc_id(0),dp_hash(0/0),in_port(vm1),packet_type(ns=0,id=0),eth(src=02:77:00:00:00:05,dst=02:78:00:00:00:05/00:00:00:00:00:00),eth_type(0x0800),ipv4(src=10.77.0.5/0.0.0.0,dst=10.78.0.5/0.0.0.0,proto=17/0,tos=0/0,ttl=64/0,frag=no),udp(src=1005/0,dst=2005/0), packets:256, bytes:30208, used:0.000s, dp:ovs, actions:userspace(pid=0,controller(reason=1,dont_send=0,continuation=0,recirc_id=1,rule_cookie=0,controller_id=0,max_len=65535)), dp-extra-info:miniflow_bits(5,1)`,
  trace: `Flow: udp,in_port=vm1,vlan_tci=0x0000,dl_src=02:77:00:00:00:05,dl_dst=02:78:00:00:00:05,nw_src=10.77.0.5,nw_dst=10.78.0.5,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no,tp_src=1005,tp_dst=2005

bridge("br0")
-------------
 0. ip,in_port=vm1,dl_src=02:77:00:00:00:05, priority 10
    CONTROLLER:65535

Final flow: unchanged
Megaflow: recirc_id=0,eth,ip,in_port=vm1,dl_src=02:77:00:00:00:05,nw_frag=no
Datapath actions: userspace(pid=0,controller(reason=1,dont_send=1,continuation=0,recirc_id=1,rule_cookie=0,controller_id=0,max_len=65535))
`,
};

/** Conntrack and a second pass. */
export const CT: RecordedTrace = {
  flow: `ufid:22383b90-e356-43f5-b148-e0e659d4a205, skb_priority(0/0),skb_mark(0/0),ct_state(0/0),ct_zone(0/0),ct_mark(0/0),ct_label(0/0),recirc_id(0),dp_hash(0/0),in_port(vm1),packet_type(ns=0,id=0),eth(src=02:77:00:00:00:06,dst=02:78:00:00:00:06/00:00:00:00:00:00),eth_type(0x0800),ipv4(src=10.77.0.6/0.0.0.0,dst=10.78.0.6/0.0.0.0,proto=17/0,tos=0/0,ttl=64/0,frag=no),udp(src=1006/0,dst=2006/0), packets:257, bytes:30326, used:0.001s, dp:ovs, actions:ct,recirc(0x2), dp-extra-info:miniflow_bits(5,1)`,
  trace: `Flow: udp,in_port=vm1,vlan_tci=0x0000,dl_src=02:77:00:00:00:06,dl_dst=02:78:00:00:00:06,nw_src=10.77.0.6,nw_dst=10.78.0.6,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no,tp_src=1006,tp_dst=2006

bridge("br0")
-------------
 0. ip,in_port=vm1,dl_src=02:77:00:00:00:06, priority 10
    ct(table=1)
    drop
     -> A clone of the packet is forked to recirculate. The forked pipeline will be resumed at table 1.
     -> Sets the packet to an untracked state, and clears all the conntrack fields.

Final flow: unchanged
Megaflow: recirc_id=0,eth,ip,in_port=vm1,dl_src=02:77:00:00:00:06,nw_frag=no
Datapath actions: ct,recirc(0x2)

===============================================================================
recirc(0x2) - resume conntrack with default ct_state=trk|new (use --ct-next to customize)
===============================================================================

Flow: recirc_id=0x2,ct_state=new|trk,eth,udp,in_port=vm1,vlan_tci=0x0000,dl_src=02:77:00:00:00:06,dl_dst=02:78:00:00:00:06,nw_src=10.77.0.6,nw_dst=10.78.0.6,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no,tp_src=1006,tp_dst=2006

bridge("br0")
-------------
    thaw
        Resuming from table 1
 1. ip,dl_src=02:77:00:00:00:06, priority 1
    output:vm2

Final flow: unchanged
Megaflow: recirc_id=0x2,eth,ip,in_port=vm1,dl_src=02:77:00:00:00:06,nw_frag=no
Datapath actions: vm2
`,
};

/** Rules that resubmit without end. */
export const LOOP: RecordedTrace = {
  flow: `ufid:9ae3bfb7-30a2-4b02-b4ea-11a6629d35ce, skb_priority(0/0),skb_mark(0/0),ct_state(0/0),ct_zone(0/0),ct_mark(0/0),ct_label(0/0),recirc_id(0),dp_hash(0/0),in_port(vm1),packet_type(ns=0,id=0),eth(src=02:77:00:00:00:07,dst=02:78:00:00:00:07/00:00:00:00:00:00),eth_type(0x0800),ipv4(src=10.77.0.7/0.0.0.0,dst=10.78.0.7/0.0.0.0,proto=17/0,tos=0/0,ttl=64/0,frag=no),udp(src=1007/0,dst=2007/0), packets:261, bytes:30798, used:0.002s, dp:ovs, actions:drop, dp-extra-info:miniflow_bits(5,1)`,
  trace: `Flow: udp,in_port=vm1,vlan_tci=0x0000,dl_src=02:77:00:00:00:07,dl_dst=02:78:00:00:00:07,nw_src=10.77.0.7,nw_dst=10.78.0.7,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no,tp_src=1007,tp_dst=2007

bridge("br0")
-------------
 0. ip,in_port=vm1,dl_src=02:77:00:00:00:07, priority 10
    resubmit(,0)
 0. ip,in_port=vm1,dl_src=02:77:00:00:00:07, priority 10
    resubmit(,0)
 0. ip,in_port=vm1,dl_src=02:77:00:00:00:07, priority 10
    resubmit(,0)
 0. ip,in_port=vm1,dl_src=02:77:00:00:00:07, priority 10
    resubmit(,0)
 0. ip,in_port=vm1,dl_src=02:77:00:00:00:07, priority 10
    resubmit(,0)
     >>>> over max translation depth 64 <<<<

Final flow: unchanged
Megaflow: recirc_id=0,eth,ip,in_port=vm1,dl_src=02:77:00:00:00:07,nw_frag=no
Datapath actions: drop
Translation failed (Recursion too deep), packet is dropped.
`,
};
