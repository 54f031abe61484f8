import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NONE } from '../../../adapters/emulator/flow-store.ts';
import { type NicEntry, NicTable, type Placed } from '../../../adapters/emulator/nic-table.ts';
import { exact } from '../../../adapters/emulator/megaflow.ts';
import { formatFlowId } from '../../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import { flowBetween } from './fixture.ts';

function entry(n: number, flow: FlowSpec = flowBetween('vm0', 'vm1', n)): NicEntry {
  return { flow, ports: [], inIfindex: 1, outIfindexes: [2] };
}

function outcome(placed: Placed): string {
  return 'outcome' in placed ? placed.outcome : placed.refusal.code;
}

describe('NIC table', () => {
  it('refuses below its full size when all probes hit used slots', () => {
    const table = new NicTable(1_000, 16, 16);
    const outcomes = Array.from({ length: 1_500 }, (_, n) => outcome(table.put(entry(n), 0)));
    const firstRefused = outcomes.findIndex((o) => o !== 'installed');
    assert.equal(outcomes[firstRefused], 'probe-depth');
    // Sixteen probes that all hit get likely from three quarters on.
    assert.ok(firstRefused > 500 && firstRefused < 1_000, `first refused: ${firstRefused}`);
    assert.ok(table.used > 900 && table.used <= 1_000, `${table.used} used`);
  });

  it('fills up to the last slot when it may probe them all', () => {
    const table = new NicTable(64, 64, 16);
    for (let n = 0; n < 64; n++) assert.equal(outcome(table.put(entry(n), 0)), 'installed');
    const placed = table.put(entry(64), 0);
    assert.equal(outcome(placed), 'table-full');
    assert.match('refusal' in placed ? placed.refusal.detail : '', /all 64 entries/);
  });

  it('bounds the distinct masks, and frees one with its last entry', () => {
    const table = new NicTable(64, 64, 2);
    const masked = (n: number, field: 'udp_src' | 'udp_dst' | 'ip_tos') => {
      const flow = flowBetween('vm0', 'vm1', n);
      return entry(n, { ...flow, match: { ...flow.match, fields: [exact(field, 1)] } });
    };
    assert.equal(outcome(table.put(masked(1, 'udp_src'), 0)), 'installed');
    assert.equal(outcome(table.put(masked(2, 'udp_dst'), 0)), 'installed');
    assert.equal(outcome(table.put(masked(3, 'ip_tos'), 0)), 'mask-table-full');
    assert.equal(outcome(table.put(masked(1, 'ip_tos'), 0)), 'mask-table-full');
    assert.equal(table.masksUsed, 2);
    table.remove(table.find(masked(2, 'udp_dst').flow.id));
    assert.equal(outcome(table.put(masked(3, 'ip_tos'), 0)), 'installed');
  });

  it('behaves like a map under any puts and removals', () => {
    const step = fc.record({ put: fc.boolean(), n: fc.nat(40) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const table = new NicTable(32, 32, 4);
        const model = new Set<string>();
        for (const { put, n } of steps) {
          const e = entry(n);
          const id = formatFlowId(e.flow.id);
          if (put) {
            const known = model.has(id) ? 'unchanged' : 'installed';
            const expected = known === 'installed' && model.size === 32 ? 'table-full' : known;
            assert.equal(outcome(table.put(e, 0)), expected);
            if (expected === 'installed') model.add(id);
          } else {
            const slot = table.find(e.flow.id);
            assert.equal(slot !== NONE, model.delete(id));
            table.remove(slot);
          }
          assert.equal(table.used, model.size);
        }
        const left = new Set<string>();
        table.forEach(({ flow }) => left.add(formatFlowId(flow.id)));
        assert.deepEqual(left, model);
      }),
    );
  });
});
