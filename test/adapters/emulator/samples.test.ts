import assert from 'node:assert/strict';
import { Engine } from '../../../engine/loop/engine.ts';
import { Placement } from '../../../engine/model/flow.ts';
import { HostWatch } from '../../../telemetry/host-watch.ts';
import { Observer } from '../../../telemetry/observer.ts';
import { installed, never } from '../../contract/collect.ts';
import { ScriptEvaluator } from '../../support/script-evaluator.ts';
import { flowBetween, quietNode } from './fixture.ts';

describe('samples on the emulated node', () => {
  it('take out an entry of a flow that no longer follows the rules', async () => {
    const { node, clock } = quietNode();
    const ports = node.portDirectory;
    const watched = { ports, clock, timeoutMs: 1_000 };
    const backends = [node.backend];
    await ports.start(never());
    await node.backend.start(node.ports(), never());
    const observer = new Observer({
      ...watched,
      flows: node.flowSource,
      host: new HostWatch({ ...watched, host: node.hostSource, periodMs: 1_000 }),
      backends,
      period: { periodMs: 250, maxPeriodMs: 250, sourceShare: 1 },
      smoothingMs: 500,
    });
    const { table } = observer;
    const planner = { minHoldMs: 0, operations: { perSecond: 1e6, burst: 1e6 } };
    const engine = new Engine({
      evaluator: new ScriptEvaluator(),
      planner,
      backends,
      clock,
      auditMs: 1e9,
      verifier: node.flowVerifier,
    });
    const flows = [1, 2, 3].map((n) => flowBetween('vm0', 'vm1', n));
    const tick = async (): Promise<void> => {
      await node.backend.renewLease(clock.now());
      for (const flow of flows) node.send(flow, 10);
      clock.advance(250);
      await engine.onTick(await observer.observe(never()), never());
    };
    for (let n = 0; n < 4; n++) await tick();
    assert.equal((await installed(node.backend)).length, 3);
    node.changeRules(flows[1].id, []);
    const results = new Set<string | undefined>();
    for (let n = 0; n < 20; n++) {
      results.add((await engine.sample(table, never()))?.result);
      await tick();
    }
    assert.deepEqual(results, new Set(['same', 'suspected', 'different']));
    const placements = flows.map(({ id }) => table.decision.placement[table.rowOf(id)]);
    assert.deepEqual(placements, [Placement.offload, Placement.onload, Placement.offload]);
    assert.equal((await installed(node.backend)).length, 2);
  });
});
