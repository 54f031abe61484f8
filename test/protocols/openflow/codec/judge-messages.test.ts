import assert from 'node:assert/strict';
import { Port } from '../../../../protocols/openflow/codec/ids.ts';
import { encode } from '../../../../protocols/openflow/codec/encode.ts';
import type { Message } from '../../../../protocols/openflow/codec/messages.ts';
import { inPortMatch, NO_COOKIE } from '../../../../protocols/openflow/codec/packet.ts';
import type { PortDescription } from '../../../../protocols/openflow/codec/port.ts';
import { Wildcard10 } from '../../../../protocols/openflow/codec/match.ts';
import { OF10, OF13, type Version } from '../../../../protocols/openflow/codec/version.ts';
import { needs } from '../../../support/needs.ts';
import { apply, bytes, field, flowMod, match10, NOTHING, output, oxm } from './examples.ts';
import { ofpParse } from './ofp-parse.ts';

const ARP_REQUEST = bytes(
  'ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002'.replaceAll(
    ' ',
    '',
  ),
);
const PORT: PortDescription = {
  portNo: 7,
  hwAddr: bytes('020000000007'),
  name: 'vm1',
  config: 1,
  state: 1,
  current: 0x20,
  advertised: 0,
  supported: 0,
  peer: 0,
  currentSpeed: 0,
  maxSpeed: 0,
};
const TCP10 = match10({ ethType: 0x800, ipProto: 6 }, Wildcard10.ethType | Wildcard10.ipProto);
const TCP13 = oxm(field('eth_type', '0800'), field('ip_proto', '06'));
const TCP_NX = oxm(field('nxm_of_eth_type', '0800'), field('nxm_of_ip_proto', '06'));

/** A message (its xid is set by the test) and what must be in ovs-ofctl's words for it. */
type Case = readonly [version: Version, message: Message, ...printed: readonly string[]];

const SESSION: readonly Case[] = [
  [
    OF13,
    { type: 'hello', xid: 0, versions: [1, 4], other: NOTHING },
    'OFPT_HELLO (OF1.3)',
    'version bitmap: 0x01, 0x04',
  ],
  [
    OF10,
    { type: 'hello', xid: 0, versions: undefined, other: NOTHING },
    'OFPT_HELLO (xid',
    'version bitmap: 0x01',
  ],
  [
    OF13,
    { type: 'echo-request', xid: 0, data: bytes('abcdef') },
    'OFPT_ECHO_REQUEST (OF1.3)',
    '3 bytes of payload',
  ],
  [OF10, { type: 'echo-reply', xid: 0, data: NOTHING }, 'OFPT_ECHO_REPLY', '0 bytes of payload'],
  [OF13, { type: 'features-request', xid: 0 }, 'OFPT_FEATURES_REQUEST (OF1.3)'],
  [OF10, { type: 'features-request', xid: 0 }, 'OFPT_FEATURES_REQUEST (xid'],
  [OF13, { type: 'get-config-request', xid: 0 }, 'OFPT_GET_CONFIG_REQUEST (OF1.3)'],
  [OF13, { type: 'barrier-request', xid: 0 }, 'OFPT_BARRIER_REQUEST (OF1.3)'],
  [OF10, { type: 'barrier-request', xid: 0 }, 'OFPT_BARRIER_REQUEST (xid'],
  [OF13, { type: 'barrier-reply', xid: 0 }, 'OFPT_BARRIER_REPLY (OF1.3)'],
  [OF10, { type: 'barrier-reply', xid: 0 }, 'OFPT_BARRIER_REPLY (xid'],
  [OF13, { type: 'get-async-request', xid: 0 }, 'OFPT_GET_ASYNC_REQUEST (OF1.3)'],
  [
    OF13,
    {
      type: 'features-reply',
      xid: 0,
      datapathId: 0xabcdn,
      buffers: 256,
      tables: 254,
      auxiliaryId: 0,
      capabilities: 0x4f,
      actions: 0,
      ports: [],
    },
    'dpid:000000000000abcd',
    'n_tables:254, n_buffers:256',
    'FLOW_STATS TABLE_STATS PORT_STATS GROUP_STATS QUEUE_STATS',
  ],
  [
    OF10,
    {
      type: 'features-reply',
      xid: 0,
      datapathId: 0xabcdn,
      buffers: 0,
      tables: 1,
      auxiliaryId: 0,
      capabilities: 1,
      actions: 0x801,
      ports: [PORT],
    },
    'actions: output enqueue',
    '7(vm1): addr:02:00:00:00:00:07',
    'config:     PORT_DOWN',
  ],
  [
    OF13,
    { type: 'set-config', xid: 0, flags: 1, missSendLength: 77 },
    'OFPT_SET_CONFIG',
    'frags=drop miss_send_len=77',
  ],
  [
    OF10,
    { type: 'get-config-reply', xid: 0, flags: 0, missSendLength: 128 },
    'frags=normal miss_send_len=128',
  ],
  [
    OF13,
    { type: 'role-request', xid: 0, role: 1, generationId: 0n },
    'OFPT_ROLE_REQUEST (OF1.3)',
    'role=equal',
  ],
  [
    OF13,
    { type: 'role-reply', xid: 0, role: 3, generationId: 9n },
    'role=secondary generation_id=9',
  ],
  [
    OF10,
    { type: 'role-request', xid: 0, role: 2, generationId: 0n },
    'NXT_ROLE_REQUEST',
    'role=primary',
  ],
  [OF10, { type: 'role-reply', xid: 0, role: 1, generationId: 0n }, 'NXT_ROLE_REPLY', 'role=equal'],
  [
    OF13,
    { type: 'set-async', xid: 0, packetIn: [1, 0], portStatus: [7, 7], flowRemoved: [4, 8] },
    'OFPT_SET_ASYNC (OF1.3)',
    'PACKET_IN: no_match',
    'PORT_STATUS: add delete modify',
    'FLOW_REMOVED: delete',
  ],
  [
    OF10,
    { type: 'set-async', xid: 0, packetIn: [2, 0], portStatus: [0, 0], flowRemoved: [0, 0] },
    'NXT_SET_ASYNC_CONFIG',
    'PACKET_IN: action',
  ],
  [OF10, { type: 'nx-set-flow-format', xid: 0, format: 2 }, 'NXT_SET_FLOW_FORMAT', 'format=nxm'],
  [
    OF10,
    { type: 'nx-flow-mod-table-id', xid: 0, enabled: true },
    'NXT_FLOW_MOD_TABLE_ID',
    ': enable',
  ],
];

