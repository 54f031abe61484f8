import assert from 'node:assert/strict';
import type { Action } from '../../../../protocols/openflow/codec/action.ts';
import { FlowCommand, FlowFlag, Group, Port } from '../../../../protocols/openflow/codec/ids.ts';
import type { FlowMod } from '../../../../protocols/openflow/codec/flow-mod.ts';
import type { MatchField } from '../../../../protocols/openflow/codec/match.ts';
import { Wildcard10 } from '../../../../protocols/openflow/codec/match.ts';
import { encode } from '../../../../protocols/openflow/codec/encode.ts';
import { OXM_FIELDS } from '../../../../protocols/openflow/codec/oxm-fields.ts';
import { OF10, OF13, type Version } from '../../../../protocols/openflow/codec/version.ts';
import { needs } from '../../../support/needs.ts';
import { apply, bytes, field, flowMod, match10, output, oxm } from './examples.ts';
import { ofpParse } from './ofp-parse.ts';

/** Fields of a match, and what ovs-ofctl calls that (without priority). */
type FieldCase = readonly [fields: readonly MatchField[], printed: string];

const IP = field('eth_type', '0800');
const IPV6 = field('eth_type', '86dd');
const ARP = field('eth_type', '0806');
const MPLS = field('eth_type', '8847');
const [ICMP, TCP, UDP, ICMPV6, SCTP] = [1, 6, 17, 58, 132].map((proto) =>
  field('ip_proto', proto.toString(16).padStart(2, '0')),
);
const NS = field('icmpv6_type', '87');
const NA = field('icmpv6_type', '88');
const TWO = '20010db8000000000000000000000002';

