import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PLACEMENT_NAMES, type RequestedPlacement } from '../../../engine/model/flow.ts';
import { type FlowId, formatFlowId } from '../../../engine/model/flow-id.ts';
import type { PlacementChange } from '../../../engine/model/placement-change.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import { FakeBackend } from '../../support/fake-backend.ts';
import { anyFrom, flowId, outputTo } from '../../support/flows.ts';
import { NO_PORTS, Rig } from './engine-rig.ts';

const FLOWS = 7;

/** A backend that removes the entries of every other flow when ports change; withdrawals may fail. */
class Backend extends FakeBackend {
  jammed = false;

  override portsChanged(): Promise<readonly FlowId[]> {
    const lost = [...this.installed.values()].map((f) => f.id).filter((id) => id.w3 % 2 === 0);
    for (const id of lost) this.installed.delete(formatFlowId(id));
    return Promise.resolve(lost);
  }

  override withdrawAll(): Promise<number> {
    return this.jammed ? Promise.reject(new Error('jammed')) : super.withdrawAll();
  }
}

const n = fc.nat(FLOWS - 1);
const backend = fc.nat(1);
const request = fc.constantFrom<RequestedPlacement>(0, 1, 1, 2, 3, 3, 4);
const decision = fc.record({ requested: request, score: fc.nat(9) });

