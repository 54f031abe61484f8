import assert from 'node:assert/strict';
import { FlowTable } from '../../engine/model/flow-table.ts';
import type { FlowSource, ReadCost } from '../../engine/ports/flow-source.ts';
import { aborted, never } from './collect.ts';

/** A vSwitch with a sender of packets. */
export interface FlowSourceFixture {
  readonly source: FlowSource;
  /** Input and output port of the traffic. */
  readonly inPort: string;
  readonly outPort: string;
  /** Bytes of a packet that `send` sends, with the L2 header. */
  readonly frameBytes: number;
  /**
   * Sends packets of the n-th of at least 20 kinds of traffic, each a separate megaflow; resolves
   * once the vSwitch has counted them.
   */
  send(n: number, packets: number): Promise<void>;
  /** Row of that traffic's megaflow, or -1. */
  find(table: FlowTable, n: number): number;
  /** Lets the megaflow of that traffic leave the vSwitch, by idling or by removal. */
  forget(n: number): Promise<void>;
  /**
   * Changes the rules so that the vSwitch drops that traffic; resolves when it knows the change.
   */
  drop(n: number): Promise<void>;
  /** Restarts the vSwitch; resolves when it forwards again. */
  restart(): Promise<void>;
  /** Makes reading fail, and work again. */
  breakSource(): Promise<void>;
  repairSource(): Promise<void>;
  /** Current time of the clock that stamps the table's readings, ms. */
  now(): number;
  close(): Promise<void>;
}

/** Capabilities of a fixture. */
export interface FlowSourceManifest {
  readonly before?: (context: Mocha.Context) => void;
  /** `drop` works. */
  readonly ruleChanges: boolean;
  /** `restart` works. */
  readonly restarts: boolean;
  /** `breakSource` and `repairSource` work. */
  readonly faults: boolean;
  /** Bound of each test, ms. */
  readonly timeoutMs?: number;
}

