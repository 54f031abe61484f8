import assert from 'node:assert/strict';
import { FIELD_BITS } from '../../../../engine/model/match.ts';
import { eventually } from '../../../support/eventually.ts';
import { needs } from '../../../support/needs.ts';
import { Reader } from './dump-lines.ts';
import { type ComparableFlow, ourFlow } from './peer/comparable.ts';
import { peerFlow } from './peer/comparable-peer.ts';
import { DummyOvs } from './peer/dummy-ovs.ts';
import { busyFlows, generatedFlows } from './peer/generated-flows.ts';
import { askPeer } from './peer/odp-flow.ts';
import { isMisread, knownFailure, readableByPeer } from './peer/peer-faults.ts';

/*
 * Generated flows are put into a datapath of Open vSwitch; what it prints of them is read by our
 * parser and by OVS's own Python parser (ovs.flow.odp), and compared field by field.
 */

const SEED = 20_240_607;
const FLOWS = 700;
const BUSY_FLOWS = 60;
const MIN_COMPARED = 400;

/** Conditions outside the vocabulary of matches that the flows must have, besides every field. */
const TEXTS = [
  'skb_priority',
  'skb_mark',
  'ct_state',
  'ct_zone',
  'ct_mark',
  'ct_label',
  'recirc_id',
  'dp_hash',
  'tunnel',
  'packet_type',
  'mpls',
];
const ACTIONS = [
  'output',
  'set',
  'push',
  'pop',
  'ct',
  'ct_clear',
  'recirc',
  'sample',
  'trunc',
  'clone',
  'check_pkt_len',
  'userspace',
  'add_mpls',
  'push_nsh',
  'tnl_push',
  'lb_output',
];

describe("flows in Open vSwitch's own datapath", function () {
  this.timeout(60_000);
  let ovs: DummyOvs;
  let lines: readonly string[];
  /** What OVS's parser reads, by ufid. */
  const expected = new Map<string, ComparableFlow>();

  before(async function () {
    needs(this, 'root', 'netns', 'ovs', 'python3-openvswitch');
    ovs = await DummyOvs.start();
    for (const { ufid, key, actions } of generatedFlows(SEED, FLOWS)) {
      await ovs.addFlow(ufid, key, actions);
    }
    const busy = busyFlows(SEED, BUSY_FLOWS);
    for (const flow of busy) {
      await ovs.addFlow(flow.ufid, flow.key, flow.actions);
      await ovs.receive(flow.inPort, flow.key, flow.packets, flow.bytesPerPacket);
    }
    const sent = busy.reduce((sum, { packets }) => sum + packets, 0);
    await eventually('all packets counted', async () => {
      lines = await ovs.dump();
      return lines.reduce((sum, line) => sum + packetsOf(line), 0) === sent;
    });
  });

  after(async () => {
    await ovs?.stop();
  });

  it("are read by OVS's Python parser, but for its known faults", async () => {
    assert.equal(lines.length, FLOWS + BUSY_FLOWS);
    const answers = await askPeer(lines.map(readableByPeer));
    for (const [i, answer] of answers.entries()) {
      const line = lines[i];
      if ('error' in answer) {
        assert.ok(knownFailure(line, answer.error) !== undefined, `${answer.error}\n${line}`);
      } else if (!isMisread(line)) {
        const flow = peerFlow(answer);
        expected.set(flow.ufid, flow);
      }
    }
    const compared = [...expected.values()];
    assert.ok(compared.length >= MIN_COMPARED, `${compared.length} flows can be compared`);
    assert.ok(compared.filter((flow) => flow.packets > 0).length >= BUSY_FLOWS / 2);
    const has = (what: readonly string[], word: string): boolean =>
      what.some((text) => text.split(/[ =(]/).includes(word));
    const lacks = [
      ...Object.keys(FIELD_BITS).filter((name) => !compared.some((f) => has(f.fields, name))),
      ...TEXTS.filter((name) => !compared.some((f) => has(f.texts, name))),
      ...ACTIONS.filter((name) => !compared.some((f) => has(f.actions, name))),
    ];
    assert.deepEqual(lacks, []);
  });

  /** Reads a dump and compares each flow of which OVS's parser has said something. */
  function compare(reader: Reader, dump: readonly string[], nowMs: number): void {
    const { flows, firstSkipped } = reader.lines(...dump);
    assert.equal(firstSkipped, undefined);
    assert.equal(flows, dump.length);
    const rows = reader.rows();
    for (const line of dump) {
      const flow = expected.get(line.slice('ufid:'.length, line.indexOf(',')));
      if (flow === undefined) continue;
      const row = rows.get(flow.ufid);
      assert.ok(row !== undefined, `not read: ${line}`);
      assert.deepEqual(ourFlow(reader.table, row, nowMs), flow, line);
    }
  }

  it('are read the same by our parser: when they are new, and again', () => {
    const reader = new Reader();
    compare(reader, lines, 1000);
    compare(reader, lines, 2000);
  });

  it('are read the same in another order, behind other keys', () => {
    compare(new Reader(), lines.toReversed(), 1000);
  });
});

function packetsOf(line: string): number {
  return Number(/, packets:(\d+)/.exec(line)?.[1] ?? 0);
}
