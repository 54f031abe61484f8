import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { Placement, RequestedPlacement } from '../../../engine/model/flow.ts';
import { type FlowId, formatFlowId } from '../../../engine/model/flow-id.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type { Operation, OperationResult } from '../../../engine/ports/offload-backend.ts';
import { FakeBackend } from '../../support/fake-backend.ts';
import { anyFrom, flowId, outputTo, rowOf } from '../../support/flows.ts';
import { ScriptEvaluator } from '../../support/script-evaluator.ts';
import { NO_PORTS, Rig } from './engine-rig.ts';

describe('engine', () => {
  it('offloads requested flows with the match and actions of the vSwitch', async () => {
    const rig = new Rig();
    const report = await rig.tick([{ n: 1 }, { n: 2 }]);
    assert.deepEqual(rig.installed(), [1, 2]);
    assert.deepEqual(report.flows, [2, 0, 0], 'no entry has carried a packet yet');
    rig.table.carried(rowOf(rig.table, 1), 5, 500, rig.clock.now());
    assert.deepEqual((await rig.tick([{ n: 1 }, { n: 2 }])).flows, [1, 1, 0]);
    assert.deepEqual(rig.backend.installed.get(formatFlowId(flowId(1)))?.actions, outputTo('vm2'));
    assert.equal(rig.reason(1), 'placed');
  });

  it('reports the duration of each stage, and the batches sent to a backend', async () => {
    class Slow extends FakeBackend {
      override apply(...operations: Parameters<FakeBackend['apply']>) {
        r.clock.advance(40);
        return super.apply(...operations);
      }
    }
    const r: Rig = new Rig(new Slow());
    const { stages, batches, elapsedMs } = await r.tick([{ n: 1 }, { n: 2 }]);
    assert.deepEqual(stages, { enforceMs: 0, rulesMs: 0, planMs: 0, applyMs: 40 });
    assert.deepEqual(batches, [{ backend: 'fake', operations: 2, elapsedMs: 40 }]);
    assert.equal(elapsedMs, 40);
    const later = await r.tick([{ n: 1 }, { n: 2 }]);
    assert.deepEqual(later.batches, []);
  });

  it('disposes each evaluator once it is replaced, used or not, and the last one when it closes', async () => {
    const rig = new Rig();
    const [first, unused, last] = [rig.evaluator, new ScriptEvaluator(), new ScriptEvaluator()];
    const disposals = () => [first, unused, last].map((evaluator) => evaluator.disposals);
    await rig.tick([{ n: 1 }]);
    rig.engine.useRules(first);
    await rig.tick([{ n: 1 }]);
    assert.deepEqual(disposals(), [0, 0, 0], 'the same evaluator stays in force');
    rig.engine.useRules(unused);
    assert.deepEqual(disposals(), [0, 0, 0], 'in force until the next tick');
    rig.engine.useRules(last);
    assert.deepEqual(disposals(), [0, 1, 0]);
    await rig.tick([{ n: 1 }]);
    assert.deepEqual(disposals(), [1, 1, 0]);
    assert.equal(rig.engine.evaluator, last);
    await rig.engine.close('keep');
    assert.deepEqual(disposals(), [1, 1, 1]);
  });

  it('sends nothing in a steady state', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    rig.backend.log.length = 0;
    for (let i = 0; i < 5; i++) await rig.tick([{ n: 1 }]);
    assert.deepEqual(rig.backend.log, []);
  });

  it('removes an entry in the first tick without its flow', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }, { n: 2 }]);
    await rig.tick([{ n: 2 }]);
    assert.deepEqual(rig.installed(), [2]);
  });

  it('removes an entry in the tick in which its actions change, and installs it with the new ones', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    rig.backend.log.length = 0;
    await rig.tick([{ n: 1, actions: [] }]);
    assert.deepEqual(rig.backend.log, ['delete 1', 'put 1']);
    assert.deepEqual(rig.backend.installed.get(formatFlowId(flowId(1)))?.actions, []);
  });

  it('removes entries that other flows contradict, before anything else', async () => {
    class Contradicted extends FakeBackend {
      readings = 0;
      by: number | undefined;

      contradicted(table: FlowTable): readonly FlowId[] {
        this.readings++;
        return this.by !== undefined && rowOf(table, this.by) !== -1 ? [flowId(1)] : [];
      }
    }
    const backend = new Contradicted();
    const rig = new Rig(backend);
    await rig.tick([{ n: 1 }, { n: 2 }]);
    backend.by = 3;
    await rig.tick([{ n: 1 }, { n: 2 }]);
    assert.deepEqual(rig.installed(), [1, 2]);
    backend.log.length = 0;
    backend.refuse = ({ kind }) =>
      kind === 'put' ? { code: 'port-unavailable', detail: 'contradicted' } : undefined;
    await rig.tick([{ n: 1 }, { n: 2 }, { n: 3 }]);
    assert.deepEqual(backend.log.slice(0, 1), ['delete 1']);
    assert.deepEqual(rig.installed(), [2]);
    assert.equal(backend.readings, 3);
  });

  it('removes changed entries even if ports or counters are stale', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    await rig.tick([{ n: 1, actions: [] }, { n: 2 }], { fresh: false });
    assert.deepEqual(rig.installed(), []);
    assert.equal(rig.reason(2), 'stale');
  });

  it('decides nothing when the flows are stale', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    rig.backend.log.length = 0;
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.onload, score: 0 });
    rig.clock.advance(10_000);
    await rig.tick([], { flowsFresh: false });
    assert.deepEqual(rig.backend.log, []);
    assert.equal(rig.reason(1), 'stale');
  });

  it('retries a delete until it is confirmed, even after the flow has left', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    rig.backend.refuse = () => ({ code: 'device-error', detail: 'EIO' });
    await rig.tick([]);
    await rig.tick([]);
    assert.deepEqual(rig.installed(), [1]);
    rig.backend.refuse = () => undefined;
    await rig.tick([]);
    assert.deepEqual(rig.installed(), []);
  });

  it('loses no delete when the backend fails during the tick', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }, { n: 2 }]);
    rig.backend.breakWith = new Error('gone');
    const { failures } = await rig.tick([{ n: 2, actions: [] }]);
    assert.match(String(failures[0].error), /gone/);
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.none, score: 0 });
    await rig.tick([{ n: 2 }]);
    assert.deepEqual(rig.installed(), []);
  });

  it('sets the placement to the vSwitch only when the delete is confirmed', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.onload, score: 0 });
    rig.backend.refuse = () => ({ code: 'device-error', detail: 'EIO' });
    rig.clock.advance(5000);
    await rig.tick([{ n: 1 }]);
    assert.equal(rig.placement(1), Placement.offload);
    rig.backend.refuse = () => undefined;
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.none, score: 0 });
    await rig.tick([{ n: 1 }]);
    assert.deepEqual(rig.installed(), []);
    assert.equal(rig.placement(1), Placement.onload);
  });

  it('does not apply a pending delete to an entry that was installed later', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    rig.backend.refuse = (op) =>
      op.kind === 'delete' ? { code: 'device-error', detail: 'EIO' } : undefined;
    await rig.tick([]);
    await rig.tick([{ n: 1 }]);
    rig.backend.refuse = () => undefined;
    await rig.tick([{ n: 1 }]);
    assert.deepEqual(rig.installed(), [1]);
  });

  it('keeps the reason of a refusal, and backs off before it retries', async () => {
    const rig = new Rig();
    rig.backend.refuse = () => ({ code: 'device-error', detail: 'EIO' });
    await rig.tick([{ n: 1 }]);
    assert.equal(rig.reason(1), 'refused');
    await rig.tick([{ n: 1 }]);
    assert.equal(rig.backend.log.length, 1);
    rig.backend.refuse = () => undefined;
    rig.clock.advance(1000);
    await rig.tick([{ n: 1 }]);
    assert.equal(rig.placement(1), Placement.offload);
  });

  it('queries the support of a flow once until its actions change', async () => {
    const rig = new Rig();
    let queries = 0;
    rig.backend.unsupported = (flow) => {
      queries++;
      return flow.actions.length === 0
        ? undefined
        : { code: 'unsupported-action', detail: 'no output' };
    };
    await rig.tick([{ n: 1 }]);
    await rig.tick([{ n: 1 }]);
    assert.equal(queries, 1);
    assert.equal(rig.reason(1), 'unsupported');
    await rig.tick([{ n: 1, actions: [] }]);
    assert.equal(rig.placement(1), Placement.offload);
  });

  it('asks again which flows are supported when ports change', async () => {
    const rig = new Rig();
    rig.backend.unsupported = () => ({ code: 'unsupported-match', detail: 'vm2 is unknown' });
    await rig.tick([{ n: 1 }]);
    rig.backend.unsupported = () => undefined;
    await rig.tick([{ n: 1 }]);
    assert.equal(rig.reason(1), 'unsupported');
    const ports: PortSnapshot = new Map();
    await rig.engine.portsChanged(ports, rig.table);
    await rig.tick([{ n: 1 }], { ports });
    assert.equal(rig.placement(1), Placement.offload);
  });

  it('adopts entries of live flows that an earlier daemon left, and removes the others', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }, { n: 2 }, { n: 3 }]);
    rig.backend.log.length = 0;
    const fresh = new Rig(rig.backend);
    await fresh.tick([{ n: 1 }, { n: 2 }]);
    assert.deepEqual(rig.installed(), [1, 2]);
    assert.deepEqual([...rig.backend.log].sort(), ['delete 3', 'put 1', 'put 2']);
    assert.equal(fresh.placement(1), Placement.offload);
  });

  it('removes an adopted entry that cannot be updated to the current flow', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    const next = new Rig(rig.backend);
    next.evaluator.requested = () => ({ requested: RequestedPlacement.none, score: 0 });
    rig.backend.refuse = (op) =>
      op.kind === 'put' ? { code: 'unsupported-action', detail: 'ct' } : undefined;
    await next.tick([{ n: 1 }]);
    await next.tick([{ n: 1 }]);
    assert.deepEqual(rig.installed(), []);
  });

  it('detects an entry that is missing from the device', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    rig.backend.installed.clear();
    rig.clock.advance(31_000);
    await rig.tick([{ n: 1 }]);
    assert.equal(rig.installed().length, 0);
    rig.clock.advance(1000);
    await rig.tick([{ n: 1 }]);
    assert.deepEqual(rig.installed(), [1]);
  });

  it('moves all flows back to the vSwitch and holds them there until it is resumed', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }, { n: 2 }]);
    assert.equal(await rig.engine.onloadAll(rig.table), 2);
    assert.deepEqual(rig.installed(), []);
    rig.clock.advance(5000);
    await rig.tick([{ n: 1 }, { n: 2 }, { n: 3 }]);
    assert.deepEqual(rig.installed(), []);
    assert.equal(rig.reason(3), 'held');
    rig.engine.resume();
    await rig.tick([{ n: 1 }, { n: 2 }, { n: 3 }]);
    assert.deepEqual(rig.installed(), [1, 2, 3]);
  });

  it('removes what a failed batch installed when the panic button is pressed again', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    await rig.engine.onloadAll(rig.table);
    rig.engine.resume();
    rig.clock.advance(5000);
    const apply = rig.backend.apply.bind(rig.backend);
    rig.backend.apply = async (operations) => {
      await apply(operations);
      throw new Error('no answer');
    };
    await rig.tick([{ n: 1 }, { n: 2 }]);
    assert.deepEqual(rig.installed(), [1, 2], 'the batch was applied before it failed');
    assert.equal(await rig.engine.onloadAll(rig.table), 2);
    assert.deepEqual(rig.installed(), []);
  });

  it('asks a backend again whether it supports a flow when ports have changed', async () => {
    const rig = new Rig();
    const ports: PortSnapshot = new Map();
    const refusal = { code: 'port-unavailable', detail: 'no device yet' } as const;
    rig.backend.unsupported = () => refusal;
    await rig.tick([{ n: 1 }]);
    rig.backend.unsupported = () => undefined;
    await rig.tick([{ n: 1 }]);
    assert.equal(rig.reason(1), 'unsupported');
    await rig.engine.portsChanged(ports, rig.table);
    await rig.tick([{ n: 1 }], { ports });
    assert.deepEqual(rig.installed(), [1]);
  });

  it('removes the entries of a removed port before the next tick', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    assert.equal(await rig.engine.portsChanged(NO_PORTS, rig.table), 1);
    assert.deepEqual(rig.installed(), []);
    assert.equal(rig.placement(1), Placement.onload);
    assert.equal(rig.reason(1), 'port-gone');
  });

  it('applies no plan based on flows that were read before the ports changed', async () => {
    const rig = new Rig();
    let changed: Promise<number> | undefined;
    const other: PortSnapshot = new Map();
    const evaluate = rig.evaluator.evaluate.bind(rig.evaluator);
    rig.evaluator.evaluate = (table) => {
      changed = rig.engine.portsChanged(other, rig.table);
      return evaluate(table);
    };
    await rig.tick([{ n: 1 }]);
    await changed;
    assert.deepEqual(rig.installed(), []);
    assert.equal(rig.reason(1), 'stale');
  });

  it('withdraws what a failed batch may have installed after the last panic', async () => {
    class HalfBroken extends FakeBackend {
      failing = false;
      override async apply(operations: readonly Operation[]): Promise<readonly OperationResult[]> {
        const results = await super.apply(operations);
        if (this.failing) throw new Error('the reply was lost');
        return results;
      }
    }
    const backend = new HalfBroken();
    const rig = new Rig(backend);
    await rig.tick([{ n: 1 }]);
    await rig.engine.onloadAll(rig.table);
    rig.engine.resume();
    backend.failing = true;
    rig.clock.advance(5000);
    const { failures } = await rig.tick([{ n: 1 }]);
    assert.equal(failures.length, 1);
    assert.deepEqual(rig.installed(), [1]);
    await rig.engine.onloadAll(rig.table);
    assert.deepEqual(rig.installed(), []);
  });

  it('retries the panic button until every entry is removed', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    const withdrawAll = rig.backend.withdrawAll.bind(rig.backend);
    rig.backend.withdrawAll = () => Promise.reject(new Error('busy'));
    await assert.rejects(rig.engine.onloadAll(rig.table), /fake: busy/);
    assert.ok(rig.engine.held);
    const { failures } = await rig.tick([{ n: 1 }], { flowsFresh: false });
    assert.equal(failures.length, 1);
    rig.backend.withdrawAll = withdrawAll;
    await rig.tick([{ n: 1 }], { flowsFresh: false });
    assert.deepEqual(rig.installed(), []);
  });

  it('ends the leases at the panic button without waiting for a busy backend', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    let release: () => void = () => undefined;
    const apply = rig.backend.apply.bind(rig.backend);
    rig.backend.apply = async (operations) => {
      await new Promise<void>((resolve) => (release = resolve));
      return apply(operations);
    };
    const ticking = rig.tick([{ n: 1 }, { n: 2 }]);
    await turn();
    const pressed = rig.engine.onloadAll(rig.table);
    assert.equal(rig.backend.log.at(-1), 'end lease');
    assert.equal(rig.installed().length, 1, 'the tick has not ended');
    release();
    await Promise.all([ticking, pressed]);
    assert.deepEqual(rig.installed(), []);
  });

  it('withholds the lease until the panic button has removed every entry, also after a resume', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    const cause = () => {
      const basis = rig.engine.verificationOf(rig.backend)?.basis(rig.clock.now());
      return basis?.renew === false ? basis.cause : undefined;
    };
    const withdrawAll = rig.backend.withdrawAll.bind(rig.backend);
    rig.backend.withdrawAll = () => Promise.reject(new Error('busy'));
    await assert.rejects(rig.engine.onloadAll(rig.table));
    rig.engine.resume();
    await rig.tick([{ n: 1 }]);
    assert.equal(cause(), 'withdrawal');
    rig.backend.withdrawAll = withdrawAll;
    await rig.tick([{ n: 1 }]);
    assert.equal(cause(), undefined);
  });

  it('withholds the lease while entries of changed ports are not removed', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    const before = rig.verifiedAtMs();
    const portsChanged = rig.backend.portsChanged.bind(rig.backend);
    rig.backend.portsChanged = () => Promise.reject(new Error('EINTR'));
    await assert.rejects(rig.engine.portsChanged(NO_PORTS, rig.table));
    await rig.tick([{ n: 1 }]);
    assert.equal(rig.verifiedAtMs(), before);
    rig.backend.portsChanged = portsChanged;
    await rig.engine.portsChanged(NO_PORTS, rig.table);
    await rig.tick([{ n: 1 }]);
    assert.equal(rig.verifiedAtMs(), rig.clock.now());
  });

  it('installs nothing when the flows have been read longer than a lease ago', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    const evaluate = rig.evaluator.evaluate.bind(rig.evaluator);
    rig.evaluator.evaluate = (table) => {
      // The process is stopped for a while.
      rig.clock.advance(1_000);
      return evaluate(table);
    };
    await rig.tick([{ n: 1 }, { n: 2 }]);
    assert.deepEqual(rig.installed(), [1]);
    rig.evaluator.evaluate = evaluate;
    await rig.tick([{ n: 1 }, { n: 2 }]);
    assert.deepEqual(rig.installed(), [1, 2]);
  });

  it('adopts no entry during a hold', async () => {
    const rig = new Rig();
    await rig.tick([{ n: 1 }]);
    const next = new Rig(rig.backend);
    await next.engine.onloadAll(next.table);
    await next.tick([{ n: 1 }]);
    assert.deepEqual(rig.installed(), []);
    assert.equal(next.reason(1), 'held');
  });

  it('does not use a backend before it has started', async () => {
    const rig = new Rig(new FakeBackend(), { backendsComeUp: true });
    await rig.tick([{ n: 1 }]);
    assert.deepEqual(rig.backend.log, []);
    assert.equal(rig.reason(1), 'no-backend');
    rig.engine.backendUp(rig.backend);
    await rig.tick([{ n: 1 }]);
    assert.deepEqual(rig.installed(), [1]);
  });

  describe('knows when the installed entries were last verified', () => {
    it('from the first audit on, at each tick', async () => {
      const rig = new Rig();
      assert.equal(rig.verifiedAtMs(), Number.NEGATIVE_INFINITY);
      await rig.tick([{ n: 1 }], { fresh: false });
      assert.equal(rig.verifiedAtMs(), Number.NEGATIVE_INFINITY);
      await rig.tick([{ n: 1 }]);
      assert.equal(rig.verifiedAtMs(), rig.clock.now());
    });

    it('not while the flows are stale', async () => {
      const rig = new Rig();
      await rig.tick([{ n: 1 }]);
      const before = rig.clock.now();
      await rig.tick([], { flowsFresh: false });
      assert.equal(rig.verifiedAtMs(), before);
    });

    it('not while an entry cannot be removed', async () => {
      const rig = new Rig();
      await rig.tick([{ n: 1 }]);
      const before = rig.clock.now();
      rig.backend.refuse = () => ({ code: 'device-error', detail: 'EIO' });
      await rig.tick([]);
      await rig.tick([]);
      assert.equal(rig.verifiedAtMs(), before);
      rig.backend.refuse = () => undefined;
      await rig.tick([]);
      assert.equal(rig.verifiedAtMs(), rig.clock.now());
    });

    it('not after a failure until the next audit', async () => {
      const rig = new Rig();
      await rig.tick([{ n: 1 }]);
      const before = rig.clock.now();
      const apply = rig.backend.apply.bind(rig.backend);
      rig.backend.apply = async (operations) => {
        await apply(operations);
        throw new Error('no answer');
      };
      await rig.tick([{ n: 1 }, { n: 2 }]);
      rig.backend.apply = apply;
      assert.deepEqual(rig.installed(), [1, 2], 'it took effect');
      assert.equal(rig.placement(2), Placement.onload);
      await rig.tick([{ n: 1 }], { fresh: false });
      assert.equal(rig.verifiedAtMs(), before + 500);
      await rig.tick([{ n: 1 }]);
      assert.deepEqual(rig.installed(), [1], 'flow 2 has left');
      assert.equal(rig.verifiedAtMs(), rig.clock.now());
    });
  });

  it('isolates backends from the failures of others', async () => {
    const nic = new FakeBackend();
    const fast = new FakeBackend(100, 'fast-path');
    const rig = new Rig([nic, fast]);
    rig.evaluator.requested = (row) => ({
      requested:
        row === rowOf(rig.table, 1) ? RequestedPlacement.offload : RequestedPlacement.fastPath,
      score: 1,
    });
    await rig.tick([{ n: 1 }, { n: 2 }, { n: 3 }]);
    const ids = (): number[] => [...fast.installed.values()].map((f) => f.id.w3);
    assert.deepEqual(ids(), [2, 3]);
    nic.breakWith = new Error('asleep');
    const { failures } = await rig.tick([{ n: 1, actions: [] }, { n: 2 }]);
    assert.deepEqual(
      failures.map((f) => f.backend),
      ['fake'],
    );
    assert.deepEqual(ids(), [2]);
    nic.portsChanged = () => Promise.reject(new Error('asleep'));
    await assert.rejects(rig.engine.portsChanged(NO_PORTS, rig.table), /fake: asleep/);
    assert.deepEqual(ids(), [], 'the second backend got the ports');
  });

  it('moves a flow from one backend to another through the vSwitch', async () => {
    const nic = new FakeBackend();
    const fast = new FakeBackend(100, 'fast-path');
    const rig = new Rig([nic, fast]);
    await rig.tick([{ n: 1 }]);
    assert.equal(rig.placement(1), Placement.offload);
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.fastPath, score: 1 });
    for (let i = 0; i < 6; i++) await rig.tick([{ n: 1 }]);
    assert.equal(rig.placement(1), Placement.fastPath);
    assert.deepEqual(rig.installed(), []);
  });

  it('removes an entry of a flow that is placed on another backend', async () => {
    const nic = new FakeBackend();
    const fast = new FakeBackend(100, 'fast-path');
    const rig = new Rig([nic, fast]);
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.fastPath, score: 1 });
    await rig.tick([{ n: 1 }]);
    const row = rowOf(rig.table, 1);
    nic.installed.set(formatFlowId(flowId(1)), rig.table.specAt(row));
    rig.clock.advance(31_000);
    await rig.tick([{ n: 1 }]);
    assert.deepEqual(rig.installed(), []);
    assert.equal(rig.placement(1), Placement.fastPath);
    assert.equal(fast.installed.size, 1);
  });

  it('gives the reason no-backend when no backend serves the fast path', async () => {
    const rig = new Rig();
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.fastPath, score: 1 });
    await rig.tick([{ n: 1 }]);
    assert.equal(rig.reason(1), 'no-backend');
  });

  it('keeps no entry of a removed or changed flow, whatever fails', async () => {
    const step = fc.record({
      flows: fc.uniqueArray(fc.nat(8), { maxLength: 9 }),
      changed: fc.option(fc.nat(8)),
      broken: fc.boolean(),
      refused: fc.option(fc.nat(8)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const rig = new Rig(new FakeBackend(5));
        const versions = new Map<number, number>();
        for (const { flows, changed, broken, refused } of steps) {
          if (changed !== null) versions.set(changed, (versions.get(changed) ?? 0) + 1);
          if (broken) rig.backend.breakWith = new Error('broken');
          rig.backend.refuse = (op) =>
            op.kind === 'put' && op.flow.id.w3 === refused
              ? { code: 'probe-depth', detail: '' }
              : undefined;
          const port = (n: number): string => `vm${versions.get(n) ?? 0}`;
          const seen = flows.map((n) => {
            const row = rig.table.rowOf(flowId(n));
            const now = outputTo(port(n));
            const same =
              row >= 0 && JSON.stringify(rig.table.actionsAt(row)) === JSON.stringify(now);
            return same ? { n } : { n, actions: now };
          });
          const { failures } = await rig.tick(seen);
          if (failures.length > 0) continue;
          rig.backend.breakWith = undefined;
          assert.ok(rig.backend.installed.size <= 5);
          for (const entry of rig.backend.installed.values()) {
            assert.ok(flows.includes(entry.id.w3));
            assert.deepEqual(entry.actions, outputTo(port(entry.id.w3)));
            assert.deepEqual(entry.match, anyFrom('vm1'));
          }
        }
      }),
    );
  });

  it('verifies a backend without entries at any time, and no other', async () => {
    const rig = new Rig();
    const verifiedAtMs = (): number => rig.engine.verificationOf(rig.backend)?.verifiedAtMs ?? NaN;
    rig.engine.verifyEmpty();
    assert.equal(verifiedAtMs(), Number.NEGATIVE_INFINITY, 'not audited yet');
    await rig.tick([]);
    rig.clock.advance(700);
    rig.engine.verifyEmpty();
    assert.equal(verifiedAtMs(), rig.clock.now());
    await rig.tick([{ n: 1 }]);
    assert.deepEqual(rig.installed(), [1]);
    const before = verifiedAtMs();
    rig.clock.advance(700);
    rig.engine.verifyEmpty();
    assert.equal(verifiedAtMs(), before);
  });
});
