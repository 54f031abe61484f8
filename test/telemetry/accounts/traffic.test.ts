import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Placement } from '../../../engine/model/flow.ts';
import { outputTo, rowOf } from '../../support/flows.ts';
import { PACKET, packets, port, ports, Rig, slice, use } from './rig.ts';

describe('accounts of traffic', () => {
  it('start at the first reading: traffic from before is not counted', () => {
    const rig = new Rig();
    assert.deepEqual(packets(rig.account().paths), [0, 0, 0]);
    rig.read(1000, [{ n: 1, packets: 5000 }]);
    assert.deepEqual(packets(rig.account().paths), [0, 0, 0]);
    rig.read(2000, [
      { n: 1, packets: 5010 },
      { n: 2, packets: 7 },
    ]);
    const accounts = rig.account();
    assert.deepEqual(packets(accounts.paths), [17, 0, 0]);
    assert.equal(accounts.seconds, 1);
    assert.equal(use(accounts.paths, 'vswitch')?.bitsPerSecond, 17 * PACKET * 8);
    assert.equal(accounts.coverage.bytes, 0);
  });

  it('split traffic into vSwitch, NIC and fast path', () => {
    const rig = new Rig();
    rig.read(0, [{ n: 1 }, { n: 2 }]);
    rig.account();
    rig.read(
      1000,
      [
        { n: 1, packets: 1 },
        { n: 2, packets: 1 },
      ],
      () => {
        rig.table.carried(rowOf(rig.table, 1), 30, 3000, 1000, Placement.offload);
        rig.table.carried(rowOf(rig.table, 2), 60, 6000, 1000, Placement.fastPath);
        rig.table.carried(-1, 8, 800, 1000, Placement.fastPath);
      },
    );
    const { paths, coverage, ports: seen } = rig.account();
    assert.deepEqual(packets(paths), [2, 30, 68]);
    assert.equal(coverage.packets, 0.98);
    assert.deepEqual(packets(seen[0].rx), [2, 30, 60]);
    assert.deepEqual(packets(seen[1].tx), [2, 30, 60]);
  });

  it('follow a flow to other ports when all of its outputs change', () => {
    const rig = new Rig();
    rig.ports = ports('vm1', 'a', 'b', 'c', 'd');
    const to = (...names: readonly string[]) => names.flatMap((name) => outputTo(name));
    rig.read(0, [{ n: 1, actions: to('a', 'b') }]);
    rig.account();
    rig.read(1000, [{ n: 1, packets: 4, actions: to('a', 'b') }]);
    rig.account();
    rig.read(2000, [{ n: 1, packets: 9 }], () => {
      rig.table.setActions(rowOf(rig.table, 1), to('c', 'd'));
    });
    const sent = rig.account().ports.map(({ name, tx }) => [name, packets(tx)?.[0]]);
    assert.deepEqual(sent, [
      ['vm1', 0],
      ['a', 4],
      ['b', 4],
      ['c', 5],
      ['d', 5],
    ]);
  });

  it('estimate saved CPUs from the cost of a packet; undefined until that is known', () => {
    const rig = new Rig();
    rig.read(0, [{ n: 1 }]);
    assert.equal(rig.account().cpuSavedCores, undefined);
    rig.node = { ...rig.node, packetCost: 2000 };
    rig.read(2000, [{ n: 1, packets: 7 }], () => {
      rig.table.carried(rowOf(rig.table, 1), 1_000_000, 1e8, 2000, Placement.offload);
    });
    assert.equal(rig.account().cpuSavedCores, 1);
  });

  it('do not count the traffic of an abandoned reading twice', () => {
    const rig = new Rig();
    rig.read(0, [{ n: 1 }]);
    rig.account();
    rig.abandon(1000, [
      { n: 1, packets: 5 },
      { n: 2, packets: 100 },
    ]);
    assert.deepEqual(packets(rig.account().paths), [0, 0, 0]);
    rig.read(2000, [
      { n: 1, packets: 10 },
      { n: 2, packets: 110 },
    ]);
    const { paths, ports: seen } = rig.account();
    assert.deepEqual(packets(paths), [120, 0, 0]);
    assert.deepEqual(packets(seen[0].rx), [120, 0, 0]);
  });

  it('count the last packets of a flow that left, and start at zero for the next flow in its row', () => {
    const rig = new Rig();
    rig.read(0, [{ n: 1 }]);
    rig.account();
    rig.read(1000, [{ n: 1, packets: 40 }]);
    rig.account();
    rig.read(2000, [], () => rig.table.carried(rowOf(rig.table, 1), 9, 900, 2000));
    assert.deepEqual(packets(rig.account().ports[0].rx), [40, 9, 0]);
    rig.read(3000, [{ n: 2, packets: 3 }]);
    assert.deepEqual(packets(rig.account().ports[0].rx), [43, 9, 0]);
  });

  it('count a flow that leaves by several ports for each of them', () => {
    const rig = new Rig();
    rig.ports = ports('vm1', 'vm2', 'vm3');
    const actions = ['vm2', 'vm3', 'nowhere'].map(
      (name) => ({ kind: 'output', port: name }) as const,
    );
    rig.read(0, [{ n: 1, actions }]);
    rig.account();
    rig.read(1000, [{ n: 1, packets: 4, actions }]);
    const { ports: seen } = rig.account();
    assert.deepEqual(
      seen.map((p) => packets(p.tx)?.[0]),
      [0, 4, 4],
    );
  });

  it('drop the traffic of a removed port, and start at zero for a new port of the same name', () => {
    const rig = new Rig();
    rig.read(0, [{ n: 1 }]);
    rig.account();
    rig.read(1000, [{ n: 1, packets: 10 }]);
    rig.account();
    rig.ports = ports('vm1');
    rig.read(2000, [{ n: 1, packets: 20 }]);
    assert.deepEqual(
      rig.account().ports.map((p) => p.name),
      ['vm1'],
    );
    rig.ports = new Map([
      ['vm2', port('vm2', 2)],
      ['vm1', port('vm1')],
    ]);
    rig.read(3000, [{ n: 1, packets: 21 }]);
    const byName = new Map(rig.account().ports.map((p) => [p.name, p]));
    assert.deepEqual(packets(byName.get('vm2')?.tx), [1, 0, 0]);
    assert.deepEqual(packets(byName.get('vm1')?.rx), [21, 0, 0]);
  });

  it('keep the sums of slices when their order changes, and sum up those beyond the bound', () => {
    const rig = new Rig({ maxNamed: 2 });
    const d = rig.table.decision;
    rig.slices = ['red', 'green', 'blue', 'grey'].map(slice);
    const flows = (n: number) => [1, 2, 3, 4].map((i) => ({ n: i, packets: i * n }));
    rig.read(0, flows(0));
    for (let i = 1; i <= 4; i++) d.slice[rowOf(rig.table, i)] = i;
    rig.account();
    rig.read(1000, flows(10));
    let seen = rig.account().slices.map((s) => [s.name, s.paths[0].packets, s.flows[0]]);
    assert.deepEqual(seen, [
      ['red', 10, 1],
      ['green', 20, 1],
      ['other', 70, 2],
    ]);
    rig.slices = ['green', 'red'].map(slice);
    for (let i = 1; i <= 4; i++) d.slice[rowOf(rig.table, i)] = [0, 2, 1, 0, 0][i];
    rig.read(2000, flows(20));
    seen = rig.account().slices.map((s) => [s.name, s.paths[0].packets, s.flows[0]]);
    assert.deepEqual(seen, [
      ['green', 40, 1],
      ['red', 20, 1],
    ]);
  });

  it('list the flows with the highest rates, at most the configured number', () => {
    const rig = new Rig({ topFlows: 3 });
    const rates = [5, 80, 0, 20, 40, 1];
    rig.read(0, []);
    rig.account();
    rig.read(
      1000,
      rates.map((pps, n) => ({ n, packets: pps })),
    );
    const { top } = rig.account();
    assert.deepEqual(
      top.map((t) => t.id.w3),
      [1, 4, 3],
    );
    assert.deepEqual(
      top.map((t) => t.packetsPerSecond),
      [80, 40, 20],
    );
    assert.equal(top[0].slice, undefined);
    rig.read(2000, rates.map((pps, n) => ({ n, packets: pps })).slice(0, 2));
    assert.equal(rig.account().top.length, 2);
  });

  it('add up to the forwarded traffic, whatever flows come and go and whichever readings fail', () => {
    const flow = fc.record({
      n: fc.integer({ min: 1, max: 12 }),
      sends: fc.nat(50),
      carried: fc.nat(20),
      by: fc.constantFrom(Placement.offload, Placement.fastPath),
    });
    const round = fc.record({
      flows: fc.uniqueArray(flow, { selector: (f) => f.n, maxLength: 12 }),
      fails: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(round, { maxLength: 12 }), (rounds) => {
        const rig = new Rig();
        rig.read(0, []);
        rig.account();
        const counters = new Map<number, number>();
        const sums = [0, 0, 0];
        let live = new Set<number>();
        rounds.forEach(({ flows, fails }, i) => {
          const seen = flows.map(({ n, sends }) => {
            const counter = (live.has(n) ? (counters.get(n) ?? 0) : 0) + sends;
            return { n, packets: counter };
          });
          // Traffic of a new flow in a failed reading is counted by the next one.
          for (const { n, packets: counter } of seen) {
            if (fails && !live.has(n)) continue;
            sums[0] += counter - (live.has(n) ? (counters.get(n) ?? 0) : 0);
            counters.set(n, counter);
          }
          if (fails) {
            rig.abandon((i + 1) * 1000, seen);
            rig.account();
            return;
          }
          live = new Set(flows.map((f) => f.n));
          rig.read((i + 1) * 1000, seen, () => {
            for (const { n, carried, by } of flows) {
              rig.table.carried(rowOf(rig.table, n), carried, carried * PACKET, i, by);
              sums[by] += carried;
            }
          });
          rig.account();
        });
        // If the last reading failed, this one counts its traffic.
        const last = [...live].map((n) => ({ n, packets: counters.get(n) ?? 0 }));
        rig.read((rounds.length + 1) * 1000, last);
        const { paths, ports: seen } = rig.account();
        assert.deepEqual(packets(paths), sums);
        assert.deepEqual(packets(seen[0].rx), sums);
        assert.deepEqual(packets(seen[1].tx), sums);
      }),
    );
  });
});