const OXM_CASES: readonly FieldCase[] = [
  [[], ''],
  [[field('in_port', '00000005')], 'in_port=5'],
  [[field('in_port', 'fffffffe')], 'in_port=LOCAL'],
  [[field('metadata', '0000000000001234')], 'metadata=0x1234'],
  [[field('metadata', '0000000000001200', '000000000000ff00')], 'metadata=0x1200/0xff00'],
  [[field('eth_dst', '020304050607')], 'dl_dst=02:03:04:05:06:07'],
  [
    [field('eth_dst', '010000000000', '010000000000')],
    'dl_dst=01:00:00:00:00:00/01:00:00:00:00:00',
  ],
  [[field('eth_src', '020304050608')], 'dl_src=02:03:04:05:06:08'],
  [[field('eth_type', '88cc')], 'dl_type=0x88cc'],
  [[field('vlan_vid', '1064')], 'dl_vlan=100'],
  [[field('vlan_vid', '1000', '1000')], 'vlan_tci=0x1000/0x1000'],
  [[field('vlan_vid', '0000')], 'vlan_tci=0x0000/0x1fff'],
  [[field('vlan_vid', '1064'), field('vlan_pcp', '05')], 'dl_vlan=100,dl_vlan_pcp=5'],
  [[IP, field('ip_dscp', '0a')], 'ip,nw_tos=40'],
  [[IP, field('ip_ecn', '02')], 'ip,nw_ecn=2'],
  [[IP, field('ip_proto', '2f')], 'ip,nw_proto=47'],
  [[IP, field('ipv4_src', '0a000001')], 'ip,nw_src=10.0.0.1'],
  [[IP, field('ipv4_dst', '0a010000', 'ffff0000')], 'ip,nw_dst=10.1.0.0/16'],
  [[IP, TCP, field('tcp_src', '0050')], 'tcp,tp_src=80'],
  [[IP, TCP, field('tcp_dst', '1f90')], 'tcp,tp_dst=8080'],
  [[IP, TCP, field('tcp_dst', '0400', 'fc00')], 'tcp,tp_dst=0x400/0xfc00'],
  [[IP, TCP, field('tcp_flags', '0002', '0012')], 'tcp,tcp_flags=+syn-ack'],
  [[IPV6, TCP, field('tcp_dst', '0050')], 'tcp6,tp_dst=80'],
  [[IP, UDP, field('udp_src', '0035')], 'udp,tp_src=53'],
  [[IP, UDP, field('udp_dst', '12b5')], 'udp,tp_dst=4789'],
  [[IP, SCTP, field('sctp_src', '0050'), field('sctp_dst', '0051')], 'sctp,tp_src=80,tp_dst=81'],
  [
    [IP, ICMP, field('icmpv4_type', '08'), field('icmpv4_code', '00')],
    'icmp,icmp_type=8,icmp_code=0',
  ],
  [[ARP, field('arp_op', '0002')], 'arp,arp_op=2'],
  [[ARP, field('arp_spa', '0a000001')], 'arp,arp_spa=10.0.0.1'],
  [[ARP, field('arp_tpa', '0a000000', 'ff000000')], 'arp,arp_tpa=10.0.0.0/8'],
  [[ARP, field('arp_sha', '020000000001')], 'arp,arp_sha=02:00:00:00:00:01'],
  [[ARP, field('arp_tha', '020000000002')], 'arp,arp_tha=02:00:00:00:00:02'],
  [[IPV6, field('ipv6_src', TWO)], 'ipv6,ipv6_src=2001:db8::2'],
  [
    [
      IPV6,
      field('ipv6_dst', '20010db8000000000000000000000000', 'ffffffff000000000000000000000000'),
    ],
    'ipv6,ipv6_dst=2001:db8::/32',
  ],
  [[IPV6, field('ipv6_flabel', '000abcde')], 'ipv6,ipv6_label=0xabcde'],
  [[IPV6, ICMPV6, NS], 'icmp6,icmp_type=135'],
  [[IPV6, ICMPV6, NS, field('icmpv6_code', '00')], 'icmp6,icmp_type=135,icmp_code=0'],
  [[IPV6, ICMPV6, NS, field('ipv6_nd_target', TWO)], 'icmp6,icmp_type=135,nd_target=2001:db8::2'],
  [
    [IPV6, ICMPV6, NS, field('ipv6_nd_sll', '020000000001')],
    'icmp6,icmp_type=135,nd_sll=02:00:00:00:00:01',
  ],
  [
    [IPV6, ICMPV6, NA, field('ipv6_nd_tll', '020000000002')],
    'icmp6,icmp_type=136,nd_tll=02:00:00:00:00:02',
  ],
  [[MPLS, field('mpls_label', '00012345')], 'mpls,mpls_label=74565'],
  [[MPLS, field('mpls_tc', '05')], 'mpls,mpls_tc=5'],
  [[MPLS, field('mpls_bos', '01')], 'mpls,mpls_bos=1'],
  [[field('tunnel_id', '0000000000000063')], 'tun_id=0x63'],
  [[{ kind: 'unknown', header: 0x0001_0004, bytes: bytes('0000abcd') }], 'reg0=0xabcd'],
  [[field('nxm_nx_pkt_mark', '00000001')], 'pkt_mark=0x1'],
];

/** OVS has these three names and no match on them. */
const NOT_IN_OVS = new Set(['in_phy_port', 'pbb_isid', 'ipv6_exthdr']);

const NX_IP = field('nxm_of_eth_type', '0800');
const NX_IPV6 = field('nxm_of_eth_type', '86dd');
const NX_TCP = field('nxm_of_ip_proto', '06');
const NX_UDP = field('nxm_of_ip_proto', '11');
const NX_ARP = field('nxm_of_eth_type', '0806');
const NX_NS = [NX_IPV6, field('nxm_of_ip_proto', '3a'), field('nxm_nx_icmpv6_type', '87')];
const NX_NA = [NX_IPV6, field('nxm_of_ip_proto', '3a'), field('nxm_nx_icmpv6_type', '88')];

