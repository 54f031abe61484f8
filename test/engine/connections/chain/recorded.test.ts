import assert from 'node:assert/strict';
import { composeConnection } from '../../../../engine/connections/chain/compose.ts';
import { actionsText } from '../../../../engine/model/action-text.ts';
import type { ConnectionTuple, TrackedConnection } from '../../../../engine/model/connection.ts';
import { describeMatch } from '../../../../views/describe-flow.ts';
import {
  finder,
  headerValues,
  indexOf,
  megaflows,
  reversed,
  tracked,
  tuple,
} from './support/megaflows.ts';

// Megaflows that Open vSwitch 3.1 made for OVN 23.03 and for the pipeline of OpenStack's firewall driver,
// without conditions that have an empty mask.

/** A logical switch with stateful ACLs. */
const STATEFUL = [
  'recirc_id(0),in_port(vw1),eth(src=02:00:00:00:01:01/01:00:00:00:00:00,dst=02:00:00:00:01:02),eth_type(0x0800),ipv4(proto=6,frag=no), actions:ct(zone=7),recirc(0x3)',
  'ct_state(0x21/0x3f),ct_mark(0/0x1),recirc_id(0x3),in_port(vw1),eth(src=02:00:00:00:01:01,dst=02:00:00:00:01:02),eth_type(0x0800),ipv4(proto=6,frag=no), actions:ct(commit,zone=7,mark=0/0x1,nat(src)),ct(zone=8),recirc(0x4)',
  'ct_state(0x22/0x3f),ct_mark(0/0x1),recirc_id(0x3),in_port(vw1),eth(src=02:00:00:00:01:01,dst=02:00:00:00:01:02),eth_type(0x0800),ipv4(proto=6,frag=no), actions:ct(zone=8),recirc(0x4)',
  'ct_state(0x21/0x3f),ct_mark(0/0x1),recirc_id(0x4),in_port(vw1),eth(src=02:00:00:00:01:01,dst=02:00:00:00:01:02/01:00:00:00:00:00),eth_type(0x0800),ipv4(frag=no), actions:ct(commit,zone=8,mark=0/0x1,nat(src)),vw2',
  'ct_state(0x22/0x3f),ct_mark(0/0x1),recirc_id(0x4),in_port(vw1),eth(src=02:00:00:00:01:01,dst=02:00:00:00:01:02/01:00:00:00:00:00),eth_type(0x0800),ipv4(frag=no), actions:vw2',
];

/** A router with a load balancer and SNAT: VIP 172.30.0.1, server 10.2.0.3, SNAT to 10.2.0.200. */
const BALANCER = [
  'ct_state(0/0x21),ct_mark(0/0x2),recirc_id(0),in_port(vw1),eth(src=02:00:00:00:01:01,dst=02:00:00:00:aa:01),eth_type(0x0800),ipv4(src=10.1.0.1/255.255.255.128,dst=172.30.0.1,ttl=64,frag=no), actions:ct(zone=3,nat),recirc(0x1f)',
  'ct_state(0xa2/0x27),ct_mark(0x2/0xe),recirc_id(0x1f),in_port(vw1),eth(src=02:00:00:00:01:01,dst=02:00:00:00:aa:01),eth_type(0x0800),ipv4(dst=10.2.0.3,proto=6,ttl=64,frag=no), actions:set(eth(src=02:00:00:00:aa:02,dst=02:00:00:00:02:03)),set(ipv4(ttl=63)),ct(zone=3,nat),recirc(0x22)',
  'ct_state(0xa2/0x29),recirc_id(0x22),in_port(vw1),eth_type(0x0800),ipv4(src=10.1.0.1/255.255.255.0,frag=no), actions:ct(commit,zone=1,nat(src=10.2.0.200)),recirc(0x23)',
  'ct_state(0x62/0x21),ct_mark(0/0x2),recirc_id(0x23),in_port(vw1),eth(src=02:00:00:00:aa:02,dst=02:00:00:00:02:03),eth_type(0x0800),ipv4(frag=no), actions:ct_clear,vw3',
  'ct_state(0/0x21),ct_mark(0/0x2),recirc_id(0),in_port(vw3),eth(src=02:00:00:00:02:03,dst=02:00:00:00:aa:02),eth_type(0x0800),ipv4(src=10.2.0.3/255.255.255.128,dst=10.2.0.200,proto=6,ttl=64,frag=no), actions:ct(zone=1,nat),recirc(0x25)',
  'ct_state(0xaa/0x27),ct_mark(0/0xe),recirc_id(0x25),in_port(vw3),eth(src=02:00:00:00:02:03,dst=02:00:00:00:aa:02),eth_type(0x0800),ipv4(dst=10.1.0.1,proto=6,ttl=64,frag=no), actions:set(eth(src=02:00:00:00:aa:01,dst=02:00:00:00:01:01)),set(ipv4(ttl=63)),ct(zone=3,nat),recirc(0x26)',
  'ct_state(0x6a/0x29),ct_mark(0x2/0x2),recirc_id(0x26),in_port(vw3),eth(src=02:00:00:00:aa:01,dst=02:00:00:00:01:01),eth_type(0x0800),ipv4(frag=no), actions:ct_clear,vw1',
];

