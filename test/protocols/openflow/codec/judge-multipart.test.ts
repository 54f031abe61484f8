import assert from 'node:assert/strict';
import type { FlowStats } from '../../../../protocols/openflow/codec/flow-stats.ts';
import { Group, MonitorFlag, Port } from '../../../../protocols/openflow/codec/ids.ts';
import { Wildcard10 } from '../../../../protocols/openflow/codec/match.ts';
import { encode } from '../../../../protocols/openflow/codec/encode.ts';
import type { ReplyBody, RequestBody } from '../../../../protocols/openflow/codec/multipart.ts';
import { OF10, OF13, type Version } from '../../../../protocols/openflow/codec/version.ts';
import { needs } from '../../../support/needs.ts';
import { apply, bytes, field, match10, output, oxm } from './examples.ts';
import { ofpParse } from './ofp-parse.ts';

const TCP10 = match10({ ethType: 0x800, ipProto: 6 }, Wildcard10.ethType | Wildcard10.ipProto);
const TCP13 = oxm(field('eth_type', '0800'), field('ip_proto', '06'));
const TCP_NX = oxm(field('nxm_of_eth_type', '0800'), field('nxm_of_ip_proto', '06'));

type RequestCase = readonly [Version, RequestBody, ...(readonly string[])];
type ReplyCase = readonly [Version, ReplyBody, ...(readonly string[])];

const ANY = { outGroup: Group.any, cookie: 0n, cookieMask: 0n };

const REQUESTS: readonly RequestCase[] = [
  [OF13, { kind: 'desc' }, 'OFPST_DESC request (OF1.3)'],
  [OF10, { kind: 'desc' }, 'OFPST_DESC request (xid'],
  [OF13, { kind: 'table' }, 'OFPST_TABLE request (OF1.3)'],
  [OF13, { kind: 'port-desc' }, 'OFPST_PORT_DESC request (OF1.3)'],
  [OF10, { kind: 'port-desc' }, 'OFPST_PORT_DESC request (xid'],
  [OF13, { kind: 'meter-features' }, 'OFPST_METER_FEATURES request (OF1.3)'],
  [OF13, { kind: 'meter', meter: 0xffffffff }, 'OFPST_METER request (OF1.3)', 'meter=all'],
  [OF13, { kind: 'meter-config', meter: 4 }, 'OFPST_METER_CONFIG request (OF1.3)', 'meter=4'],
  [OF13, { kind: 'port-stats', portNo: Port.any }, 'OFPST_PORT request (OF1.3)', 'port_no=ANY'],
  [OF10, { kind: 'port-stats', portNo: 6 }, 'OFPST_PORT request (xid', 'port_no=6'],
  [
    OF13,
    {
      kind: 'flow',
      tableId: 3,
      outPort: 9,
      outGroup: Group.any,
      cookie: 0x10n,
      cookieMask: 0xffn,
      match: TCP13,
    },
    'OFPST_FLOW request (OF1.3)',
    'table=3 out_port=9 tcp',
  ],
  [
    OF13,
    { kind: 'aggregate', tableId: 255, outPort: Port.any, ...ANY, match: oxm() },
    'OFPST_AGGREGATE request (OF1.3)',
  ],
  [OF10, { kind: 'flow', tableId: 3, outPort: 9, ...ANY, match: TCP10 }, 'table=3 out_port=9 tcp'],
  [
    OF10,
    { kind: 'aggregate', tableId: 255, outPort: Port.any, ...ANY, match: TCP10 },
    'OFPST_AGGREGATE request (xid',
    'tcp',
  ],
  [
    OF10,
    { kind: 'nx-flow', tableId: 3, outPort: 9, match: TCP_NX },
    'NXST_FLOW request',
    'table=3 out_port=9 tcp',
  ],
  [
    OF10,
    { kind: 'nx-aggregate', tableId: 255, outPort: Port.any, match: TCP_NX },
    'NXST_AGGREGATE request',
    'tcp',
  ],
  [
    OF13,
    {
      kind: 'flow-monitor',
      monitors: [
        {
          id: 5,
          flags: MonitorFlag.initial | MonitorFlag.add,
          outPort: 3,
          tableId: 1,
          match: TCP13,
        },
        { id: 6, flags: 0x3f, outPort: Port.any, tableId: 255, match: oxm() },
      ],
    },
    'ONFST_FLOW_MONITOR request (OF1.3)',
    'id=5 flags=initial,add out_port=3 table=1 tcp',
    'id=6 flags=initial,add,delete,modify,actions,own',
  ],
  [
    OF10,
    {
      kind: 'flow-monitor',
      monitors: [
        { id: 5, flags: MonitorFlag.delete, outPort: 3, tableId: 1, match: TCP_NX },
        { id: 6, flags: MonitorFlag.modify, outPort: Port.any, tableId: 255, match: oxm() },
      ],
    },
    'NXST_FLOW_MONITOR request',
    'id=5 flags=delete out_port=3 table=1 tcp',
    'id=6 flags=modify',
  ],
];

