import { openSync, readSync, closeSync, fstatSync } from 'node:fs';
import { DumpParser } from '../../adapters/ovs/dump/parser.ts';
import { Engine } from '../../engine/loop/engine.ts';
import type { TickReport } from '../../engine/loop/tick-report.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { readPolicies } from '../../policy-tools/files/policy-files.ts';
import { CompiledEvaluator } from '../../policy/compiled/compiled-evaluator.ts';
import { decideTick } from '../../simulation/decide-tick.ts';
import { MemoryBackend } from '../../simulation/memory-backend.ts';
import { updateRates } from '../../telemetry/rates.ts';
import type { SizeFigures, Stages } from './figures.ts';

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

/**
 * Measures ticks over dumps in files. Only one of them is in memory at a time, in the same buffer, whose size
 * does not count: the rest is the process's own.
 *
 * @param files dumps of the same flows, read in turn
 */
export async function measureTicks(
  files: readonly string[],
  rounds: number,
  signal: AbortSignal,
): Promise<SizeFigures> {
  const buffer = Buffer.allocUnsafeSlow(Math.max(...files.map(sizeOf)));
  const clock = new BenchClock();
  const engine = await engineWith(clock);
  const table = new FlowTable();
  const parser = new DumpParser();
  const all: Stages[] = [];
  const ownMb = (): number => (process.memoryUsage().rss - buffer.length) / 1e6;
  let before = 0;
  for (let round = 0; round < rounds; round++) {
    clock.tickMs += PERIOD_MS;
    const dump = readInto(buffer, files[round % files.length]);
    all.push(await tick(engine, table, parser, dump, clock, signal));
    if (round === Math.floor(rounds / 2)) before = ownMb();
  }
  const own = ownMb();
  const late = all.slice(Math.floor(rounds / 2)).sort((a, b) => a.total - b.total);
  return {
    flows: table.count,
    stages: late[late.length >> 1],
    ownMb: own,
    growthMb: own - before,
    dumpMb: buffer.length / 1e6,
  };
}

function sizeOf(file: string): number {
  const descriptor = openSync(file, 'r');
  try {
    return fstatSync(descriptor).size;
  } finally {
    closeSync(descriptor);
  }
}

/** The content of a file at the start of the buffer. */
function readInto(buffer: Buffer, file: string): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    let length = 0;
    for (;;) {
      const read = readSync(descriptor, buffer, length, buffer.length - length, length);
      if (read === 0) return buffer.subarray(0, length);
      length += read;
    }
  } finally {
    closeSync(descriptor);
  }
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