/** A router with the floating IP 10.2.0.201 of 10.1.0.2. */
const FLOATING = [
  'ct_state(0/0x21),ct_mark(0/0x2),recirc_id(0),in_port(vw3),eth(src=02:00:00:00:02:03,dst=02:00:00:00:aa:02),eth_type(0x0800),ipv4(src=10.2.0.3/255.255.255.128,dst=10.2.0.201,proto=6,ttl=64,frag=no), actions:ct(zone=1,nat),recirc(0x16)',
  'ct_mark(0/0x2),recirc_id(0x18),in_port(vw3),eth(src=02:00:00:00:02:03,dst=02:00:00:00:aa:02),eth_type(0x0800),ipv4(dst=10.1.0.2,proto=6,ttl=64,frag=no), actions:set(eth(src=02:00:00:00:aa:01,dst=02:00:00:00:01:02)),set(ipv4(ttl=63)),ct(zone=2,nat),recirc(0x17)',
  'recirc_id(0x16),in_port(vw3),eth_type(0x0800),ipv4(dst=10.2.0.201,frag=no), actions:ct(commit,zone=2,nat(dst=10.1.0.2)),recirc(0x18)',
  'ct_state(0xa2/0x29),ct_mark(0/0x2),recirc_id(0x17),in_port(vw3),eth(src=02:00:00:00:aa:01,dst=02:00:00:00:01:02),eth_type(0x0800),ipv4(src=10.2.0.3/255.254.0.0,frag=no), actions:ct_clear,vw2',
  'ct_state(0/0x21),ct_mark(0/0x2),recirc_id(0),in_port(vw2),eth(src=02:00:00:00:01:02,dst=02:00:00:00:aa:01),eth_type(0x0800),ipv4(src=10.1.0.2/255.255.255.128,dst=10.2.0.3,proto=6,ttl=64,frag=no), actions:set(eth(src=02:00:00:00:aa:02,dst=02:00:00:00:02:03)),set(ipv4(ttl=63)),ct(zone=2,nat),recirc(0x19)',
  'ct_state(0x6a/0x29),ct_mark(0/0x2),recirc_id(0x19),in_port(vw2),eth(src=02:00:00:00:aa:02,dst=02:00:00:00:02:03),eth_type(0x0800),ipv4(frag=no), actions:ct_clear,vw3',
];

/** OpenStack's firewall driver. */
const FIREWALL = [
  'recirc_id(0),in_port(vo1),eth(src=02:00:00:00:05:01),eth_type(0x0800),ipv4(src=10.5.0.1,frag=no), actions:ct(zone=1),recirc(0x1)',
  'ct_state(0x21/0x2f),recirc_id(0x1),in_port(vo1),eth(dst=02:00:00:00:05:02),eth_type(0x0800),ipv4(proto=6,frag=no), actions:ct(commit,zone=1),vo2',
  'ct_state(0x22/0x2e),recirc_id(0x1),in_port(vo1),eth(dst=02:00:00:00:05:02),eth_type(0x0800),ipv4(proto=6,frag=no), actions:vo2',
  'recirc_id(0),in_port(vo2),eth(src=02:00:00:00:05:02),eth_type(0x0800),ipv4(src=10.5.0.2,frag=no), actions:ct(zone=1),recirc(0x2)',
  'ct_state(0x2a/0x3f),ct_zone(0x1),ct_mark(0),recirc_id(0x2),in_port(vo2),eth(dst=02:00:00:00:05:01),eth_type(0x0800),ipv4(frag=no), actions:vo1',
];

/** The last two bytes of a MAC address. */
type Mac = readonly [before: number, last: number];

/** What the entry of a packet in mid-connection matches and does, or why the packet has no entry. */
function composed(
  texts: readonly string[],
  inPort: string,
  [from, to]: readonly [Mac, Mac],
  of: ConnectionTuple,
  connections: readonly TrackedConnection[],
): readonly [match: string, actions: string] {
  const mac = ([before, last]: Mac): Uint8Array => Uint8Array.of(2, 0, 0, 0, before, last);
  const values = headerValues({
    eth_src: mac(from),
    eth_dst: mac(to),
    eth_type: 0x0800,
    ipv4_src: of.src,
    ipv4_dst: of.dst,
    ip_proto: 6,
    ip_tos: 0,
    ip_ttl: 64,
    ip_frag: 0,
    tcp_src: of.srcPort,
    tcp_dst: of.dstPort,
    tcp_flags: 0x18,
  });
  const result = composeConnection(
    { inPort, values },
    indexOf(megaflows(...texts)),
    finder(...connections),
  );
  if (result.kind === 'refused') return [result.code, result.detail];
  const match = describeMatch(result.match);
  return [match.slice(match.indexOf('ipv4_src')), actionsText(result.actions)];
}