const PACKETS: readonly Case[] = [
  [
    OF13,
    {
      type: 'packet-in',
      xid: 0,
      bufferId: 0x111,
      totalLength: 42,
      reason: 1,
      tableId: 3,
      cookie: 0xcn,
      match: inPortMatch(5),
      data: ARP_REQUEST,
    },
    'table_id=3 cookie=0xc total_len=42 in_port=5 (via action) data_len=42 buffer=0x00000111',
    'arp_tpa=10.0.0.2',
  ],
  [
    OF10,
    {
      type: 'packet-in',
      xid: 0,
      bufferId: 0xffffffff,
      totalLength: 60,
      reason: 0,
      tableId: 0,
      cookie: NO_COOKIE,
      match: inPortMatch(Port.local),
      data: ARP_REQUEST,
    },
    'total_len=60 in_port=LOCAL (via no_match) data_len=42',
    'arp_spa=10.0.0.1',
  ],
  [
    OF13,
    {
      type: 'packet-out',
      xid: 0,
      bufferId: 0xffffffff,
      inPort: Port.controller,
      actions: [output(2)],
      data: ARP_REQUEST,
    },
    'in_port=CONTROLLER actions=output:2 data_len=42',
    'arp_op=1',
  ],
  [
    OF10,
    {
      type: 'packet-out',
      xid: 0,
      bufferId: 0x99,
      inPort: Port.any,
      actions: [output(Port.flood)],
      data: NOTHING,
    },
    'in_port=ANY actions=FLOOD buffer=0x00000099',
  ],
  [
    OF13,
    {
      type: 'flow-removed',
      xid: 0,
      cookie: 0x77n,
      priority: 9,
      reason: 1,
      tableId: 4,
      durationSec: 8,
      durationNsec: 5_000_000,
      idleTimeout: 2,
      hardTimeout: 3,
      packets: 10n,
      bytes: 2n ** 60n,
      match: TCP13,
    },
    'priority=9,tcp reason=hard table_id=4 cookie:0x77 duration8.005s idle2 hard3 pkts10 bytes1152921504606846976',
  ],
  [
    OF10,
    {
      type: 'flow-removed',
      xid: 0,
      cookie: 0x77n,
      priority: 9,
      reason: 0,
      tableId: 255,
      durationSec: 8,
      durationNsec: 0,
      idleTimeout: 2,
      hardTimeout: 0,
      packets: 10n,
      bytes: 20n,
      match: TCP10,
    },
    'priority=9,tcp reason=idle cookie:0x77 duration8s idle2 pkts10 bytes20',
  ],
  [
    OF10,
    {
      type: 'flow-removed',
      xid: 0,
      cookie: 0x77n,
      priority: 9,
      reason: 2,
      tableId: 4,
      durationSec: 8,
      durationNsec: 0,
      idleTimeout: 2,
      hardTimeout: 0,
      packets: 10n,
      bytes: 20n,
      match: TCP_NX,
    },
    'NXT_FLOW_REMOVED',
    'priority=9,tcp reason=delete table_id=4 cookie:0x77 duration8s idle2 pkts10 bytes20',
  ],
  [
    OF13,
    {
      type: 'port-status',
      xid: 0,
      reason: 2,
      port: { ...PORT, currentSpeed: 1000, maxSpeed: 2000 },
    },
    'MOD: 7(vm1): addr:02:00:00:00:00:07',
    'speed: 1 Mbps now, 2 Mbps max',
  ],
  [
    OF10,
    { type: 'port-status', xid: 0, reason: 0, port: PORT },
    'ADD: 7(vm1)',
    'current:    1GB-FD',
  ],
  [
    OF13,
    { type: 'port-mod', xid: 0, portNo: 7, hwAddr: PORT.hwAddr, config: 1, mask: 1, advertise: 0 },
    'port: 7: addr:02:00:00:00:00:07',
    'config: PORT_DOWN',
    'mask:   PORT_DOWN',
    'advertise: UNCHANGED',
  ],
  [
    OF10,
    {
      type: 'port-mod',
      xid: 0,
      portNo: 7,
      hwAddr: PORT.hwAddr,
      config: 0,
      mask: 0x10,
      advertise: 0,
    },
    'port: 7: addr:02:00:00:00:00:07',
    'mask:   NO_FLOOD',
  ],
  [OF13, { type: 'table-mod', xid: 0, tableId: 5, config: 0 }, 'table_id=5'],
  [
    OF13,
    {
      type: 'meter-mod',
      xid: 0,
      command: 0,
      flags: 5,
      meter: 3,
      bands: [
        { kind: 'drop', rate: 1000, burst: 100 },
        { kind: 'dscp-remark', rate: 500, burst: 10, steps: 2 },
      ],
    },
    'ADD meter=3 kbps burst bands=',
    'type=drop rate=1000 burst_size=100',
    'type=dscp_remark rate=500 burst_size=10 prec_level=2',
  ],
];

