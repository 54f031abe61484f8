import assert from 'node:assert/strict';
import { LeaseRenewer } from '../../../daemon/lease-renewer.ts';
import { Engine } from '../../../engine/loop/engine.ts';
import { formatFlowId } from '../../../engine/model/flow-id.ts';
import { Placement, RequestedPlacement } from '../../../engine/model/flow.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import type { RuleEvaluator } from '../../../engine/ports/rule-evaluator.ts';
import type { EmulatedNodeOptions } from '../../../adapters/emulator/options.ts';
import { pathOf } from '../../../engine/model/carriage.ts';
import { Sfc32 } from '../../../adapters/emulator/random.ts';
import { HostWatch } from '../../../telemetry/host-watch.ts';
import { Observer } from '../../../telemetry/observer.ts';
import { installed, never } from '../../contract/collect.ts';
import { running, type Running } from './running.ts';

const TICK_MS = 250;
const RULE = { name: 'test/busy', requested: RequestedPlacement.offload, priority: 1 };

/** PlacementRequests flows off the vSwitch that send some packets, and the quiet ones back. */
const evaluator: RuleEvaluator = {
  rules: [RULE],
  async evaluate(table) {
    const d = table.decision;
    const packets = table.rates.packetsPerSecond;
    for (const row of table.rows.subarray(0, table.count)) {
      d.requested[row] = packets[row] >= 100 ? RequestedPlacement.offload : RequestedPlacement.none;
      if (packets[row] < 5) d.requested[row] = RequestedPlacement.onload;
      d.score[row] = packets[row];
      d.rule[row] = 1;
    }
    return { evaluated: table.count, elapsedMs: 0 };
  },
  inputs: () => [],
  explain: async () => [],
  [Symbol.dispose]: () => undefined,
};

/** The middle of the daemon, driven by hand. */
class Drive {
  readonly table: FlowTable;
  readonly engine: Engine;
  readonly #r: Running;
  readonly #observer: Observer;

  constructor(r: Running) {
    const { node, clock } = r;
    this.#r = r;
    const backends = [node.backend];
    const ports = node.portDirectory;
    const watched = { ports, clock, timeoutMs: 1_000 };
    this.#observer = new Observer({
      ...watched,
      flows: node.flowSource,
      host: new HostWatch({ ...watched, host: node.hostSource, periodMs: 1_000 }),
      backends,
      period: { periodMs: TICK_MS, maxPeriodMs: TICK_MS, sourceShare: 1 },
      smoothingMs: 500,
    });
    this.table = this.#observer.table;
    const operations = { perSecond: 2_000, burst: 2_000 };
    const planner = { minHoldMs: 500, operations };
    // One audit at the start: from then on belief has to be right by itself.
    this.engine = new Engine({ evaluator, planner, backends, clock, auditMs: 1e9 });
  }

  /** One round; false when a part of it failed. */
  async tick(): Promise<boolean> {
    const { clock, node } = this.#r;
    clock.advance(TICK_MS);
    const tick = await this.#observer.observe(never());
    const { failures } = await this.engine.onTick(tick, never());
    // As the daemon does: only while the entries are known to be correct.
    await new LeaseRenewer(this.engine, node.backend, clock).renew();
    return tick.fresh && failures.length === 0;
  }

  /** Ids of live flows that are said to be on the NIC, sorted. */
  placed(): string[] {
    const { table } = this;
    const rows = [...table.rows.subarray(0, table.count)];
    return rows
      .filter((row) => table.decision.placement[row] === Placement.offload)
      .map((row) => formatFlowId(table.idAt(row)))
      .sort();
  }
}

async function driven(
  seed: number,
  options: Partial<EmulatedNodeOptions> = {},
): Promise<{ r: Running; drive: Drive }> {
  const r = running({ seed, warmUpMs: 3_000, tableEntries: 300, ...options });
  await r.node.portDirectory.start(never());
  await r.node.backend.start(r.node.ports(), never());
  const drive = new Drive(r);
  await r.node.backend.renewLease(r.clock.now());
  return { r, drive };
}

/** Effect of a fault on the next tick. */
type Mishap = 'none' | 'actions' | 'unread' | 'broken' | 'refused';