/** The contract of {@link FlowSource}. */
export function describeFlowSource(
  name: string,
  makeFixture: () => Promise<FlowSourceFixture>,
  manifest: FlowSourceManifest,
): void {
  const withSource = (test: (f: FlowSourceFixture, table: FlowTable) => Promise<void>) =>
    async function () {
      const fixture = await makeFixture();
      try {
        await test(fixture, new FlowTable());
      } finally {
        await fixture.source.close();
        await fixture.close();
      }
    };

  describe(`FlowSource contract: ${name}`, function () {
    this.timeout(manifest.timeoutMs ?? 10_000);
    before(function () {
      manifest.before?.(this);
    });

    it(
      'sees a flow with its match and actions',
      withSource(async (f, table) => {
        await f.send(0, 5);
        const cost = await read(f, table);
        const row = live(f, table, 0);
        assert.equal(table.matchAt(row).inPort, f.inPort);
        assert.ok(
          table.actionsAt(row).some((a) => a.kind === 'output' && a.port === f.outPort),
          JSON.stringify(table.actionsAt(row)),
        );
        assert.ok(cost.flows >= 1);
        assert.equal(cost.flows, table.count);
        assert.equal(cost.skipped, 0, cost.firstSkipped);
        assert.equal(cost.firstSkipped, undefined);
        assert.ok(cost.sourceMs >= 0);
      }),
    );

    it(
      'counts every packet and byte once, cumulatively',
      withSource(async (f, table) => {
        await f.send(0, 5);
        await read(f, table);
        const row = live(f, table, 0);
        const packets = table.traffic.vswitchPackets[row];
        const bytes = table.traffic.vswitchBytes[row];
        await f.send(0, 10);
        await read(f, table);
        assert.equal(live(f, table, 0), row, 'the row stays');
        assert.equal(table.traffic.vswitchPackets[row], packets + 10);
        assert.equal(table.traffic.vswitchBytes[row], bytes + 10 * f.frameBytes);
        await read(f, table);
        assert.equal(table.traffic.vswitchPackets[row], packets + 10, 'reading counts nothing');
      }),
    );

    it(
      'reports when a flow last had a packet',
      withSource(async (f, table) => {
        const before = f.now();
        await f.send(0, 5);
        await read(f, table);
        const after = f.now();
        const at = table.traffic.lastActiveMs[live(f, table, 0)];
        // Sources count idle time in steps of up to tens of milliseconds.
        assert.ok(at >= before - 100 && at <= after, `${at} is not in ${before}..${after}`);
      }),
    );

    it(
      'keeps flows apart',
      withSource(async (f, table) => {
        for (let n = 0; n < 20; n++) await f.send(n, 2);
        await read(f, table);
        const rows = Array.from({ length: 20 }, (_, n) => live(f, table, n));
        assert.equal(new Set(rows).size, 20);
        const before = rows.map((row) => table.traffic.vswitchPackets[row]);
        await f.send(7, 3);
        await read(f, table);
        const grown = rows.map((row, n) => table.traffic.vswitchPackets[row] - before[n]);
        assert.deepEqual(
          grown,
          rows.map((_, n) => (n === 7 ? 3 : 0)),
        );
      }),
    );

    it(
      'no longer reports a flow that was deleted',
      withSource(async (f, table) => {
        await f.send(0, 5);
        await f.send(1, 5);
        await read(f, table);
        const row = live(f, table, 0);
        await f.forget(0);
        await f.send(1, 1);
        await read(f, table);
        assert.ok(table.removed.includes(row));
        assert.equal(f.find(table, 0), -1);
        live(f, table, 1);
      }),
    );

    if (manifest.ruleChanges) {
      it(
        'reports changed actions of a flow',
        withSource(async (f, table) => {
          await f.send(0, 5);
          await read(f, table);
          const version = table.actionsVersionAt(live(f, table, 0));
          await read(f, table);
          assert.equal(table.actionsVersionAt(live(f, table, 0)), version, 'nothing changed');
          await f.drop(0);
          await f.send(0, 1);
          await read(f, table);
          const row = live(f, table, 0);
          assert.deepEqual(table.actionsAt(row), []);
          assert.ok(table.actionsVersionAt(row) > version);
        }),
      );
    }

    if (manifest.restarts) {
      it(
        'continues after a restart of the vSwitch',
        withSource(async (f, table) => {
          await f.send(0, 50);
          await read(f, table);
          await f.restart();
          await f.send(0, 10);
          await read(f, table);
          const row = live(f, table, 0);
          const packets = table.traffic.vswitchPackets[row];
          await f.send(0, 10);
          await read(f, table);
          assert.equal(table.traffic.vswitchPackets[row], packets + 10);
        }),
      );
    }

    it(
      'rejects when the signal is aborted',
      withSource(async (f, table) => {
        await f.send(0, 5);
        table.begin(f.now());
        await assert.rejects(f.source.read(table, aborted()));
        table.abandon();
        await read(f, table);
        live(f, table, 0);
      }),
    );

    if (manifest.faults) {
      it(
        'rejects while the source cannot be read, and recovers by itself',
        withSource(async (f, table) => {
          await f.send(0, 5);
          await read(f, table);
          const { count } = table;
          await f.breakSource();
          for (let attempt = 0; attempt < 2; attempt++) {
            table.begin(f.now());
            await assert.rejects(f.source.read(table, never()));
            table.abandon();
            assert.equal(table.count, count, 'the last good reading stays');
          }
          await f.repairSource();
          await f.send(0, 5);
          await read(f, table);
          live(f, table, 0);
        }),
      );
    }
  });
}

async function read(f: FlowSourceFixture, table: FlowTable): Promise<ReadCost> {
  table.begin(f.now());
  const cost = await f.source.read(table, never());
  table.end();
  return cost;
}

/** Row of traffic that was in the last reading. */
function live(f: FlowSourceFixture, table: FlowTable, n: number): number {
  const row = f.find(table, n);
  assert.ok(row >= 0, `traffic ${n} has no flow`);
  assert.ok(table.rows.subarray(0, table.count).includes(row), `traffic ${n} is not live`);
  return row;
}