const EXTENSIONS: readonly Case[] = [
  [
    OF13,
    { type: 'bundle-control', xid: 0, bundle: 0xabc, control: 0, flags: 3, properties: NOTHING },
    'ONFT_BUNDLE_CONTROL (OF1.3)',
    'bundle_id=0xabc type=OPEN_REQUEST flags=atomic ordered',
  ],
  [
    OF13,
    { type: 'bundle-control', xid: 0, bundle: 1, control: 2, flags: 1, properties: NOTHING },
    'type=CLOSE_REQUEST flags=atomic\n',
  ],
  [
    OF13,
    { type: 'bundle-control', xid: 0, bundle: 1, control: 4, flags: 2, properties: NOTHING },
    'type=COMMIT_REQUEST flags=ordered',
  ],
  [
    OF13,
    { type: 'bundle-control', xid: 0, bundle: 1, control: 6, flags: 0, properties: NOTHING },
    'type=DISCARD_REQUEST',
  ],
  [
    OF13,
    {
      type: 'bundle-add',
      xid: 0,
      bundle: 0xabc,
      flags: 3,
      message: flowMod({ instructions: apply(output(4)) }),
      properties: NOTHING,
    },
    'bundle_id=0xabc flags=atomic ordered',
    'OFPT_FLOW_MOD (OF1.3)',
    'ADD priority=100 actions=output:4',
  ],
  [
    OF13,
    { type: 'flow-monitor-cancel', xid: 0, id: 5 },
    'ONFT_FLOW_MONITOR_CANCEL (OF1.3)',
    'id=5',
  ],
  [OF10, { type: 'flow-monitor-cancel', xid: 0, id: 5 }, 'NXT_FLOW_MONITOR_CANCEL', 'id=5'],
  [OF13, { type: 'flow-monitor-paused', xid: 0 }, 'ONFT_FLOW_MONITOR_PAUSED (OF1.3)'],
  [OF10, { type: 'flow-monitor-paused', xid: 0 }, 'NXT_FLOW_MONITOR_PAUSED'],
  [OF13, { type: 'flow-monitor-resumed', xid: 0 }, 'ONFT_FLOW_MONITOR_RESUMED (OF1.3)'],
  [OF10, { type: 'flow-monitor-resumed', xid: 0 }, 'NXT_FLOW_MONITOR_RESUMED'],
];

function withXid(message: Message, xid: number): Message {
  if (message.type !== 'bundle-add') return { ...message, xid };
  return { ...message, xid, message: { ...message.message, xid } };
}

async function judge(cases: readonly Case[]): Promise<void> {
  const encoded = cases.map(([version, message], xid) => encode(withXid(message, xid), version));
  const said = await ofpParse(encoded);
  for (const [xid, [, message, ...printed]] of cases.entries()) {
    const text = said.get(xid) ?? '';
    assert.doesNotMatch(text, /decode error/, text);
    for (const words of printed) {
      assert.ok(text.includes(words), `${message.type}: ${JSON.stringify(words)} not in ${text}`);
    }
  }
}

describe('openflow codec: messages, as ovs-ofctl reads them', function () {
  this.timeout(20_000);
  before(function () {
    needs(this, 'ovs');
  });

  it('session and configuration', () => judge(SESSION));
  it('packets, ports, tables and meters', () => judge(PACKETS));
  it('bundles and flow monitors', () => judge(EXTENSIONS));
});