const FLOW: FlowStats = {
  tableId: 2,
  durationSec: 70,
  durationNsec: 250_000_000,
  priority: 9,
  idleTimeout: 11,
  hardTimeout: 12,
  flags: 1,
  idleAge: 0,
  hardAge: 0,
  cookie: 0x42n,
  packets: 1000n,
  bytes: 2n ** 40n,
  match: TCP13,
  instructions: apply(output(1), output(2)),
};
const FLOW_TEXT =
  'cookie=0x42, duration=70.250s, table=2, n_packets=1000, n_bytes=1099511627776, ' +
  'idle_timeout=11, hard_timeout=12,';

const PORT_COUNTERS = {
  rxPackets: 1n,
  txPackets: 2n,
  rxBytes: 3n,
  txBytes: 4n,
  rxDropped: 5n,
  txDropped: 6n,
  rxErrors: 7n,
  txErrors: 8n,
  rxFrameErrors: 9n,
  rxOverErrors: 10n,
  rxCrcErrors: 11n,
  collisions: 12n,
};
const PORT_TEXT = [
  'rx pkts=1, bytes=3, drop=5, errs=7, frame=9, over=10, crc=11',
  'tx pkts=2, bytes=4, drop=6, errs=8, coll=12',
];

const PORT = {
  portNo: 7,
  hwAddr: bytes('020000000007'),
  name: 'vm1',
  config: 0,
  state: 0,
  current: 0,
  advertised: 0,
  supported: 0,
  peer: 0,
  currentSpeed: 0,
  maxSpeed: 0,
};