const NXM_CASES: readonly FieldCase[] = [
  [[field('nxm_of_in_port', '0005')], 'in_port=5'],
  [[field('nxm_of_eth_dst', '020304050607')], 'dl_dst=02:03:04:05:06:07'],
  [[field('nxm_of_eth_src', '020304050608')], 'dl_src=02:03:04:05:06:08'],
  [[field('nxm_of_vlan_tci', '1064', '1fff')], 'dl_vlan=100'],
  [[NX_IP, field('nxm_of_ip_tos', '28')], 'ip,nw_tos=40'],
  [[NX_IP, field('nxm_of_ip_src', '0a000000', 'ff000000')], 'ip,nw_src=10.0.0.0/8'],
  [[NX_IP, field('nxm_of_ip_dst', '0a000001')], 'ip,nw_dst=10.0.0.1'],
  [
    [NX_IP, NX_TCP, field('nxm_of_tcp_src', '0050'), field('nxm_of_tcp_dst', '0051')],
    'tcp,tp_src=80,tp_dst=81',
  ],
  [
    [NX_IP, NX_UDP, field('nxm_of_udp_src', '0050'), field('nxm_of_udp_dst', '0051')],
    'udp,tp_src=80,tp_dst=81',
  ],
  [
    [
      NX_IP,
      field('nxm_of_ip_proto', '01'),
      field('nxm_of_icmp_type', '08'),
      field('nxm_of_icmp_code', '00'),
    ],
    'icmp,icmp_type=8,icmp_code=0',
  ],
  [[NX_ARP, field('nxm_of_arp_op', '0001')], 'arp,arp_op=1'],
  [[NX_ARP, field('nxm_of_arp_spa', '0a000001')], 'arp,arp_spa=10.0.0.1'],
  [[NX_ARP, field('nxm_of_arp_tpa', '0a000002')], 'arp,arp_tpa=10.0.0.2'],
  [[NX_ARP, field('nxm_nx_arp_sha', '020000000001')], 'arp,arp_sha=02:00:00:00:00:01'],
  [[NX_ARP, field('nxm_nx_arp_tha', '020000000002')], 'arp,arp_tha=02:00:00:00:00:02'],
  [[field('nxm_nx_tun_id', '0000000000000063')], 'tun_id=0x63'],
  [[NX_IPV6, field('nxm_nx_ipv6_src', TWO)], 'ipv6,ipv6_src=2001:db8::2'],
  [[NX_IPV6, field('nxm_nx_ipv6_dst', TWO)], 'ipv6,ipv6_dst=2001:db8::2'],
  [[...NX_NS, field('nxm_nx_icmpv6_code', '00')], 'icmp6,icmp_type=135,icmp_code=0'],
  [[...NX_NS, field('nxm_nx_nd_target', TWO)], 'icmp6,icmp_type=135,nd_target=2001:db8::2'],
  [
    [...NX_NS, field('nxm_nx_nd_sll', '020000000001')],
    'icmp6,icmp_type=135,nd_sll=02:00:00:00:00:01',
  ],
  [
    [...NX_NA, field('nxm_nx_nd_tll', '020000000002')],
    'icmp6,icmp_type=136,nd_tll=02:00:00:00:00:02',
  ],
  [[NX_IP, field('nxm_nx_ip_frag', '00', '03')], 'ip,nw_frag=no'],
  [[NX_IP, field('nxm_nx_ip_frag', '01', '03')], 'ip,nw_frag=first'],
  [[NX_IPV6, field('nxm_nx_ipv6_label', '000abcde')], 'ipv6,ipv6_label=0xabcde'],
  [[NX_IP, field('nxm_nx_ip_ecn', '02')], 'ip,nw_ecn=2'],
  [[NX_IP, field('nxm_nx_ip_ttl', '40')], 'ip,nw_ttl=64'],
  [[field('nxm_of_eth_type', '8847'), field('nxm_nx_mpls_ttl', '40')], 'mpls,mpls_ttl=64'],
  [[field('nxm_nx_tun_ipv4_src', '0a000001')], 'tun_src=10.0.0.1'],
  [[field('nxm_nx_tun_ipv4_dst', '0a000002')], 'tun_dst=10.0.0.2'],
  [[field('nxm_nx_pkt_mark', '00000001')], 'pkt_mark=0x1'],
  [[NX_IP, NX_TCP, field('nxm_nx_tcp_flags', '0002', '0012')], 'tcp,tcp_flags=+syn-ack'],
  [[field('nxm_nx_conj_id', '00000007')], 'conj_id=7'],
];