const tick = fc.record({
  what: fc.constant('tick' as const),
  flows: fc.uniqueArray(n, { maxLength: FLOWS }),
  changed: fc.option(n),
  decisions: fc.array(decision, { minLength: FLOWS, maxLength: FLOWS }),
  sight: fc.constantFrom('all', 'all', 'all', 'flows', 'nothing'),
  fails: fc.constantFrom(false, false, false, true),
  passesMs: fc.constantFrom(0, 0, 40_000),
});
const fault = fc.record({
  what: fc.constantFrom('break', 'jam', 'refuse', 'lose', 'leave behind'),
  backend,
  n,
});
const command = fc.record({ what: fc.constantFrom('panic', 'resume', 'ports') });
const step = fc.oneof(
  { weight: 5, arbitrary: tick },
  { weight: 2, arbitrary: fault },
  { weight: 1, arbitrary: command },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A tick in which all flows request the first table, flow `best` most of all. */
function offloadTick(best: number, change: Partial<Extract<Step, { what: 'tick' }>> = {}): Step {
  const flows = Array.from({ length: FLOWS }, (_, i) => i);
  return {
    what: 'tick',
    flows,
    changed: null,
    decisions: flows.map((flow) => ({ requested: 1, score: flow === best ? 9 : 1 })),
    sight: 'all',
    fails: false,
    passesMs: 0,
    ...change,
  };
}

/** Steps that cause every change, so that random steps need not: each is rare among them. */
const EVERY_CAUSE: readonly Step[] = [
  offloadTick(0),
  offloadTick(6, { passesMs: 40_000 }),
  offloadTick(6, { changed: 6 }),
  offloadTick(6),
  { what: 'ports' },
  offloadTick(6),
  { what: 'lose', backend: 0, n: 6 },
  offloadTick(6, { passesMs: 40_000 }),
  offloadTick(6),
  { what: 'panic' },
  offloadTick(6),
  { what: 'resume' },
  offloadTick(6),
  offloadTick(6, { flows: [] }),
];

/** An engine with two small tables, and the placements that follow from its reports. */
class World {
  readonly backends = [new Backend(3), new Backend(2, 'fast-path')] as const;
  readonly rig = new Rig(this.backends, { minHoldMs: 0 });
  readonly causes = new Set<string>();
  readonly #placed = new Map<string, string>();
  #ports: PortSnapshot = NO_PORTS;
  #lastMs = 0;

  async do(step: Step): Promise<void> {
    if (step.what === 'tick') await this.#tick(step);
    else if ('backend' in step) this.#fault(step);
    else await this.#command(step.what);
  }

  async #tick(step: Extract<Step, { what: 'tick' }>): Promise<void> {
    const { rig } = this;
    const { table, evaluator } = rig;
    const flows = step.flows.map((flow) => ({
      n: flow,
      ...(flow === step.changed && table.rowOf(flowId(flow)) >= 0 ? { actions: [] } : {}),
    }));
    evaluator.requested = (row) => step.decisions[table.idAt(row).w3];
    const evaluate = evaluator.evaluate.bind(evaluator);
    if (step.fails) evaluator.evaluate = () => Promise.reject(new Error('no rules'));
    rig.clock.advance(step.passesMs);
    const how = {
      flowsFresh: step.sight !== 'nothing',
      fresh: step.sight === 'all',
      ports: this.#ports,
    };
    try {
      const { changes } = await rig.tick(flows, how);
      for (const change of changes) this.#apply(change);
      this.#compare();
    } catch (error) {
      if (!step.fails || !(error instanceof Error) || error.message !== 'no rules') throw error;
    } finally {
      evaluator.evaluate = evaluate;
    }
  }

  #fault(step: Extract<Step, { backend: number }>): void {
    const backend = this.backends[step.backend];
    const id = flowId(step.n);
    const key = formatFlowId(id);
    if (step.what === 'break') backend.breakWith = new Error('broken');
    else if (step.what === 'jam') backend.jammed = !backend.jammed;
    else if (step.what === 'refuse') {
      backend.refuse = (operation) =>
        (operation.kind === 'put' ? operation.flow.id.w3 : operation.id.w3) === step.n
          ? { code: 'device-error', detail: 'EIO' }
          : undefined;
    } else if (step.what === 'lose') backend.installed.delete(key);
    else backend.installed.set(key, { id, match: anyFrom('vm1'), actions: outputTo('vm2') });
  }

  async #command(what: string): Promise<void> {
    const { engine, table } = this.rig;
    if (what === 'resume') engine.resume();
    else if (what === 'panic') await engine.onloadAll(table).catch(() => undefined);
    else {
      this.#ports = new Map();
      await engine.portsChanged(this.#ports, table);
    }
  }

  #apply({ id, from, to, cause, atMs }: PlacementChange): void {
    const key = formatFlowId(id);
    const what = `${key} ${from} -> ${to}: ${cause}`;
    assert.notEqual(from, to, what);
    assert.ok([from, to].includes('onload') || to === 'gone', `${what}: not through the vSwitch`);
    assert.equal(to === 'gone', cause === 'gone', what);
    assert.equal(this.#placed.get(key) ?? 'onload', from, `${what}: wrong placement before`);
    assert.ok(atMs >= this.#lastMs && atMs <= this.rig.clock.now(), `${what} at ${atMs} ms`);
    this.#lastMs = atMs;
    this.causes.add(cause);
    if (to === 'gone') this.#placed.delete(key);
    else this.#placed.set(key, to);
  }

  /** Asserts that the placements follow from the changes. */
  #compare(): void {
    const { table } = this.rig;
    const live = new Set<string>();
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      const key = formatFlowId(table.idAt(row));
      live.add(key);
      const placement = PLACEMENT_NAMES[table.decision.placement[row]];
      assert.equal(this.#placed.get(key) ?? 'onload', placement, key);
    }
    for (const [key, placement] of this.#placed) {
      assert.ok(live.has(key) || placement === 'onload', `${key} left ${placement} unreported`);
    }
  }
}

describe('changes of placement', () => {
  it('lead from the old to the new placements, each reported once, through any faults', async function () {
    this.timeout(30_000);
    const causes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const world = new World();
        for (const one of steps) await world.do(one);
        for (const cause of world.causes) causes.add(cause);
      }),
      { numRuns: 300, examples: [[[...EVERY_CAUSE]]] },
    );
    // The steps cause all changes except those of a shrinking table.
    for (const cause of [
      'policy',
      'displacement',
      'actions-changed',
      'gone',
      'port',
      'panic',
      'audit',
    ]) {
      assert.ok(causes.has(cause), cause);
    }
  });
});
