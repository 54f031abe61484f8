import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DecisionRecorder, type RulesInForce } from '../../../daemon/decisions/recorder.ts';
import type { DecisionRecord } from '../../../api/decision-record.ts';
import { DecisionRing } from '../../../daemon/decisions/ring.ts';
import { RotatingFile, type RotatingFileOptions } from '../../../platform/rotating-file.ts';
import { createEvaluator } from '../../../policy/compiled/create-evaluator.ts';
import { MemoryBackend } from '../../../simulation/memory-backend.ts';
import { decisionLine } from '../../../views/decision-line.ts';
import { coloursOf } from '../../../platform/terminal.ts';
import { Engine } from '../../../engine/loop/engine.ts';
import type { TickReport } from '../../../engine/loop/tick-report.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import type { RuleEvaluator } from '../../../engine/ports/rule-evaluator.ts';
import type { PolicySet } from '../../../policy/model/policy-set.ts';
import { parsePolicies } from '../../../policy/parse/parse-policies.ts';
import { formatFlowId } from '../../../engine/model/flow-id.ts';
import { POLICY } from '../../policy-tools/fixture.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { decisionOf } from '../../support/fake-view.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const TICK_MS = 250;

/** An engine on given flows, and its decision records. */
class Drive {
  readonly table = new FlowTable();
  readonly clock = new ManualClock(10_000);
  readonly backend = new MemoryBackend({ placement: 'offload', entries: 100, clock: this.clock });
  readonly records: DecisionRecord[] = [];
  readonly engine: Engine;
  readonly recorder: DecisionRecorder;
  readonly inForce: RulesInForce;
  lost = 0;
  readonly #policies: PolicySet;
  #sequence = 0;

  constructor(policy: unknown = POLICY, { maxPerTick = 100, inputsPerPlan = 100 } = {}) {
    this.#policies = parsePolicies([{ file: 'p.json', text: JSON.stringify(policy) }]);
    const evaluator = this.evaluator();
    const operations = { perSecond: 1e6, burst: 1e6 };
    this.engine = new Engine({
      evaluator,
      planner: { minHoldMs: 0, operations },
      backends: [this.backend],
      clock: this.clock,
      auditMs: 1e9,
      inputsPerPlan,
    });
    this.inForce = { rules: evaluator.rules, revisions: new Map([['p', 'abc']]) };
    this.recorder = new DecisionRecorder({
      maxPerTick,
      write: (record) => this.records.push(record),
      onLost: (records) => {
        this.lost += records;
      },
      wall: () => Date.UTC(2026, 0, 1) + this.clock.now(),
    });
  }