const W = Wildcard10;
type Case10 = readonly [FlowMod['match'], string];
const MATCH10_CASES: readonly Case10[] = [
  [match10({}, 0), ''],
  [match10({ inPort: 5 }, W.inPort), 'in_port=5'],
  [match10({ inPort: Port.local }, W.inPort), 'in_port=LOCAL'],
  [match10({ ethSrc: bytes('020304050608') }, W.ethSrc), 'dl_src=02:03:04:05:06:08'],
  [match10({ ethDst: bytes('020304050607') }, W.ethDst), 'dl_dst=02:03:04:05:06:07'],
  [match10({ vlanVid: 100 }, W.vlanVid), 'dl_vlan=100'],
  [match10({ vlanVid: 0xffff }, W.vlanVid), 'vlan_tci=0x0000'],
  [match10({ vlanVid: 100, vlanPcp: 5 }, W.vlanVid | W.vlanPcp), 'dl_vlan=100,dl_vlan_pcp=5'],
  [match10({ ethType: 0x88cc }, W.ethType), 'dl_type=0x88cc'],
  [match10({ ethType: 0x800, ipTos: 40 }, W.ethType | W.ipTos), 'ip,nw_tos=40'],
  [match10({ ethType: 0x800, ipProto: 47 }, W.ethType | W.ipProto), 'ip,nw_proto=47'],
  [match10({ ethType: 0x800, ipSrc: 0x0a000001 }, W.ethType, 32), 'ip,nw_src=10.0.0.1'],
  [match10({ ethType: 0x800, ipSrc: 0x0a000000 }, W.ethType, 8), 'ip,nw_src=10.0.0.0/8'],
  [match10({ ethType: 0x800, ipDst: 0xc0a80100 }, W.ethType, 0, 24), 'ip,nw_dst=192.168.1.0/24'],
  [
    match10(
      { ethType: 0x800, ipProto: 6, tpSrc: 80, tpDst: 81 },
      W.ethType | W.ipProto | W.tpSrc | W.tpDst,
    ),
    'tcp,tp_src=80,tp_dst=81',
  ],
  [match10({ ethType: 0x806, ipProto: 2 }, W.ethType | W.ipProto), 'arp,arp_op=2'],
];

const ACTIONS13: readonly (readonly [Action, string])[] = [
  [output(3), 'output:3'],
  [output(Port.inPort), 'IN_PORT'],
  [output(Port.normal), 'NORMAL'],
  [{ kind: 'output', port: Port.controller, maxLen: 128 }, 'CONTROLLER:128'],
  [{ kind: 'group', group: 7 }, 'group:7'],
  [{ kind: 'set-queue', queue: 4 }, 'set_queue:4'],
  [{ kind: 'push-vlan', ethType: 0x8100 }, 'push_vlan:0x8100'],
  [{ kind: 'pop-vlan' }, 'pop_vlan'],
  [{ kind: 'push-mpls', ethType: 0x8847 }, 'push_mpls:0x8847'],
  [{ kind: 'dec-nw-ttl' }, 'dec_ttl'],
  [{ kind: 'set-nw-ttl', ttl: 9 }, 'mod_nw_ttl:9'],
  [
    { kind: 'set-field', field: field('eth_src', '020000000001') },
    'set_field:02:00:00:00:00:01->eth_src',
  ],
  [{ kind: 'set-field', field: field('ipv4_dst', '0a000009') }, 'set_field:10.0.0.9->ip_dst'],
  [{ kind: 'set-field', field: field('tcp_src', '0050') }, 'set_field:80->tcp_src'],
  [{ kind: 'set-field', field: field('tunnel_id', '0000000000000063') }, 'set_field:0x63->tun_id'],
  // Nicira's resubmit, which this codec keeps as bytes.
  [{ kind: 'experimenter', experimenter: 0x2320, bytes: bytes('0001000200000000') }, 'resubmit:2'],
];

