import assert from 'node:assert/strict';
import { composeConnection } from '../../../../engine/connections/chain/compose.ts';
import type { FindConnection } from '../../../../engine/connections/chain/tracking.ts';
import { actionsText } from '../../../../engine/model/action-text.ts';
import type { ConnectionTuple, PacketHeaders } from '../../../../engine/model/connection.ts';
import { formatFlowId } from '../../../../engine/model/flow-id.ts';
import { describeMatch } from '../../../../views/describe-flow.ts';
import { ufid } from '../../../adapters/ovs/dump/dump-lines.ts';
import {
  finder,
  headerValues,
  indexOf,
  megaflows,
  reversed,
  tracked,
  tuple,
} from './support/megaflows.ts';

const MAC1 = Uint8Array.of(2, 0, 0, 0, 0, 1);
const MAC2 = Uint8Array.of(2, 0, 0, 0, 0, 2);
const TCP = tuple(6, '10.0.0.1:1000', '10.0.0.2:80');

const EST = 'ct_state(0x22/0x3f)';
const IP =
  'eth_type(0x0800),ipv4(src=10.0.0.1/0.0.0.0,dst=10.0.0.2/0.0.0.0,proto=6,tos=0/0,ttl=64/0,frag=no)';

/** A packet in mid-connection. */
function packet(
  of: ConnectionTuple,
  inPort = 'vw1',
  more: PacketHeaders['values'] = {},
): PacketHeaders {
  const l4 = of.protocol === 6 ? 'tcp' : 'udp';
  const values = headerValues({
    eth_src: MAC1,
    eth_dst: MAC2,
    eth_type: 0x0800,
    ipv4_src: of.src,
    ipv4_dst: of.dst,
    ip_proto: of.protocol,
    ip_tos: 0,
    ip_ttl: 64,
    ip_frag: 0,
    [`${l4}_src`]: of.srcPort,
    [`${l4}_dst`]: of.dstPort,
    ...(l4 === 'tcp' ? { tcp_flags: 0x018 } : {}),
    ...more,
  });
  return { inPort, values };
}

/** The composed entry in words, or the code and the sentence of the refusal. */
function composed(texts: readonly string[], headers: PacketHeaders, find: FindConnection): string {
  const result = composeConnection(headers, indexOf(megaflows(...texts)), find);
  if (result.kind === 'refused') return `${result.code}: ${result.detail}`;
  return `${describeMatch(result.match)} -> ${actionsText(result.actions)}`;
}

const ENTRY =
  'in_port=vw1,tcp,ipv4_src=10.0.0.1,ipv4_dst=10.0.0.2,tcp_src=1000,tcp_dst=80,tcp_flags=0x0/0x7';

