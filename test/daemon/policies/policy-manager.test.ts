import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { PoliciesUnusable } from '../../../daemon/policies/policies-unusable.ts';
import {
  type PolicyManagerOptions,
  PolicyManager,
} from '../../../daemon/policies/policy-manager.ts';
import { Engine } from '../../../engine/loop/engine.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import type { RuleEvaluator } from '../../../engine/ports/rule-evaluator.ts';
import { POLICY, policyFolder } from '../../policy-tools/fixture.ts';
import { read } from '../../support/flows.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { recordingLog } from '../../support/quiet-log.ts';

const TESTS = {
  tests: [
    {
      name: 'a fast flow goes',
      flows: { a: { packetsPerSecond: '1500x8' } },
      expect: [{ flow: 'a', placement: 'offload' }],
    },
  ],
};

/** {@link POLICY} with another lower bound for offloading. */
function withBound(value: number) {
  const [slow, fast] = POLICY.rules;
  const conditions = { all: [{ ...fast.conditions.all[0], value }] };
  return { ...POLICY, rules: [slow, { ...fast, conditions }] };
}

describe('policy manager', () => {
  let folder: ReturnType<typeof policyFolder>;
  let file: string;
  let reloads: string[];
  let log: ReturnType<typeof recordingLog>;

  beforeEach(() => {
    folder = policyFolder();
    file = folder.write('p.json', POLICY);
    reloads = [];
    log = recordingLog();
  });

  afterEach(() => folder.remove());

  function manager(options: Partial<PolicyManagerOptions> = {}): PolicyManager {
    return new PolicyManager({
      files: [file],
      clock: new ManualClock(),
      log: log.log,
      onReload: ({ result, first }, { revision }) =>
        reloads.push(`${first ? 'first' : result} ${revision}`),
      ...options,
    });
  }

  /** A manager whose policies are in force in an engine. */
  async function started(options: Partial<PolicyManagerOptions> = {}) {
    const k = manager(options);
    const evaluator = await k.load();
    const clock = new ManualClock();
    const planner = { minHoldMs: 0, operations: { perSecond: 1, burst: 1 } };
    const engine = new Engine({ evaluator, planner, backends: [], clock, auditMs: 1 });
    const swapped: RuleEvaluator[] = [];
    const useRules = engine.useRules.bind(engine);
    engine.useRules = (next) => {
      swapped.push(next);
      useRules(next);
    };
    k.attach(engine);
    return { k, engine, swapped, revision: k.inForce?.revision };
  }

  it('starts with valid policies, tested or not, and refuses invalid ones', async () => {
    folder.write('p.test.json', '{"tests": "none"}');
    const { k } = await started();
    assert.equal(k.inForce?.policies[0].name, 'p');
    assert.equal(k.lastReload, undefined);
    folder.write('p.json', '{}');
    await assert.rejects(
      manager().load(),
      (error) => error instanceof PoliciesUnusable && /p\.json:1:1: /.test(error.problems[0]),
    );
  });

  it('puts a valid change into force, and knows the revisions of each evaluator', async () => {
    const { k, engine, swapped, revision } = await started();
    const before = engine.evaluator;
    folder.write('p.json', withBound(2000));
    assert.deepEqual(await k.reload(), { ok: true, rules: 2 });
    assert.equal(swapped.length, 1);
    assert.notEqual(k.inForce?.revision, revision);
    assert.equal(k.lastReload?.result, 'in-force');
    assert.equal(k.revisionsOf(swapped[0]).get('p'), k.inForce?.policies[0].revision);
    assert.notEqual(k.revisionsOf(before).get('p'), k.inForce?.policies[0].revision);
    assert.equal(engine.evaluator, before, 'until the next tick');
  });

  it('leaves no columns of replaced policies at the flow table', async () => {
    const { k, engine } = await started();
    const table = new FlowTable();
    const tick = async (atMs: number): Promise<number> => {
      read(table, atMs, [{ n: 1 }]);
      const node = { hostCpu: undefined, portLoad: new Map() };
      const fresh = { sources: [], flowsFresh: true, fresh: true };
      const { signal } = new AbortController();
      await engine.onTick({ sequence: 1, atMs, table, node, ports: new Map(), ...fresh }, signal);
      return table.sideTables.size;
    };
    const before = await tick(1000);
    assert.ok(before > 0);
    for (let i = 1; i <= 10; i++) {
      folder.write('p.json', withBound(2000 + i));
      assert.deepEqual(await k.reload(), { ok: true, rules: 2 });
      if (i % 3 === 0) assert.equal(await tick(1000 + i), before);
    }
    assert.equal(await tick(2000), before);
  });

  it('refuses invalid policies and keeps the last valid ones', async () => {
    const { k, swapped, revision } = await started();
    folder.write('p.json', JSON.stringify(POLICY).replace('"equal"', '"equall"'));
    const answer = await k.reload();
    assert.ok(!answer.ok);
    assert.match(answer.problems[0], /p\.json:1:\d+: .*equall/);
    assert.deepEqual(k.problems, answer.problems);
    assert.equal(k.lastReload?.result, 'invalid');
    assert.equal(swapped.length, 0);
    assert.equal(k.inForce?.revision, revision);
    assert.deepEqual(reloads, [`first ${revision}`, `invalid ${revision}`]);
    assert.equal(log.lines.at(-1)?.level, 'error');
    folder.write('p.json', POLICY);
    assert.ok((await k.reload()).ok);
    assert.deepEqual(k.problems, []);
  });

  it('refuses a missing file', async () => {
    const { k, revision } = await started();
    rmSync(file);
    const answer = await k.reload();
    assert.ok(!answer.ok && /cannot be read/.test(answer.problems[0]));
    assert.equal(k.inForce?.revision, revision);
  });

  it('refuses policies that fail their tests', async () => {
    folder.write('p.test.json', TESTS);
    const { k, swapped } = await started();
    folder.write('p.json', withBound(2000));
    const answer = await k.reload();
    assert.ok(!answer.ok);
    assert.match(
      answer.problems[0],
      /p\.test\.json:\d+:\d+: flow "a" .*\(test "a fast flow goes"\)/,
    );
    assert.equal(k.lastReload?.result, 'tests-failed');
    assert.equal(swapped.length, 0);
    folder.write('p.json', withBound(1200));
    assert.ok((await k.reload()).ok);
  });

  it('gives up on tests that take too long', async () => {
    const slow = {
      ...TESTS.tests[0],
      for: '2h',
      flows: { a: { count: 50, packetsPerSecond: 1500 } },
    };
    folder.write('p.test.json', { tests: [slow] });
    const { k } = await started({ testTimeoutMs: 50 });
    const answer = await k.reload();
    assert.ok(!answer.ok);
    assert.match(answer.problems[0], /the tests took longer than 50 ms/);
  });

  it('bounds the number of problems', async () => {
    const { k } = await started();
    const rules = Array.from({ length: 80 }, (_, i) => ({ name: `r${i}`, nonsense: 1 }));
    folder.write('p.json', { ...POLICY, rules });
    await k.reload();
    assert.equal(k.problems.length, 51);
    assert.match(k.problems[50], /^and \d+ more$/);
  });

  it('ignores files that have not changed since the last reading, valid or not', async () => {
    folder.write('p.test.json', TESTS);
    const { k } = await started();
    await k.reloadChanged();
    folder.write('p.json', POLICY);
    await k.reloadChanged();
    assert.equal(reloads.length, 1);
    folder.write('p.json', '{');
    await k.reloadChanged();
    await k.reloadChanged();
    assert.equal(reloads.length, 2);
    folder.write('p.json', POLICY);
    await k.reloadChanged();
    folder.write('p.test.json', { tests: [] });
    await k.reloadChanged();
    rmSync(folder.file('p.test.json'));
    await k.reloadChanged();
    assert.deepEqual(
      reloads.map((t) => t.split(' ')[0]),
      ['first', 'invalid', 'in-force', 'in-force', 'in-force'],
    );
  });

  it('handles reloads in sequence: the last files win', async () => {
    folder.write('p.test.json', TESTS);
    const { k, swapped } = await started();
    folder.write('p.json', withBound(1100));
    const first = k.reload();
    const second = k.reloadChanged();
    folder.write('p.json', withBound(1300));
    const third = k.reload();
    await Promise.all([first, second, third]);
    const [last] = k.inForce?.rules.filter((r) => r.name === 'p/fast') ?? [];
    assert.match(JSON.stringify(last.conditions), /1300/);
    assert.equal(swapped.at(-1)?.rules.length, 2);
  });
});