const MPLS_ACTIONS13: readonly (readonly [Action, string])[] = [
  [{ kind: 'set-mpls-ttl', ttl: 9 }, 'set_mpls_ttl(9)'],
  [{ kind: 'dec-mpls-ttl' }, 'dec_mpls_ttl'],
  [{ kind: 'pop-mpls', ethType: 0x0800 }, 'pop_mpls:0x0800'],
];

const ACTIONS10: readonly (readonly [Action, string])[] = [
  [output(3), 'output:3'],
  [output(Port.inPort), 'IN_PORT'],
  [{ kind: 'output', port: Port.controller, maxLen: 128 }, 'CONTROLLER:128'],
  [{ kind: 'enqueue', port: 3, queue: 9 }, 'enqueue:3:9'],
  [{ kind: 'set-vlan-vid', vid: 100 }, 'mod_vlan_vid:100'],
  [{ kind: 'set-vlan-pcp', pcp: 5 }, 'mod_vlan_pcp:5'],
  [{ kind: 'pop-vlan' }, 'strip_vlan'],
  [{ kind: 'set-eth-src', address: bytes('020000000001') }, 'mod_dl_src:02:00:00:00:00:01'],
  [{ kind: 'set-eth-dst', address: bytes('020000000002') }, 'mod_dl_dst:02:00:00:00:00:02'],
  [{ kind: 'set-ip-src', address: 0x0a000001 }, 'mod_nw_src:10.0.0.1'],
  [{ kind: 'set-ip-dst', address: 0x0a000002 }, 'mod_nw_dst:10.0.0.2'],
  [{ kind: 'set-ip-tos', tos: 40 }, 'mod_nw_tos:40'],
  [{ kind: 'set-tp-src', port: 80 }, 'mod_tp_src:80'],
  [{ kind: 'set-tp-dst', port: 81 }, 'mod_tp_dst:81'],
  [{ kind: 'experimenter', experimenter: 0x2320, bytes: bytes('0001000200000000') }, 'resubmit:2'],
];

/** ovs-ofctl's words for each flow-mod, its head left out. */
async function judge(flows: readonly Partial<FlowMod>[], version: Version): Promise<string[]> {
  const encoded = flows.map((flow, xid) => encode(flowMod({ ...flow, xid }), version));
  const said = await ofpParse(encoded);
  return flows.map((_, xid) =>
    (said.get(xid) ?? '').replace(/^.*\(xid=0x[0-9a-f]+\): /, '').trim(),
  );
}

async function judgeMatches(
  cases: readonly (readonly [FlowMod['match'], string])[],
  version: Version,
): Promise<void> {
  const said = await judge(
    cases.map(([match]) => ({ match, priority: 100, instructions: apply(output(2)) })),
    version,
  );
  const wanted = cases.map(
    ([, printed]) =>
      `ADD ${['priority=100', ...(printed === '' ? [] : [printed])].join(',')} actions=output:2`,
  );
  assert.deepEqual(said, wanted);
}

async function judgeActions(
  cases: readonly (readonly [Action, string])[],
  match: FlowMod['match'],
  version: Version,
): Promise<void> {
  const said = await judge(
    cases.map(([action]) => ({ match, instructions: apply(action) })),
    version,
  );
  for (const [i, [, printed]] of cases.entries()) {
    assert.equal(said[i].replace(/^ADD .*actions=/, ''), printed);
  }
}

