import { DumpParser } from '../adapters/ovs/dump/parser.ts';
import { packageRoot } from '../platform/package-root.ts';
import { readPolicies } from '../policy-tools/files/policy-files.ts';
import { decideTick } from '../simulation/decide-tick.ts';
import { MemoryBackend } from '../simulation/memory-backend.ts';
import { Engine } from '../engine/loop/engine.ts';
import type { TickReport } from '../engine/loop/tick-report.ts';
import { FlowTable } from '../engine/model/flow-table.ts';
import { CompiledEvaluator } from '../policy/compiled/compiled-evaluator.ts';
import { updateRates } from '../telemetry/rates.ts';
import { dumpLines, escapedDump } from './dump-generator.ts';
import { runPython } from './support/peer.ts';
import { type BenchOptions, type BenchReport, type Comparison, compare } from './support/report.ts';

const SEED = 20_260;
const ENTRIES = 8192;
const PERIOD_MS = 250;
const LINES_PER_TURN = 8192;

/** A clock that the bench advances; the daemon reads four times a second. */
class BenchClock {
  tickMs = 0;
  now(): number {
    return performance.now();
  }
}

/** Time of the stages of one tick, ms. */
interface Stages {
  readonly ingest: number;
  readonly rates: number;
  readonly decide: number;
  readonly rules: number;
  readonly total: number;
}

/**
 * One tick from the bytes of a dump to an applied plan: parse, rates, the shipped default policy,
 * plan and reconcile over 8,192 entries; compared with a script on OVS's Python parser that selects
 * the best 8,192 by packets/s.
 */
export async function run({ quick, signal }: BenchOptions): Promise<BenchReport> {
  const sizes = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000];
  const peer = await peerRate(quick ? 500 : 5_000, signal);
  const comparisons: Comparison[] = [];
  const notes: string[] = [];
  for (const flows of sizes) {
    const { stages, growthMb, rssMb } = await measure(flows, quick ? 5 : 15, signal);
    const label = `${flows} flows`;
    const ours = (flows / stages.total) * 1000;
    comparisons.push(compare(label, { ours, peer }, 'flows/s', 'higher'));
    notes.push(
      `${label}: ${ms(stages.total)} a tick (ingest ${ms(stages.ingest)}, ` +
        `rates ${ms(stages.rates)}, rules ${ms(stages.rules)}, plan and reconcile ` +
        `${ms(stages.decide - stages.rules)}), ` +
        `RSS ${rssMb.toFixed(0)} MB, grown by ${growthMb.toFixed(1)} MB`,
    );
  }
  notes.push('peer: ovs.flow.odp.ODPFlow and a sort in Python, second of two looks');
  return { name: 'tick', comparisons, notes };
}

async function measure(
  flows: number,
  rounds: number,
  signal: AbortSignal,
): Promise<{ readonly stages: Stages; readonly growthMb: number; readonly rssMb: number }> {
  const dumps = [0, 1, 2, 3].map((look) => escapedDump({ flows, seed: SEED, look }));
  const clock = new BenchClock();
  const engine = await engineWith(clock);
  const table = new FlowTable();
  const parser = new DumpParser();
  const all: Stages[] = [];
  let rssBefore = 0;
  for (let round = 0; round < rounds; round++) {
    signal.throwIfAborted();
    clock.tickMs += PERIOD_MS;
    all.push(await tick(engine, table, parser, dumps[round % dumps.length], clock, signal));
    if (round === Math.floor(rounds / 2)) rssBefore = process.memoryUsage().rss;
  }
  const rss = process.memoryUsage().rss;
  const late = all.slice(Math.floor(rounds / 2)).sort((a, b) => a.total - b.total);
  return {
    stages: late[late.length >> 1],
    growthMb: (rss - rssBefore) / 1e6,
    rssMb: rss / 1e6,
  };
}

async function tick(
  engine: Engine,
  table: FlowTable,
  parser: DumpParser,
  dump: Buffer,
  clock: BenchClock,
  signal: AbortSignal,
): Promise<Stages> {
  const start = performance.now();
  table.begin(clock.tickMs);
  parser.beginDump(table, dump);
  let done = false;
  while (!done) done = parser.readLines(LINES_PER_TURN);
  parser.finishDump();
  table.end();
  const read = performance.now();
  updateRates(table, 1000);
  const rated = performance.now();
  const report: TickReport = await decideTick(
    engine,
    {
      sequence: 1,
      atMs: clock.tickMs,
      table,
      node: { hostCpu: 0.5, portLoad: new Map() },
      ports: new Map(),
    },
    signal,
  );
  const end = performance.now();
  return {
    ingest: read - start,
    rates: rated - read,
    decide: end - rated,
    rules: report.evaluation?.elapsedMs ?? 0,
    total: end - start,
  };
}

async function engineWith(clock: BenchClock): Promise<Engine> {
  const reading = await readPolicies([`${packageRoot()}/policies/default.json`]);
  if (!reading.ok) throw new Error(reading.problems.join('\n'));
  const tickClock = { now: () => clock.tickMs };
  return new Engine({
    evaluator: new CompiledEvaluator(reading.policies, { clock }),
    planner: { minHoldMs: 2000, operations: { perSecond: 2000, burst: 4000 } },
    backends: [new MemoryBackend({ placement: 'offload', entries: ENTRIES, clock: tickClock })],
    clock: tickClock,
    auditMs: 30_000,
  });
}

/** Flows per second of the script on OVS's Python parser. */
async function peerRate(flows: number, signal: AbortSignal): Promise<number> {
  const looks = [0, 1].map((look) =>
    [...dumpLines({ flows, seed: SEED, look })]
      .filter((line) => line.startsWith('ufid:'))
      .map((line) => line.replace(/, dp-extra-info:.*$/, ''))
      .join('\n'),
  );
  const result: unknown = JSON.parse(await runPython('tick_peer.py', looks.join('\n\n'), signal));
  if (typeof result !== 'object' || result === null) throw new Error('the peer printed no object');
  if (!('seconds' in result) || typeof result.seconds !== 'number') {
    throw new Error('the peer printed no seconds');
  }
  return flows / result.seconds;
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}
