import assert from 'node:assert/strict';
import { ConnectionRows } from '../../../engine/connections/connection-rows.ts';
import { ConnectionSource } from '../../../engine/connections/connection-source.ts';
import type { FlowActions } from '../../../engine/model/action.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import type { ReadCost } from '../../../engine/ports/flow-source.ts';
import {
  CONNECTION,
  FakeMeter,
  FakeResolver,
  FakeTracker,
  type Metered,
} from '../../support/connections.ts';
import { FakeFlowSource } from '../../support/fake-sources.ts';
import { outputTo, rowOf, type Seen } from '../../support/flows.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const RECIRCULATED: FlowActions = [
  { kind: 'opaque', text: 'ct(zone=1)' },
  { kind: 'opaque', text: 'recirc(0x1)' },
];
const PLAIN = outputTo('vm2');
const PERIOD_MS = 1000;
const IDLE_MS = 10_000;

describe('connection source', () => {
  let clock: ManualClock;
  let flows: FakeFlowSource;
  let meter: FakeMeter;
  let tracker: FakeTracker;
  let resolver: FakeResolver;
  let rows: ConnectionRows;
  let table: FlowTable;
  let source: ConnectionSource;

  beforeEach(() => {
    clock = new ManualClock(1_000_000);
    flows = new FakeFlowSource();
    meter = new FakeMeter();
    tracker = new FakeTracker();
    resolver = new FakeResolver();
    rows = new ConnectionRows();
    table = new FlowTable();
    source = makeSource(4);
  });

  function makeSource(maxConnections: number): ConnectionSource {
    const parts = { flows, meter, tracker, resolver, rows, clock };
    return new ConnectionSource({ ...parts, maxConnections, idleMs: IDLE_MS });
  }

  /** One reading, a period after the last. */
  async function reading(seen: readonly Seen[], metered: Metered[]): Promise<ReadCost> {
    clock.advance(PERIOD_MS);
    flows.flows = seen;
    meter.connections = metered;
    table.begin(clock.now());
    const cost = await source.read(table, AbortSignal.timeout(10_000));
    table.end();
    return cost;
  }

  /** A megaflow that recirculates what it has counted. */
  function entry(packets: number, actions = RECIRCULATED): Seen {
    return { n: 1, packets, bytes: 100 * packets, actions };
  }

  /** A connection that entered by megaflow 1 and has just sent a packet. */
  function sent(n: number, packets: number, ageMs = 10): Metered {
    return { n, inPort: 'vm1', packets, bytes: 100 * packets, ageMs, idleMs: 0 };
  }

  function connectionRow(n: number): number {
    return table.find(CONNECTION, 0, 0, n);
  }

  /** Packets on the vSwitch: of the megaflow, of connection 7, of all. */
  function packets(): readonly (number | undefined)[] {
    const { vswitchPackets } = table.traffic;
    const row = connectionRow(7);
    const own = row === -1 ? undefined : vswitchPackets[row];
    return [vswitchPackets[rowOf(table, 1)], own, table.totals.vswitchPackets];
  }

  it('gives connections within a recirculating megaflow rows with what is done to them', async () => {
    await reading([entry(10)], [sent(7, 8)]);
    const row = connectionRow(7);
    assert.deepEqual(table.actionsAt(row), outputTo('uplink'));
    assert.equal(rows.at(row)?.headers.inPort, 'vm1');
    assert.equal(rows.at(rowOf(table, 1)), undefined, 'the megaflow is no connection');
  });

  it('divides what the megaflow counted between its connections and the rest', async () => {
    await reading([entry(10)], [sent(7, 8)]);
    assert.deepEqual(packets(), [2, 8, 10]);
    await reading([entry(25)], [sent(7, 20)]);
    assert.deepEqual(packets(), [5, 20, 25]);
    assert.equal(table.totals.vswitchBytes, 2500);
  });

  it('counts a packet once that the meter reports before the vSwitch', async () => {
    await reading([entry(10)], [sent(7, 12)]);
    assert.deepEqual(packets(), [0, 12, 12]);
    await reading([entry(15)], [sent(7, 13)]);
    assert.deepEqual(packets(), [2, 13, 15]);
  });

  it('leaves earlier traffic of a connection with its megaflow', async () => {
    await reading([entry(100)], []);
    await reading([entry(110)], [sent(7, 90, 60_000)]);
    assert.deepEqual(packets(), [110, 0, 110]);
    await reading([entry(120)], [sent(7, 100, 61_000)]);
    assert.deepEqual(packets(), [110, 10, 120]);
  });

  it('does not divide what a megaflow counted before it recirculated', async () => {
    await reading([entry(100, PLAIN)], []);
    await reading([entry(110)], [sent(7, 5)]);
    const [rest, own] = packets();
    assert.deepEqual([rest, own], [110, 5]);
    await reading([entry(120)], [sent(7, 5)]);
    assert.deepEqual(packets(), [115, 5, 120], 'the debt is paid');
  });

  it('gives connections of other megaflows no row, and asks for their headers once', async () => {
    for (let i = 0; i < 3; i++) await reading([entry(10, PLAIN)], [sent(7, 8)]);
    assert.equal(connectionRow(7), -1);
    assert.equal(meter.headersRead, 1);
    await reading([entry(10)], [sent(7, 8)]);
    assert.notEqual(connectionRow(7), -1, 'until their megaflow recirculates');
  });

  it('resolves connections again at each reading', async () => {
    await reading([entry(10)], [sent(7, 8)]);
    const row = connectionRow(7);
    const version = table.actionsVersionAt(row);
    await reading([entry(10)], [sent(7, 8)]);
    assert.equal(table.actionsVersionAt(row), version, 'unchanged');
    resolver.output = 'elsewhere';
    await reading([entry(10)], []);
    assert.deepEqual(table.actionsAt(row), outputTo('elsewhere'));
    assert.notEqual(table.actionsVersionAt(row), version);
  });

  it('keeps the row of a connection that an entry carries', async () => {
    await reading([entry(10)], [sent(7, 8)]);
    const row = connectionRow(7);
    for (let i = 0; i < 20; i++) {
      await reading([entry(10)], []);
      table.carried(row, 5, 500, clock.now());
    }
    assert.equal(connectionRow(7), row);
    assert.deepEqual(packets(), [2, 8, 10]);
  });

  it('removes the row of a connection without packets', async () => {
    await reading([entry(10)], [sent(7, 8)]);
    for (let i = 0; i < 10; i++) await reading([entry(10)], []);
    assert.notEqual(connectionRow(7), -1);
    await reading([entry(10)], []);
    assert.equal(connectionRow(7), -1);
    assert.equal(rows.size, 0);
    await reading([entry(11)], [sent(7, 9, 12_000)]);
    assert.deepEqual(packets(), [3, 0, 11], 'nothing is counted a second time');
  });

  it('gives a connection no row before it has sent some packets', async () => {
    await reading([entry(10)], [sent(7, 3)]);
    assert.equal(connectionRow(7), -1);
    await reading([entry(11)], [sent(7, 4, PERIOD_MS + 10)]);
    assert.notEqual(connectionRow(7), -1);
    assert.deepEqual(packets(), [11, 0, 11], 'what it has sent before stays with its megaflow');
  });

  it('gives so many connections a row in one reading', async () => {
    source = makeSource(10_000);
    const many = Array.from({ length: 300 }, (_, n) => sent(n, 4));
    await reading([entry(2000)], many);
    assert.equal(rows.size, 256);
    await reading([entry(2000)], many);
    assert.equal(rows.size, 300);
  });

  it('counts a connection for the megaflow that has replaced its own', async () => {
    await reading([entry(10)], [sent(7, 8)]);
    await reading([], [sent(7, 8)]);
    await reading([], [sent(7, 9)]);
    const again = { ...entry(3), packets: 3 };
    await reading([again], [sent(7, 11)]);
    const [rest, own, all] = packets();
    assert.deepEqual([rest, own, all], [1, 11, 14], 'one packet had no megaflow');
  });

  it('counts connections by what became of them', async () => {
    await reading([entry(10)], [sent(7, 8), sent(8, 4)]);
    const counted = () =>
      source.counts.all
        .filter(({ connections }) => connections > 0)
        .map((c) => [c.state, c.connections]);
    assert.deepEqual(counted(), [['resolved', 2]]);
    assert.equal(source.metered.connections, 2);
    tracker.fails = true;
    await reading([entry(10)], [sent(7, 9)]);
    assert.deepEqual(counted(), [['not-tracked', 2]]);
  });

  it('has at most so many rows', async () => {
    const cost = await reading(
      [entry(40)],
      [1, 2, 3, 4, 5, 6].map((n) => sent(n, 4)),
    );
    assert.equal(table.count, 5);
    assert.equal(cost.note, '2 connections have no row: the maximum is reached');
    assert.equal(packets()[0], 24, 'they stay in the rest of their megaflow');
  });

  it('resolves no connection while conntrack cannot be read', async () => {
    await reading([entry(10)], [sent(7, 8)]);
    tracker.fails = true;
    const cost = await reading([entry(10)], []);
    assert.match(cost.note ?? '', /not offloaded: conntrack cannot be read/);
    assert.deepEqual(table.actionsAt(connectionRow(7)), [{ kind: 'opaque', text: 'not tracked' }]);
  });

  it('keeps the connections while the meter cannot be read', async () => {
    await reading([entry(10)], [sent(7, 8)]);
    meter.fails = true;
    const cost = await reading([entry(20)], []);
    assert.match(cost.note ?? '', /not counted: the meter is out of order/);
    assert.deepEqual(packets(), [12, 8, 20]);
  });

  it('fails when the megaflows cannot be read, and adds nothing', async () => {
    flows.fault = 'fail';
    await assert.rejects(reading([entry(10)], [sent(7, 8)]), /socket was closed/);
    table.abandon();
    flows.fault = 'none';
    await reading([entry(10)], [sent(7, 8)]);
    assert.deepEqual(packets(), [2, 8, 10]);
  });

  it('adds the cost of conntrack to that of the megaflows', async () => {
    const { sourceMs } = await reading([entry(10)], []);
    assert.equal(sourceMs, flows.costMs + 3);
  });
});