  /** An evaluator of the policies, which the engine it is passed to disposes. */
  evaluator(): RuleEvaluator {
    return createEvaluator(this.#policies, this.clock);
  }

  /** Runs one tick: flow i has the rate `rates[i]`, packets/s; undefined: the flow is absent. */
  async tick(...rates: readonly (number | undefined)[]): Promise<readonly DecisionRecord[]> {
    return this.observe(await this.decide(rates));
  }

  async decide(rates: readonly (number | undefined)[]): Promise<TickReport> {
    this.clock.advance(TICK_MS);
    const { table } = this;
    const nowMs = this.clock.now();
    table.begin(nowMs);
    rates.forEach((rate, i) => {
      if (rate === undefined) return;
      const id = { w0: i + 1, w1: 0, w2: 0, w3: 0 };
      const found = table.rowOf(id);
      const match = { inPort: `vm${i}`, fields: [], opaque: [] };
      const row = found >= 0 ? found : table.add(id, match, [{ kind: 'output', port: 'up' }]);
      table.observe(row, 1, 1, 0);
      table.rates.lastPacketsPerSecond[row] = rate;
      table.forecast.worth[row] = rate;
      table.rates.packetsPerSecond[row] = rate;
    });
    table.end();
    const tick = {
      sequence: ++this.#sequence,
      atMs: nowMs,
      table,
      node: { hostCpu: undefined, portLoad: new Map() },
      ports: new Map(),
      sources: [],
      flowsFresh: true,
      fresh: true,
    };
    return this.engine.onTick(tick, new AbortController().signal);
  }

  /** Records of one report. */
  observe(report: TickReport): readonly DecisionRecord[] {
    const before = this.records.length;
    this.recorder.observe(report, this.inForce);
    return this.records.slice(before);
  }
}

/** The compared parts of a record. */
function gist({ flow, from, to, rule, reason, outcome, mode }: DecisionRecord): string {
  return `${flow.slice(0, 8)} ${from} -> ${to} ${rule} ${reason} ${outcome} ${mode}`;
}

describe('decision records', () => {
  it('contain rule, revision, facts and outcome of each move, as of before the move', async () => {
    const drive = new Drive();
    assert.deepEqual(await drive.tick(5, 5), []);
    const [record, ...others] = await drive.tick(2000, 5);
    assert.deepEqual(others, []);
    assert.deepEqual(record, {
      id: record.id,
      time: '2026-01-01T00:00:10.500Z',
      tick: 2,
      mode: 'enforce',
      flow: formatFlowId({ w0: 1, w1: 0, w2: 0, w3: 0 }),
      match: 'in_port=vm0',
      from: 'onload',
      to: 'offload',
      cause: 'policy',
      rule: 'p/fast',
      policy: 'p',
      revision: 'abc',
      requested: 'offload',
      score: 2000,
      reason: 'placed',
      inputs: { lastPacketsPerSecond: 2000 },
      backend: 'offload',
      outcome: 'installed',
    });
    assert.deepEqual(await drive.tick(2000, 5), [], 'nothing has changed');
    const [back] = await drive.tick(3, 5);
    assert.equal(gist(back), '00000001 offload -> onload p/slow rule-onload deleted enforce');
    assert.deepEqual(back.inputs, { placement: 'offload', lastPacketsPerSecond: 3 });
    assert.notEqual(back.id, record.id);
  });

  it('include changes without an operation of a rule', async () => {
    const drive = new Drive();
    await drive.tick(2000, 2000, 2000);
    const row = drive.table.rowOf({ w0: 2, w1: 0, w2: 0, w3: 0 });
    drive.table.setActions(row, []);
    const rates = [2000, 2000, undefined];
    const report = await drive.decide(rates);
    assert.deepEqual(drive.observe(report).map(gist), [
      '00000003 offload -> gone null gone deleted enforce',
      '00000002 offload -> onload null actions-changed deleted enforce',
      '00000002 onload -> offload p/fast placed installed enforce',
    ]);
    drive.clock.advance(100);
    await drive.engine.onloadAll(drive.table);
    const held = await drive.tick(...rates);
    assert.deepEqual(held.map(gist), [
      '00000001 offload -> onload null held null enforce',
      '00000002 offload -> onload null held null enforce',
    ]);
    assert.deepEqual(
      held.map((r) => [r.cause, r.time]),
      [
        ['panic', '2026-01-01T00:00:10.600Z'],
        ['panic', '2026-01-01T00:00:10.600Z'],
      ],
      'when it was, and not when the next tick came',
    );
  });

  it('distinguish a new flow from the earlier flow in the same row', async () => {
    const drive = new Drive();
    await drive.tick(2000);
    await drive.tick(undefined);
    assert.equal((await drive.tick(undefined, 5)).length, 0);
    const [record] = await drive.tick(undefined, 2000);
    assert.equal(gist(record), '00000002 onload -> offload p/fast placed installed enforce');
  });

  it('include the changes of a failed tick', async () => {
    const drive = new Drive();
    await drive.tick(2000, 2000);
    drive.engine.useRules({
      rules: drive.engine.evaluator.rules,
      evaluate: () => Promise.reject(new Error('too slow')),
      inputs: () => [],
      explain: () => Promise.resolve([]),
      [Symbol.dispose]: () => undefined,
    });
    drive.table.setActions(drive.table.rowOf({ w0: 2, w1: 0, w2: 0, w3: 0 }), []);
    await assert.rejects(drive.decide([2000, 2000]), /too slow/);
    drive.engine.useRules(drive.evaluator());
    const [taken, put, ...others] = await drive.tick(2000, 2000);
    assert.deepEqual(others, []);
    assert.equal(gist(taken), '00000002 offload -> onload null actions-changed null enforce');
    assert.equal(taken.time, '2026-01-01T00:00:10.500Z');
    assert.equal(gist(put), '00000002 onload -> offload p/fast placed installed enforce');
    assert.equal(put.time, '2026-01-01T00:00:10.750Z');
  });

  it('are bounded per tick, and the rest is counted as lost', async () => {
    const drive = new Drive(POLICY, { maxPerTick: 3, inputsPerPlan: 2 });
    const records = await drive.tick(...Array.from({ length: 10 }, () => 2000));
    assert.equal(records.length, 3);
    assert.equal(drive.lost, 7);
    assert.deepEqual(
      records.map((r) => [r.rule, r.inputs === null]),
      [
        ['p/fast', false],
        ['p/fast', false],
        ['p/fast', true],
      ],
    );
    assert.deepEqual(await drive.tick(...Array.from({ length: 10 }, () => 2000)), []);
  });

  it('contain each move that a shadow policy would make once, and nothing moves', async () => {
    const drive = new Drive({ ...POLICY, mode: 'shadow' });
    await drive.tick(5);
    const [record, ...others] = await drive.tick(2000);
    assert.deepEqual(others, []);
    // The reason of the enforced rules is not the shadow policy's.
    assert.equal(gist(record), '00000001 onload -> offload p/fast null null shadow');
    assert.equal(record.inputs, null);
    assert.match(
      decisionLine(record, coloursOf(false)),
      /onload -> offload \(shadow, not applied\): p\/fast@abc requests offload$/,
    );
    assert.deepEqual(await drive.tick(2000), []);
    await drive.tick(50);
    assert.equal((await drive.tick(2000)).length, 1);
  });

  it('cost little for flows that stay', async function () {
    this.timeout(30_000);
    const drive = new Drive();
    const rates = Array.from({ length: 50_000 }, () => 5);
    await drive.tick(...rates);
    const report = await drive.decide(rates);
    const startMs = performance.now();
    for (let i = 0; i < 20; i++) drive.recorder.observe(report, drive.inForce);
    const eachMs = (performance.now() - startMs) / 20;
    assert.ok(eachMs < 10, `${eachMs} ms for 50,000 flows`);
  });
});

describe('ring of decisions', () => {
  it('keeps the latest records, latest first', () => {
    const ring = new DecisionRing(3);
    assert.deepEqual(ring.latest(10), []);
    for (let i = 1; i <= 5; i++) ring.add(decisionOf({ id: `x-${i}`, flow: `${i % 2}abc` }));
    assert.equal(ring.size, 3);
    const ids = (records: readonly DecisionRecord[]) => records.map((r) => r.id);
    assert.deepEqual(ids(ring.latest(10)), ['x-5', 'x-4', 'x-3']);
    assert.deepEqual(ids(ring.latest(2)), ['x-5', 'x-4']);
    assert.deepEqual(ids(ring.latest(10, '1')), ['x-5', 'x-3']);
    assert.deepEqual(ids(ring.latest(10, '1abcd')), []);
  });

  it('can have capacity 0', () => {
    const ring = new DecisionRing(0);
    ring.add(decisionOf());
    assert.deepEqual(ring.latest(10), []);
  });
});

describe('rotating file', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  let lost: number;
  let errors: unknown[];

  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, 'd.ndjson');
    lost = 0;
    errors = [];
  });

  afterEach(() => folder.remove());

  function open(options: Partial<RotatingFileOptions> = {}): RotatingFile {
    return new RotatingFile({
      path,
      maxBytes: 100,
      keep: 2,
      onLost: (lines) => {
        lost += lines;
      },
      onError: (error) => errors.push(error),
      ...options,
    });
  }

  function linesOf(suffix = ''): string[] {
    return readFileSync(path + suffix, 'utf8')
      .split('\n')
      .slice(0, -1);
  }

  it('appends to an existing file', async () => {
    writeFileSync(path, 'old\n');
    const file = open();
    file.write('one');
    file.write('two');
    await file.flush();
    file.write('three');
    await file.flush();
    assert.deepEqual(linesOf(), ['old', 'one', 'two', 'three']);
  });

  it('rotates full files and keeps the configured number', async () => {
    const file = open();
    const lines = Array.from({ length: 20 }, (_, i) => `line ${i} ${'x'.repeat(30)}`);
    for (const line of lines) file.write(line);
    await file.flush();
    const kept = [...linesOf('.2'), ...linesOf('.1'), ...linesOf()];
    assert.deepEqual(kept, lines.slice(-kept.length));
    assert.ok(kept.length >= 5);
    for (const suffix of ['', '.1', '.2']) assert.ok(statSync(path + suffix).size <= 100);
    assert.ok(!existsSync(`${path}.3`));
    assert.equal(lost, 0);
  });

  it('keeps the order of three older files', async () => {
    const file = open({ keep: 3 });
    const lines = Array.from({ length: 20 }, (_, i) => `line ${i} ${'x'.repeat(70)}`);
    for (const line of lines) {
      file.write(line);
      await file.flush();
    }
    const kept = ['.3', '.2', '.1', ''].flatMap((suffix) => linesOf(suffix));
    assert.deepEqual(kept, lines.slice(-4));
  });

  it('keeps no older file with keep 0', async () => {
    const file = open({ keep: 0 });
    for (let i = 0; i < 5; i++) file.write('x'.repeat(80));
    await file.flush();
    assert.deepEqual(linesOf(), ['x'.repeat(80)]);
    assert.ok(!existsSync(`${path}.1`));
  });

  it('writes a line that is longer than the maximum file size', async () => {
    const file = open();
    for (let i = 0; i < 3; i++) file.write('y'.repeat(300));
    await file.flush();
    assert.deepEqual(linesOf('.1'), ['y'.repeat(300)]);
  });

  it('drops lines that arrive too fast, and counts them', async () => {
    const file = open({ maxQueued: 10, maxBytes: 1000 });
    for (let i = 0; i < 5; i++) file.write('abcd');
    await file.flush();
    assert.deepEqual(linesOf(), ['abcd', 'abcd']);
    assert.equal(lost, 3);
    file.write('more');
    await file.flush();
    assert.equal(linesOf().length, 3);
  });

  it('reports a write error once, counts lost lines, and recovers', async () => {
    const away = join(folder.path, 'sub');
    path = join(away, 'd.ndjson');
    const file = open();
    for (const line of ['a', 'b']) {
      file.write(line);
      await file.flush();
    }
    assert.equal(lost, 2);
    assert.equal(errors.length, 1);
    mkdirSync(away);
    file.write('c');
    await file.flush();
    assert.deepEqual(linesOf(), ['c']);
    rmSync(away, { recursive: true });
    file.write('d');
    await file.flush();
    assert.equal(errors.length, 2);
  });
});