describe('recorded chains', () => {
  it("of OVN's stateful ACLs", () => {
    const one = tuple(6, '10.1.0.1:42178', '10.1.0.2:5201');
    const zones = [7, 8].map((zone) => tracked(one, { zone }));
    assert.deepEqual(
      composed(
        STATEFUL,
        'vw1',
        [
          [1, 1],
          [1, 2],
        ],
        one,
        zones,
      ),
      ['ipv4_src=10.1.0.1,ipv4_dst=10.1.0.2,tcp_src=42178,tcp_dst=5201,tcp_flags=0x0/0x7', 'vw2'],
    );
  });

  it("of OVN's load balancer and SNAT, in both directions", () => {
    const asked = tuple(6, '10.1.0.1:57816', '172.30.0.1:5201');
    const served = tuple(6, '10.1.0.1:57816', '10.2.0.3:5201');
    const answer = tuple(6, '10.2.0.3:5201', '10.2.0.200:57816');
    const known = [
      tracked(asked, { zone: 3, reply: reversed(served), mark: 2 }),
      tracked(served, { zone: 1, reply: answer }),
    ];
    assert.deepEqual(
      composed(
        BALANCER,
        'vw1',
        [
          [1, 1],
          [0xaa, 1],
        ],
        asked,
        known,
      ),
      [
        'ipv4_src=10.1.0.1,ipv4_dst=172.30.0.1,ip_ttl=64,tcp_src=57816,tcp_dst=5201,tcp_flags=0x0/0x7',
        'set eth_src 02:00:00:00:aa:02, set eth_dst 02:00:00:00:02:03, set ipv4_src 0a:02:00:c8, set ipv4_dst 0a:02:00:03, set ip_ttl 3f, vw3',
      ],
    );
    assert.deepEqual(
      composed(
        BALANCER,
        'vw3',
        [
          [2, 3],
          [0xaa, 2],
        ],
        answer,
        known,
      ),
      [
        'ipv4_src=10.2.0.3,ipv4_dst=10.2.0.200,ip_ttl=64,tcp_src=5201,tcp_dst=57816,tcp_flags=0x0/0x7',
        'set eth_src 02:00:00:00:aa:01, set eth_dst 02:00:00:00:01:01, set ipv4_src ac:1e:00:01, set ipv4_dst 0a:01:00:01, set ip_ttl 3f, vw1',
      ],
    );
  });

  it("of OVN's floating IP, which pass a zone without connections", () => {
    const asked = tuple(6, '10.2.0.3:58786', '10.2.0.201:5201');
    const answer = tuple(6, '10.1.0.2:5201', '10.2.0.3:58786');
    const known = [tracked(asked, { zone: 2, reply: answer })];
    assert.deepEqual(
      composed(
        FLOATING,
        'vw3',
        [
          [2, 3],
          [0xaa, 2],
        ],
        asked,
        known,
      ),
      [
        'ipv4_src=10.2.0.3,ipv4_dst=10.2.0.201,ip_ttl=64,tcp_src=58786,tcp_dst=5201,tcp_flags=0x0/0x7',
        'set eth_src 02:00:00:00:aa:01, set eth_dst 02:00:00:00:01:02, set ipv4_dst 0a:01:00:02, set ip_ttl 3f, vw2',
      ],
    );
    assert.deepEqual(
      composed(
        FLOATING,
        'vw2',
        [
          [1, 2],
          [0xaa, 1],
        ],
        answer,
        known,
      ),
      [
        'ipv4_src=10.1.0.2,ipv4_dst=10.2.0.3,ip_ttl=64,tcp_src=5201,tcp_dst=58786,tcp_flags=0x0/0x7',
        'set eth_src 02:00:00:00:aa:02, set eth_dst 02:00:00:00:02:03, set ipv4_src 0a:02:00:c9, set ip_ttl 3f, vw3',
      ],
    );
  });

  it("of OpenStack's firewall, in both directions", () => {
    const one = tuple(6, '10.5.0.1:48374', '10.5.0.2:5201');
    const known = [tracked(one, { zone: 1 })];
    assert.deepEqual(
      composed(
        FIREWALL,
        'vo1',
        [
          [5, 1],
          [5, 2],
        ],
        one,
        known,
      ),
      ['ipv4_src=10.5.0.1,ipv4_dst=10.5.0.2,tcp_src=48374,tcp_dst=5201,tcp_flags=0x0/0x7', 'vo2'],
    );
    assert.deepEqual(
      composed(
        FIREWALL,
        'vo2',
        [
          [5, 2],
          [5, 1],
        ],
        reversed(one),
        known,
      ),
      ['ipv4_src=10.5.0.2,ipv4_dst=10.5.0.1,tcp_src=5201,tcp_dst=48374,tcp_flags=0x0/0x7', 'vo1'],
    );
  });
});