/** Something that happens to a node between two ticks. */
async function mishap(r: Running, drive: Drive, random: Sfc32): Promise<Mishap> {
  const { node } = r;
  const once = 1;
  switch (random.below(12)) {
    case 0: {
      const rows = drive.table.rows.subarray(0, drive.table.count);
      if (rows.length === 0) return 'none';
      node.changeActions(drive.table.idAt(rows[random.below(rows.length)]), []);
      return 'actions';
    }
    case 1:
      node.faults.set('flows.read', { kind: 'fail', message: 'socket gone' }, once);
      return 'unread';
    case 2:
      node.faults.set('flows.read', { kind: 'truncate' }, once);
      return 'unread';
    case 3:
      node.faults.set('backend.apply', { kind: 'fail', message: 'device busy' }, once);
      return 'broken';
    case 4: {
      const refusal = { code: 'device-error', detail: 'firmware asleep' } as const;
      node.faults.set('backend.apply', { kind: 'refuse', refusal, deletes: true }, once);
      return 'refused';
    }
    case 5:
      node.faults.set('backend.counters', { kind: 'fail', message: 'device busy' }, once);
      return 'broken';
    case 6:
      node.restartVswitch();
      return 'none';
    case 7: {
      const port = `vm${random.below(16)}`;
      if (node.ports().has(port)) node.removePort(port);
      else node.recreatePort(port);
      await drive.engine.portsChanged(node.portDirectory.current(), drive.table);
      return 'none';
    }
    default:
      return 'none';
  }
}

describe('engine on the emulated node', function () {
  this.timeout(60_000);

  it('fills the NIC table with busy flows and no others', async () => {
    const { r, drive } = await driven(5);
    for (let i = 0; i < 40; i++) assert.ok(await drive.tick());
    const placed = drive.placed();
    assert.deepEqual(await installed(r.node.backend), placed);
    assert.ok(placed.length > 100, `${placed.length} flows are on the NIC`);
    const { nicBytes, sentBytes } = r.node.totals();
    assert.ok(nicBytes > sentBytes * 0.3, `${nicBytes} of ${sentBytes} bytes`);
  });

  it('gives up entries of VMs whose packets the NIC cannot carry', async () => {
    const { r, drive } = await driven(5, { unfinishedVms: 4 });
    const vms = [...r.node.ports().values()].filter(({ kind }) => kind === 'vm');
    const unfinished = new Set(vms.slice(0, 4).map(({ name }) => name));
    const { table } = drive;
    let placedThere = 0;
    for (let i = 0; i < 120; i++) {
      assert.ok(await drive.tick());
      placedThere = 0;
      for (const row of table.rows.subarray(0, table.count)) {
        if (!unfinished.has(table.matchAt(row).inPort)) continue;
        if (table.decision.placement[row] === Placement.offload) placedThere++;
        assert.equal(pathOf(table, row), Placement.onload, 'shown where its packets go');
      }
    }
    const placed = drive.placed();
    // Just placed, or too little traffic to tell; they are a quarter of the VMs.
    assert.ok(placedThere < placed.length / 8, `${placedThere} of ${placed.length} entries`);
    assert.ok(placed.length > 100, `${placed.length} entries of the others`);
  });

  for (const seed of [1, 2, 3]) {
    it(`stays correct through faults (seed ${seed})`, async () => {
      const { r, drive } = await driven(seed);
      const random = new Sfc32(seed);
      let settled = false;
      let mismatched = 0;
      let checked = 0;
      for (let i = 0; i < 160; i++) {
        const what = await mishap(r, drive, random);
        const before = await installed(r.node.backend);
        const good = await drive.tick();
        const after = await installed(r.node.backend);
        const totals = r.node.totals();
        const context = `tick ${i}, ${what}`;
        assert.equal(totals.vswitchPackets + totals.nicPackets, totals.sentPackets, context);
        // A dump that failed says nothing about the flows.
        if (what === 'unread') assert.deepEqual(after, before, context);
        // The engine's belief about the NIC is correct; it has no other entries.
        if (good && what !== 'refused') assert.deepEqual(after, drive.placed(), context);
        // What the NIC does is what the vSwitch would do, one tick after it last changed.
        if (settled && what !== 'actions' && what !== 'refused') {
          assert.equal(totals.mismatchedPackets, mismatched, context);
          checked++;
        }
        mismatched = totals.mismatchedPackets;
        settled = good && what !== 'refused';
      }
      assert.ok(checked > 50, `${checked} ticks could be checked`);
    });
  }
});
