import assert from 'node:assert/strict';
import { Engine } from '../../engine/engine.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import { Placement, Wish } from '../../engine/model/flow.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { RuleEvaluator } from '../../engine/rules/evaluator.ts';
import { Sfc32 } from '../../adapters/emulator/random.ts';
import { HostWatch } from '../../telemetry/host-watch.ts';
import { Observer } from '../../telemetry/observer.ts';
import { installed, never } from '../contract/collect.ts';
import { running, type Running } from './running.ts';

const TICK_MS = 250;
const RULE = { name: 'test/busy', wish: Wish.offload, priority: 1 };

/** Wishes flows off the vSwitch that send some packets, and the quiet ones back. */
const evaluator: RuleEvaluator = {
  rules: [RULE],
  async evaluate(table) {
    const d = table.decision;
    const packets = table.rates.packetsPerSecond;
    for (const row of table.rows.subarray(0, table.count)) {
      d.wish[row] = packets[row] >= 100 ? Wish.offload : Wish.none;
      if (packets[row] < 5) d.wish[row] = Wish.onload;
      d.score[row] = packets[row];
      d.rule[row] = 1;
    }
    return { evaluated: table.count, skipped: 0, elapsedMs: 0 };
  },
  explain: async () => [],
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
    const planner = { minHoldMs: 500, hysteresis: 1.2, operations };
    this.engine = new Engine({ evaluator, planner, backends, clock, auditMs: 2_000 });
  }

  /** One round; false when a part of it failed. */
  async tick(): Promise<boolean> {
    this.#r.clock.advance(TICK_MS);
    try {
      const tick = await this.#observer.observe(never());
      await this.engine.onTick(tick, never());
      return tick.fresh;
    } catch {
      return false;
    } finally {
      await this.engine.renewLease();
    }
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

async function driven(seed: number): Promise<{ r: Running; drive: Drive }> {
  const r = running({ seed, warmUpMs: 3_000, tableEntries: 300 });
  await r.node.portDirectory.start(never());
  await r.node.backend.start(r.node.ports(), never());
  const drive = new Drive(r);
  await drive.engine.renewLease();
  return { r, drive };
}

/** Something that happens to a node between two ticks; true when it altered a flow's actions. */
async function mishap(r: Running, drive: Drive, random: Sfc32): Promise<boolean> {
  const { node } = r;
  const once = 1;
  switch (random.below(12)) {
    case 0: {
      const rows = drive.table.rows.subarray(0, drive.table.count);
      const row = rows[random.below(rows.length)];
      return node.changeActions(drive.table.idAt(row), []);
    }
    case 1:
      node.faults.set('flows.read', { kind: 'fail', message: 'socket gone' }, once);
      return false;
    case 2:
      node.faults.set('flows.read', { kind: 'truncate' }, once);
      return false;
    case 3:
      node.faults.set('backend.apply', { kind: 'fail', message: 'device busy' }, once);
      return false;
    case 4: {
      const refusal = { code: 'device-error', detail: 'firmware asleep' } as const;
      node.faults.set('backend.apply', { kind: 'refuse', refusal }, once);
      return false;
    }
    case 5:
      node.faults.set('backend.counters', { kind: 'fail', message: 'device busy' }, once);
      return false;
    case 6:
      node.restartVswitch();
      return false;
    case 7: {
      const port = `vm${random.below(16)}`;
      if (node.ports().has(port)) node.removePort(port);
      else node.remakePort(port);
      await drive.engine.portsChanged(node.ports(), drive.table);
      return false;
    }
    default:
      return false;
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

  for (const seed of [1, 2, 3]) {
    it(`stays true through mishaps (seed ${seed})`, async () => {
      const { r, drive } = await driven(seed);
      const random = new Sfc32(seed);
      let settled = false;
      let untrue = 0;
      let checked = 0;
      for (let i = 0; i < 120; i++) {
        const changed = await mishap(r, drive, random);
        const good = await drive.tick();
        const totals = r.node.totals();
        // What the NIC does is what the vSwitch would do, one tick after it last changed.
        if (settled && !changed) {
          assert.equal(totals.untruePackets, untrue, `tick ${i}`);
          checked++;
        }
        untrue = totals.untruePackets;
        settled = good;
        assert.equal(totals.vswitchPackets + totals.nicPackets, totals.sentPackets);
      }
      assert.ok(checked > 50, `${checked} ticks could be checked`);
      // Left alone, belief and NIC agree again.
      r.node.faults.clear();
      for (let i = 0; i < 12; i++) await drive.tick();
      assert.deepEqual(await installed(r.node.backend), drive.placed());
    });
  }
});