describe('openflow codec: flow-mods, as ovs-ofctl reads them', function () {
  this.timeout(20_000);
  before(function () {
    needs(this, 'ovs');
  });

  it('every OXM field', async () => {
    await judgeMatches(
      OXM_CASES.map(([fields, printed]) => [{ kind: 'oxm', fields }, printed]),
      OF13,
    );
  });

  it('every NXM field, in Nicira messages on 1.0', async () => {
    await judgeMatches(
      NXM_CASES.map(([fields, printed]) => [{ kind: 'oxm', fields }, printed]),
      OF10,
    );
  });

  it('no field of the table is left out here', () => {
    const shown = [...OXM_CASES, ...NXM_CASES].flatMap(([fields]) =>
      fields.map((f) => (f.kind === 'field' ? f.name : '')),
    );
    const missing = Object.keys(OXM_FIELDS).filter(
      (name) => !shown.some((s) => s === name) && !NOT_IN_OVS.has(name),
    );
    // The cookie is no field of a flow, and the output of an action set none of a flow's match.
    assert.deepEqual(missing, ['actset_output', 'nxm_nx_cookie']);
  });

  it('every field of the match of 1.0', async () => {
    await judgeMatches(MATCH10_CASES, OF10);
  });

  it('every action of 1.3', async () => {
    await judgeActions(ACTIONS13, oxm(IP, TCP, field('vlan_vid', '1001')), OF13);
    await judgeActions(MPLS_ACTIONS13, oxm(MPLS), OF13);
  });

  it('every action of 1.0', async () => {
    const tcp = match10({ ethType: 0x800, ipProto: 6 }, W.ethType | W.ipProto);
    await judgeActions(ACTIONS10, tcp, OF10);
  });

  it('instructions of 1.3, in one entry', async () => {
    const [said] = await judge(
      [
        {
          instructions: [
            { kind: 'meter', meter: 3 },
            { kind: 'apply-actions', actions: [output(1)] },
            { kind: 'clear-actions' },
            { kind: 'write-actions', actions: [output(2)] },
            { kind: 'write-metadata', metadata: 0x12n, mask: 0xffn },
            { kind: 'goto-table', table: 9 },
          ],
        },
      ],
      OF13,
    );
    assert.equal(
      said,
      'ADD priority=100 actions=meter:3,output:1,clear_actions,write_actions(output:2),' +
        'write_metadata:0x12/0xff,goto_table:9',
    );
  });

  it('commands, time-outs, cookies, flags, ports and groups', async () => {
    const flags =
      FlowFlag.sendFlowRemoved |
      FlowFlag.checkOverlap |
      FlowFlag.resetCounts |
      FlowFlag.noPacketCounts |
      FlowFlag.noByteCounts;
    const said13 = await judge(
      [
        { tableId: 7, cookie: 0x123456789abcdef0n, idleTimeout: 11, hardTimeout: 12, flags },
        { command: FlowCommand.modifyStrict, cookie: 0x10n, cookieMask: 0xf0n, bufferId: 5 },
        { command: FlowCommand.delete, outPort: 9, outGroup: 8, tableId: 0xff },
        { command: FlowCommand.deleteStrict, outPort: Port.any, outGroup: Group.any },
      ],
      OF13,
    );
    // It does not print the group of a delete.
    assert.deepEqual(said13, [
      'ADD table:7 priority=100 cookie:0x123456789abcdef0 idle:11 hard:12 ' +
        'send_flow_rem check_overlap reset_counts no_packet_counts no_byte_counts actions=drop',
      'MOD_STRICT priority=100 cookie:0x10/0xf0 buf:0x5 actions=drop',
      'DEL table:255 priority=100 out_port:9 actions=drop',
      'DEL_STRICT priority=100 actions=drop',
    ]);
    const said10 = await judge(
      [
        { match: match10({}, 0), cookie: 5n, idleTimeout: 11, hardTimeout: 12, flags: 1 },
        { match: match10({}, 0), command: FlowCommand.delete, outPort: 9 },
        {
          match: oxm(field('nxm_nx_cookie', '0000000000000010', '00000000000000f0')),
          command: FlowCommand.delete,
        },
      ],
      OF10,
    );
    assert.deepEqual(said10, [
      'ADD priority=100 cookie:0x5 idle:11 hard:12 send_flow_rem actions=drop',
      'DEL priority=100 out_port:9 actions=drop',
      'DEL priority=100 cookie:0x10/0xf0 actions=drop',
    ]);
  });
});