const REPLIES: readonly ReplyCase[] = [
  [
    OF13,
    {
      kind: 'desc',
      manufacturer: 'Maker',
      hardware: 'Hard',
      software: 'Soft',
      serialNumber: 'S1',
      datapath: 'br0',
    },
    'Manufacturer: Maker',
    'Hardware: Hard',
    'Software: Soft',
    'Serial Num: S1',
    'DP Description: br0',
  ],
  [
    OF13,
    { kind: 'flow', flows: [FLOW, { ...FLOW, priority: 10 }] },
    `${FLOW_TEXT} send_flow_rem priority=9,tcp actions=output:1,output:2`,
    'priority=10,tcp',
  ],
  [
    OF10,
    { kind: 'flow', flows: [{ ...FLOW, flags: 0, match: TCP10 }] },
    `${FLOW_TEXT} priority=9,tcp actions=output:1,output:2`,
  ],
  [
    OF10,
    { kind: 'nx-flow', flows: [{ ...FLOW, flags: 0, match: TCP_NX, idleAge: 5, hardAge: 61 }] },
    'NXST_FLOW reply',
    `${FLOW_TEXT} idle_age=4, hard_age=60, priority=9,tcp actions=output:1,output:2`,
  ],
  [
    OF13,
    { kind: 'aggregate', packets: 5n, bytes: 500n, flows: 3 },
    'packet_count=5 byte_count=500 flow_count=3',
  ],
  [
    OF10,
    { kind: 'nx-aggregate', packets: 5n, bytes: 500n, flows: 3 },
    'NXST_AGGREGATE reply',
    'packet_count=5 byte_count=500 flow_count=3',
  ],
  [
    OF13,
    {
      kind: 'table',
      tables: [
        {
          tableId: 3,
          name: '',
          wildcards: 0,
          maxEntries: 0,
          activeCount: 4,
          lookupCount: 50n,
          matchedCount: 40n,
        },
      ],
    },
    'table 3:',
    'active=4, lookup=50, matched=40',
  ],
  [
    OF10,
    {
      kind: 'table',
      tables: [
        {
          tableId: 0,
          name: 'classifier',
          wildcards: Wildcard10.all,
          maxEntries: 1000,
          activeCount: 4,
          lookupCount: 50n,
          matchedCount: 40n,
        },
      ],
    },
    'table 0 ("classifier")',
    'active=4, lookup=50, matched=40',
    'max_entries=1000',
  ],
  [
    OF13,
    {
      kind: 'port-stats',
      ports: [{ portNo: 5, ...PORT_COUNTERS, durationSec: 77, durationNsec: 0 }],
    },
    'port  5: ',
    ...PORT_TEXT,
    'duration=77s',
  ],
  [
    OF10,
    {
      kind: 'port-stats',
      ports: [{ portNo: Port.local, ...PORT_COUNTERS, durationSec: 0, durationNsec: 0 }],
    },
    'port LOCAL: ',
    ...PORT_TEXT,
  ],
  [OF13, { kind: 'port-desc', ports: [PORT] }, '7(vm1): addr:02:00:00:00:00:07'],
  [OF10, { kind: 'port-desc', ports: [PORT] }, '7(vm1): addr:02:00:00:00:00:07'],
  [
    OF13,
    {
      kind: 'meter',
      meters: [
        {
          meter: 3,
          flowCount: 2,
          packets: 10n,
          bytes: 1000n,
          durationSec: 5,
          durationNsec: 0,
          bands: [
            { packets: 1n, bytes: 100n },
            { packets: 2n, bytes: 200n },
          ],
        },
      ],
    },
    'meter:3 flow_count:2 packet_in_count:10 byte_in_count:1000 duration:5s bands:',
    '0: packet_count:1 byte_count:100',
    '1: packet_count:2 byte_count:200',
  ],
  [
    OF13,
    {
      kind: 'meter-config',
      meters: [
        { meter: 3, flags: 1, bands: [{ kind: 'drop', rate: 100, burst: 0 }] },
        { meter: 4, flags: 2, bands: [] },
      ],
    },
    'meter=3 kbps bands=',
    'type=drop rate=100',
    'meter=4 pktps',
  ],
  [
    OF13,
    {
      kind: 'meter-features',
      maxMeters: 100,
      bandTypes: 2,
      capabilities: 15,
      maxBands: 8,
      maxColor: 2,
    },
    'max_meter:100 max_bands:8 max_color:2',
    'drop',
    'kbps pktps burst stats',
  ],
  [
    OF13,
    {
      kind: 'flow-monitor',
      updates: [
        {
          kind: 'added',
          reason: 0,
          priority: 9,
          idleTimeout: 1,
          hardTimeout: 2,
          tableId: 3,
          cookie: 0x42n,
          match: TCP13,
          instructions: apply(output(2)),
        },
        {
          kind: 'deleted',
          reason: 1,
          priority: 9,
          idleTimeout: 0,
          hardTimeout: 0,
          tableId: 3,
          cookie: 0x42n,
          match: TCP13,
          instructions: [],
        },
        { kind: 'own', xid: 0x1234 },
      ],
    },
    'ONFST_FLOW_MONITOR reply (OF1.3)',
    'event=ADDED table=3 idle_timeout=1 hard_timeout=2 cookie=0x42 tcp',
    'actions=output:2',
    'event=DELETED reason=hard table=3',
    'event=ABBREV xid=0x1234',
  ],
  [
    OF10,
    {
      kind: 'flow-monitor',
      updates: [
        {
          kind: 'modified',
          reason: 0,
          priority: 9,
          idleTimeout: 1,
          hardTimeout: 2,
          tableId: 3,
          cookie: 0x42n,
          match: TCP_NX,
          instructions: apply(output(2)),
        },
        { kind: 'own', xid: 0x1234 },
      ],
    },
    'NXST_FLOW_MONITOR reply',
    'event=MODIFIED table=3 idle_timeout=1 hard_timeout=2 cookie=0x42 tcp',
    'tcp',
    'actions=output:2',
    'event=ABBREV xid=0x1234',
  ],
];

function check(said: ReadonlyMap<number, string>, printed: readonly (readonly string[])[]): void {
  for (const [xid, all] of printed.entries()) {
    const text = said.get(xid) ?? '';
    assert.doesNotMatch(text, /decode error/, text);
    for (const words of all) assert.ok(text.includes(words), `${words} not in ${text}`);
  }
}

describe('openflow codec: statistics, as ovs-ofctl reads them', function () {
  this.timeout(20_000);
  before(function () {
    needs(this, 'ovs');
  });

  it('requests', async () => {
    const encoded = REQUESTS.map(([version, body], xid) =>
      encode({ type: 'multipart-request', xid, more: false, body }, version),
    );
    check(
      await ofpParse(encoded),
      REQUESTS.map(([, , ...printed]) => printed),
    );
  });

  it('replies', async () => {
    const encoded = REPLIES.map(([version, body], xid) =>
      encode({ type: 'multipart-reply', xid, more: xid % 2 === 1, body }, version),
    );
    const said = await ofpParse(encoded);
    check(
      said,
      REPLIES.map(([, , ...printed]) => printed),
    );
    for (const [xid, text] of said) {
      if (xid >= 0) assert.equal(/reply.* flags=\[more\]/.test(text), xid % 2 === 1, text);
    }
  });
});