describe('composing the entry of a connection', () => {
  const ovn = [
    `ct_state(0/0x3f),recirc_id(0),in_port(vw1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),${IP}, actions:ct(zone=6),recirc(0x3)`,
    `${EST},ct_mark(0/0x1),recirc_id(0x3),in_port(vw1),${IP}, actions:ct(zone=8),recirc(0x4)`,
    `${EST},ct_mark(0/0x1),recirc_id(0x4),in_port(vw1),${IP}, actions:vw2`,
  ];
  const zones = (given = {}) => [6, 8].map((zone) => tracked(TCP, { zone, ...given }));

  it("composes the chain of OVN's stateful ACLs", () => {
    const result = composeConnection(packet(TCP), indexOf(megaflows(...ovn)), finder(...zones()));
    assert.equal(result.kind, 'composed');
    if (result.kind !== 'composed') return;
    const mac = 'eth_src=02:00:00:00:00:01,eth_dst=02:00:00:00:00:02';
    assert.equal(describeMatch(result.match), ENTRY.replace('tcp,', `tcp,${mac},`));
    assert.equal(actionsText(result.actions), 'vw2');
    assert.deepEqual(
      result.chain.map(({ id, recirculation }) => [formatFlowId(id), recirculation]),
      [
        [ufid(1), 0],
        [ufid(2), 3],
        [ufid(3), 4],
      ],
    );
    assert.deepEqual(
      result.tracked.map(({ connection, direction }) => [connection.zone, direction]),
      [
        [6, 'original'],
        [8, 'original'],
      ],
    );
  });

  it('does not follow a connection into megaflows of another mark', () => {
    assert.match(
      composed(ovn, packet(TCP), finder(...zones({ mark: 1 }))),
      /^chain-broken: the megaflow a1b2c3d4-.*1 \(recirc_id 0x0\) passes the packets on with recirc\(0x3\)/,
    );
  });

  it('refuses what conntrack does not know, or not as established', () => {
    const [six, eight] = zones();
    const commits = [...ovn.slice(0, 2), ovn[2].replace('vw2', 'ct(commit,zone=9),vw2')];
    assert.match(
      composed(commits, packet(TCP), finder(six, eight)),
      /^not-tracked: .*ct\(commit,zone=9\): conntrack has no such connection in zone 9$/,
    );
    assert.match(
      composed(ovn, packet(TCP), finder(six)),
      /^not-tracked: .*conntrack has no such connection in zone 8, and no megaflow matches such packets$/,
    );
    assert.match(
      composed(ovn, packet(TCP), finder(six, { ...eight, isEstablished: false })),
      /^not-established: /,
    );
  });

  describe('in a zone that has no connections', () => {
    const unknown = (actions: string): readonly string[] => [
      `recirc_id(0),in_port(vw1),${IP}, actions:ct(zone=6),recirc(0x2)`,
      `${EST},ct_mark(0x7),recirc_id(0x2),in_port(vw1),${IP}, actions:ct(zone=1,nat),recirc(0x3)`,
      `ct_state(0x21/0xff),ct_zone(0x1),ct_mark(0),ct_tuple4(src=10.0.0.1,tp_dst=80),recirc_id(0x3),in_port(vw1),${IP}, actions:${actions}`,
    ];
    const find = finder(tracked(TCP, { zone: 6, mark: 7 }));

    it('packets are +new', () => {
      assert.equal(composed(unknown('vw2'), packet(TCP), find), `${ENTRY} -> vw2`);
    });

    it('lists what must stay unknown', () => {
      const result = composeConnection(packet(TCP), indexOf(megaflows(...unknown('vw2'))), find);
      assert.deepEqual(result.kind === 'composed' && result.untracked, [{ zone: 1, tuple: TCP }]);
    });

    it('does not compose a drop, or a first packet', () => {
      const drop = composed(unknown('drop'), packet(TCP), find);
      assert.match(drop, /^not-tracked: the packets are dropped, .* in zone 1$/);
      const first = composed(unknown('ct(commit,zone=1),vw2'), packet(TCP), find);
      assert.match(first, /^not-tracked: .*ct\(commit,zone=1\): /);
    });
  });

  it('knows the direction: replies have +rpl', () => {
    const reply = [
      `recirc_id(0),in_port(vw1),${IP}, actions:ct(zone=6),recirc(0x3)`,
      `ct_state(0x2a/0x3f),recirc_id(0x3),in_port(vw1),${IP}, actions:vw2`,
      `${EST},recirc_id(0x3),in_port(vw1),${IP}, actions:vw9`,
    ];
    const connection = tracked(reversed(TCP), { zone: 6 });
    assert.equal(composed(reply, packet(TCP), finder(connection)), `${ENTRY} -> vw2`);
    const original = tracked(TCP, { zone: 6 });
    assert.equal(composed(reply, packet(TCP), finder(original)), `${ENTRY} -> vw9`);
  });

  it('composes routing after ct_clear', () => {
    const routed = [
      `recirc_id(0),in_port(vw1),${IP}, actions:ct(zone=6),recirc(0x3)`,
      `${EST},recirc_id(0x3),in_port(vw1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),${IP.replace('ttl=64/0', 'ttl=64')}, actions:ct_clear,set(eth(src=02:00:00:00:00:fe,dst=02:00:00:00:00:09)),set(ipv4(ttl=63)),ct(zone=7),recirc(0x4)`,
      `${EST},recirc_id(0x4),in_port(vw1),eth(src=02:00:00:00:00:fe,dst=02:00:00:00:00:09),${IP.replace('ttl=64/0', 'ttl=63')}, actions:vw2`,
    ];
    const both = finder(...[6, 7].map((zone) => tracked(TCP, { zone })));
    assert.equal(
      composed(routed, packet(TCP), both),
      'in_port=vw1,tcp,eth_src=02:00:00:00:00:01,eth_dst=02:00:00:00:00:02,ipv4_src=10.0.0.1,ipv4_dst=10.0.0.2,ip_ttl=64,tcp_src=1000,tcp_dst=80,tcp_flags=0x0/0x7' +
        ' -> set eth_src 02:00:00:00:00:fe, set eth_dst 02:00:00:00:00:09, set ip_ttl 3f, vw2',
    );
  });

  describe('with NAT', () => {
    const vip = tuple(6, '10.0.0.1:1000', '172.16.0.1:80');
    const balanced = tracked(vip, { zone: 6, reply: tuple(6, '10.0.0.2:8080', '10.0.0.1:1000') });
    const pipeline = (state: string): readonly string[] => [
      `recirc_id(0),in_port(vw1),${IP}, actions:ct(zone=6,nat),recirc(0x3)`,
      `ct_state(${state}),ct_tuple4(dst=172.16.0.1,tp_dst=80),recirc_id(0x3),in_port(vw1),${IP}, actions:ct(zone=8),recirc(0x4)`,
      `${state === '0x2a/0x3f' ? 'ct_state(0x2a/0x3f)' : EST},recirc_id(0x4),in_port(vw1),eth_type(0x0800),ipv4(src=10.0.0.0/255.0.0.0,dst=10.0.0.2/0.0.0.0,proto=6,tos=0/0xfc,frag=no), actions:vw2`,
    ];

    it('rewrites to the mirror of the reply', () => {
      const inside = tracked(tuple(6, '10.0.0.1:1000', '10.0.0.2:8080'), { zone: 8 });
      assert.equal(
        composed(pipeline('0xa2/0xff'), packet(vip), finder(balanced, inside)),
        'in_port=vw1,tcp,ipv4_src=10.0.0.1,ipv4_dst=172.16.0.1,ip_tos=0/0xfc,tcp_src=1000,tcp_dst=80,tcp_flags=0x0/0x7' +
          ' -> set ipv4_dst 0a:00:00:02, set tcp_dst 1f:90, vw2',
      );
    });

    it('rewrites replies to the mirror of the original', () => {
      const reply = [
        `recirc_id(0),in_port(vw1),${IP}, actions:ct(zone=6,nat),recirc(0x3)`,
        `ct_state(0x6a/0xff),recirc_id(0x3),in_port(vw1),eth_type(0x0800),ipv4(src=172.16.0.1,frag=no), actions:vw2`,
      ];
      assert.equal(
        composed(reply, packet(balanced.reply), finder(balanced)),
        'in_port=vw1,tcp,ipv4_src=10.0.0.2,ipv4_dst=10.0.0.1,tcp_src=8080,tcp_dst=1000,tcp_flags=0x0/0x7' +
          ' -> set ipv4_src ac:10:00:01, set tcp_src 00:50, vw2',
      );
    });

    it('does not guess whether +snat is set for a connection that keeps its addresses', () => {
      const kept = (mask: string): readonly string[] => [
        `recirc_id(0),in_port(vw1),${IP}, actions:ct(zone=6,nat),recirc(0x3)`,
        `ct_state(0x22/${mask}),recirc_id(0x3),in_port(vw1),${IP}, actions:vw2`,
      ];
      const find = finder(tracked(TCP, { zone: 6 }));
      assert.match(composed(kept('0x3f'), packet(TCP), find), /-> vw2$/);
      assert.match(composed(kept('0x7f'), packet(TCP), find), /^unsupported-match: .* \+snat/);
    });

    it('finds the connection again in the same zone, and translates once', () => {
      const twice = [
        `recirc_id(0),in_port(vw1),${IP}, actions:ct(zone=6,nat),recirc(0x3)`,
        `ct_state(0xa2/0xff),recirc_id(0x3),in_port(vw1),${IP}, actions:ct(commit,zone=6,mark=0x2/0x2,nat(dst=10.0.0.2:8080)),recirc(0x4)`,
        `ct_state(0xa2/0xff),recirc_id(0x4),in_port(vw1),${IP}, actions:vw2`,
      ];
      assert.match(
        composed(twice, packet(vip), finder({ ...balanced, mark: 2 })),
        /-> set ipv4_dst 0a:00:00:02, set tcp_dst 1f:90, vw2$/,
      );
      assert.match(
        composed(twice, packet(vip), finder(balanced)),
        /^commit-changes: .*the connection has the mark 0x0$/,
      );
    });

    it('is left out when a later rewrite undoes it', () => {
      const undone = [
        `recirc_id(0),in_port(vw1),${IP}, actions:ct(zone=6,nat),set(ipv4(dst=172.16.0.1)),set(tcp(dst=80)),vw2`,
      ];
      assert.match(composed(undone, packet(vip), finder(balanced)), /-> vw2$/);
    });
  });

  it('composes tags that are popped and pushed', () => {
    const headers = packet(
      TCP,
      'vw1',
      headerValues({ vlan_tpid: 0x8100, vlan_vid: 5, vlan_pcp: 3 }),
    );
    const inner = 'ipv4(proto=6,frag=no)';
    const tags = [
      `recirc_id(0),in_port(vw1),eth_type(0x8100),vlan(vid=5,pcp=3/0x0),encap(eth_type(0x0800),${inner}), actions:pop_vlan,ct(zone=6),recirc(0x3)`,
      `${EST},recirc_id(0x3),in_port(vw1),eth_type(0x0800),${inner}, actions:push_vlan(vid=7,pcp=0),ct(zone=7),recirc(0x4)`,
      `${EST},recirc_id(0x4),in_port(vw1),eth_type(0x8100),vlan(vid=7,pcp=0),encap(eth_type(0x0800),${inner}), actions:vw2`,
    ];
    const both = finder(...[6, 7].map((zone) => tracked(TCP, { zone })));
    assert.equal(
      composed(tags, headers, both),
      ENTRY.replace('tcp,', 'tcp,vlan_vid=5,') + ' -> pop VLAN, push VLAN 7, vw2',
    );
  });

  it('does not match what an action has written', () => {
    const written = [
      `recirc_id(0),in_port(vw1),${IP}, actions:set(eth(dst=02:00:00:00:00:09)),set(ipv4(tos=0x4/0xfc)),recirc(0x3)`,
      `recirc_id(0x3),in_port(vw1),eth(dst=02:00:00:00:00:09),${IP.replace('tos=0/0', 'tos=0x4/0xfd')}, actions:vw2`,
    ];
    assert.equal(
      composed(written, packet(TCP), finder()),
      ENTRY.replace('tcp_src', 'ip_tos=0/0x1,tcp_src') +
        ' -> set eth_dst 02:00:00:00:00:09, set ip_tos 04, vw2',
    );
  });

  it('drops what the vSwitch drops', () => {
    const drop = [
      `recirc_id(0),in_port(vw1),${IP}, actions:ct(zone=6),recirc(0x3)`,
      `${EST},recirc_id(0x3),in_port(vw1),${IP}, actions:drop`,
    ];
    assert.equal(
      composed(drop, packet(TCP), finder(tracked(TCP, { zone: 6 }))),
      `${ENTRY} -> drop`,
    );
  });

  it('matches flags that a megaflow looks at, of packets in mid-connection', () => {
    const flags = [`recirc_id(0),in_port(vw1),${IP},tcp_flags(+ack-syn-psh), actions:vw2`];
    assert.equal(
      composed(flags, packet(TCP), finder()),
      `${ENTRY.replace('0x0/0x7', '0x10/0x1f')} -> vw2`,
    );
  });

  const refused: readonly (readonly [code: string, actions: string])[] = [
    ['commit-changes', 'ct(commit,zone=6,mark=0x1/0x1),vw2'],
    ['commit-changes', 'ct(commit,zone=6,label=0x1/0x1),vw2'],
    ['helper', 'ct(commit,zone=6,helper=ftp),vw2'],
    ['multiple-outputs', 'vw2,vw3'],
    ['multiple-outputs', 'vw2,recirc(0x3)'],
    ['userspace', 'userspace(pid=0,slow_path(controller))'],
    ['sampling', 'sample(sample=10.0%,actions(userspace(pid=1))),vw2'],
    ['meter', 'meter(1),vw2'],
    ['packet-size', 'check_pkt_len(size=1500,gt(vw2),le(vw3))'],
    ['packet-size', 'trunc(100),vw2'],
    ['hash', 'hash(l4(0)),recirc(0x5)'],
    [
      'tunnel',
      'set(tunnel(tun_id=0x1,dst=10.0.0.9,ttl=64,tp_dst=6081,flags(df|csum|key))),gre_sys',
    ],
    ['tunnel', 'tnl_pop(4)'],
    ['unsupported-action', 'push_mpls(label=1,tc=0,ttl=64,bos=1,eth_type=0x8847),vw2'],
    ['unsupported-action', 'clone(ct_clear,vw3),vw2'],
    ['unsupported-action', 'pop_vlan,vw2'],
    ['chain-broken', 'recirc(0x9)'],
  ];
  for (const [code, actions] of refused) {
    it(`refuses ${actions}: ${code}`, () => {
      const text = composed(
        [`recirc_id(0),in_port(vw1),${IP}, actions:${actions}`],
        packet(TCP),
        finder(tracked(TCP, { zone: 6 })),
      );
      assert.equal(text.split(':')[0], code, text);
    });
  }

  it('takes a commit that changes nothing', () => {
    const label = new Uint8Array(16);
    label[15] = 3;
    const commit = [
      `recirc_id(0),in_port(vw1),${IP}, actions:ct(commit,zone=6,mark=0x5/0x7,label=0x2/0x2),vw2`,
    ];
    const connection = tracked(TCP, { zone: 6, mark: 0xd, labels: label });
    assert.equal(composed(commit, packet(TCP), finder(connection)), `${ENTRY} -> vw2`);
  });

  it('takes a commit by force of packets in the original direction alone', () => {
    const force = [`recirc_id(0),in_port(vw1),${IP}, actions:ct(force_commit,zone=6),vw2`];
    const connection = tracked(TCP, { zone: 6 });
    assert.equal(composed(force, packet(TCP), finder(connection)), `${ENTRY} -> vw2`);
    const reply = composed(force, packet(reversed(TCP)), finder(connection));
    assert.match(reply, /^commit-changes: .*it replaces the connection$/);
  });

  it('refuses a chain without end', () => {
    const loop = ['0', '0x3'].map(
      (id) => `recirc_id(${id}),in_port(vw1),${IP}, actions:recirc(0x3)`,
    );
    assert.match(composed(loop, packet(TCP), finder()), /^chain-too-long: /);
  });

  it('refuses a condition that it cannot evaluate, unless another megaflow matches', () => {
    const doubtful = `skb_mark(0x1/0x1),recirc_id(0),in_port(vw1),${IP}, actions:vw2`;
    assert.match(
      composed([doubtful], packet(TCP), finder()),
      /^unsupported-match: the megaflow .* matches skb_mark\(0x1\/0x1\)$/,
    );
    const other = `recirc_id(0),in_port(vw1),${IP.replace('proto=6,', 'proto=6/0,')}, actions:vw3`;
    assert.equal(composed([doubtful, other], packet(TCP), finder()), `${ENTRY} -> vw3`);
  });

  it('refuses what is not TCP or UDP', () => {
    const icmp = packet(TCP, 'vw1', headerValues({ ip_proto: 1 }));
    assert.match(composed([], icmp, finder()), /^protocol: /);
    const fragment = packet(TCP, 'vw1', headerValues({ ip_frag: 1 }));
    assert.match(composed([], fragment, finder()), /^protocol: /);
    const ftp = tuple(6, '10.0.0.1:1000', '10.0.0.2:21');
    const ct = [`recirc_id(0),in_port(vw1),${IP}, actions:ct(zone=6),vw2`];
    assert.match(composed(ct, packet(ftp), finder(tracked(ftp, { zone: 6 }))), /^helper: /);
    assert.match(composed([], packet(TCP), finder()), /^no-megaflow: /);
  });
});
