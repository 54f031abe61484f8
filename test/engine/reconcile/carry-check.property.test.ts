import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Placement } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { CarryCheck } from '../../../engine/reconcile/carry-check.ts';
import { flowId, read, rowOf, type Seen } from '../../support/flows.ts';

const HEARTBEAT_MS = 1000;
const FLOWS = 4;
const MAX_TICK_MS = 2500;

/** What happens to one flow between two checks: packets sent, and the share that an entry carries. */
const step = fc.record({
  sent: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 2000 })),
  share: fc.oneof(fc.constant(0), fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
});
const tick = fc.record({
  elapsedMs: fc.integer({ min: 50, max: MAX_TICK_MS }),
  steps: fc.array(step, { minLength: FLOWS, maxLength: FLOWS }),
  /** The backend was not read, or its lease was withheld. */
  isVoid: fc.nat(9).map((n) => n === 0),
});

/** By flow: whether its entry never carries anything, while it always sends. */
const dead = fc.array(fc.boolean(), { minLength: FLOWS, maxLength: FLOWS });

/** What is known of an entry from outside: since when, and its traffic in that time. */
interface Known {
  sinceMs: number;
  passed: number;
  carried: number;
}

describe('the check for entries that carry nothing, against a model', () => {
  it('releases no entry that carried its share, and every one that did not', () => {
    fc.assert(
      fc.property(fc.array(tick, { minLength: 1, maxLength: 40 }), dead, (ticks, isDead) => {
        const table = new FlowTable();
        const check = new CarryCheck();
        const ports = new Map();
        const counts = Array.from({ length: FLOWS }, () => 0);
        const entries = new Map<number, Known>();
        let nowMs = 1000;
        read(table, nowMs, seen(counts));
        for (let n = 0; n < FLOWS; n++) place(table, n, nowMs);
        for (let n = 0; n < FLOWS; n++) entries.set(n, { sinceMs: nowMs, passed: 0, carried: 0 });
        for (const { elapsedMs, steps, isVoid } of ticks) {
          nowMs += elapsedMs;
          for (const [n, step] of steps.entries()) {
            const known = entries.get(n);
            const sent = isDead[n] ? step.sent + 200 : step.sent;
            const carried = known === undefined || isDead[n] ? 0 : Math.floor(sent * step.share);
            counts[n] += sent - carried;
            if (carried > 0) table.carried(rowOf(table, n), carried, carried * 100, nowMs);
            if (known === undefined) continue;
            known.passed += sent - carried;
            known.carried += carried;
          }
          read(table, nowMs, seen(counts));
          if (isVoid) {
            check.startOver(nowMs);
            for (const known of entries.values()) forget(known, nowMs);
            continue;
          }
          const released = check.findUnused({
            table,
            ports,
            placement: Placement.offload,
            heartbeatMs: HEARTBEAT_MS,
            counterDelayMs: 0,
            nowMs,
          });
          for (const row of released) {
            const n = table.idAt(row).w3;
            const known = entries.get(n);
            assert.ok(known !== undefined, 'it had an entry');
            // However long it was observed: it carried less than a twentieth since the last time
            // that it did not.
            assert.ok(nowMs - known.sinceMs >= 3000);
            assert.ok(known.passed > 10, 'more than spare packets');
            table.decision.placement[row] = Placement.onload;
            entries.delete(n);
            assert.ok(check.holdDown.untilMs(table, row) > nowMs);
            assert.ok((check.verdictOn(row)?.packets ?? 0) > 10);
          }
          for (const [n, known] of entries) {
            if (steps[n].sent > 0 && share(known) >= 0.05 && known.carried > 0)
              forget(known, nowMs);
            // A tick until the observation begins, its time, and the tick in which it ends.
            const isOverdue = isDead[n] && nowMs - known.sinceMs > 3000 + 2 * MAX_TICK_MS;
            assert.ok(!isOverdue, `flow ${n} should have been released`);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

function seen(counts: readonly number[]): readonly Seen[] {
  return counts.map((packets, n) => ({ n, packets, bytes: packets * 100 }));
}

function place(table: FlowTable, n: number, nowMs: number): void {
  const row = table.rowOf(flowId(n));
  table.decision.placement[row] = Placement.offload;
  table.decision.placedSinceMs[row] = nowMs;
}

function share({ passed, carried }: Known): number {
  return passed + carried === 0 ? 0 : carried / (passed + carried);
}

function forget(known: Known, nowMs: number): void {
  known.sinceMs = nowMs;
  known.passed = 0;
  known.carried = 0;
}
