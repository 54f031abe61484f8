import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packageRoot } from '../platform/package-root.ts';
import { checkPolicies } from '../policy-tools/files/policy-files.ts';
import { DEFAULT_PLANNER } from '../simulation/settings.ts';
import { FlowTable } from '../engine/model/flow-table.ts';
import type { PolicySet } from '../policy/model/policy-set.ts';
import { TickEncoder } from '../replay/recording/tick-encoder.ts';
import { simulate } from '../replay/run/simulate.ts';
import { openFeed } from '../replay/run/open-feed.ts';
import { openTrace } from '../replay/input/source.ts';
import { cpuMs } from './support/measuring.ts';
import { flowRecordLines, pcapOfTcp } from './replay-trace.ts';
import { type BenchOptions, type BenchReport, type Comparison, compare } from './support/report.ts';

const SEED = 20_261;
const ENTRIES = 8192;
const PERIOD_MS = 250;

const FULL = { flows: [1000, 10_000], seconds: 600, packets: 3_000_000, recorded: 100_000 };
const QUICK = { flows: [1000], seconds: 60, packets: 300_000, recorded: 10_000 };

/** The policy for the bench cannot be read. */
class ReplayBenchFailed extends Error {
  override readonly name = 'ReplayBenchFailed';
}

/**
 * Speed of replaying traces with the default policy, compared with real time, and the cost of
 * recording per tick. In CPU time, because the machine may be shared.
 */
export async function run({ quick, signal, progress }: BenchOptions): Promise<BenchReport> {
  const { flows, seconds, packets, recorded } = quick ? QUICK : FULL;
  const folder = await mkdtemp(join(tmpdir(), 'nk-bench-replay-'));
  try {
    const policies = await defaultPolicy();
    const comparisons: Comparison[] = [];
    const notes: string[] = [];
    for (const count of flows) {
      const file = join(folder, `${count}.csv`);
      const lines = [...flowRecordLines({ seed: SEED, flows: count, seconds })];
      await writeFile(file, `${lines.join('\n')}\n`);
      progress?.(`replaying ${seconds} s of ${count} flows`);
      const found = await played(file, policies, signal);
      const ours = found.playedMs / found.cpuMs;
      const label = `${count} flows (CSV)`;
      comparisons.push(compare(label, { ours, peer: 1 }, 's of trace a CPU s', 'higher'));
      notes.push(
        `${label}: ${(found.cpuMs / found.ticks).toFixed(1)} ms a tick, ` +
          `${perSecond(lines.length, found.cpuMs)} records a CPU s, RSS ${found.rssMb.toFixed(0)} MB`,
      );
    }
    const capture = join(folder, 'tcp.pcap');
    await writeFile(capture, pcapOfTcp(packets, SEED));
    progress?.(`replaying a capture of ${packets} packets`);
    const { cpuMs, playedMs } = await played(capture, policies, signal);
    const ours = playedMs / cpuMs;
    comparisons.push(
      compare('100,000 packets/s (pcap)', { ours, peer: 1 }, 's of trace a CPU s', 'higher'),
    );
    notes.push(`pcap: ${perSecond(packets, cpuMs)} packets a CPU s, decisions included`);
    for (const share of [1, 0.2]) notes.push(recordingCost(recorded, share));
    notes.push('peer: the time in which the trace happened');
    return { name: 'replay', comparisons, notes };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function played(file: string, policies: PolicySet, signal: AbortSignal) {
  const source = await openTrace(file);
  const startMs = cpuMs();
  const { playedMs, ticks, failure } = await simulate(
    openFeed(source, PERIOD_MS),
    {
      candidates: [{ name: 'default', policies }],
      entries: ENTRIES,
      fastPathEntries: 0,
      planner: DEFAULT_PLANNER,
      periodMs: PERIOD_MS,
      packetCostNs: undefined,
      forMs: Number.POSITIVE_INFINITY,
    },
    signal,
  );
  if (failure !== undefined) throw failure;
  return { playedMs, ticks, cpuMs: cpuMs() - startMs, rssMb: process.memoryUsage().rss / 1e6 };
}

const TICKS = 120;

/** Cost and size of encoding a tick when every flow is known. */
function recordingCost(flows: number, share: number): string {
  const table = new FlowTable();
  const encoder = new TickEncoder();
  const packets = new Float64Array(flows);
  let steadyMs = 0;
  let bytes = 0;
  let packed = 0;
  for (let tick = 1; tick <= TICKS; tick++) {
    table.begin(tick * PERIOD_MS);
    for (let n = 0; n < flows; n++) {
      if (sends(n, tick, share)) packets[n] += 1 + ((n * 7919 + tick * 104_729) % 200);
      const id = { w0: Math.imul(n + 1, 0x9e37_79b1) >>> 0, w1: n, w2: 7, w3: n };
      const found = table.rowOf(id);
      const row = found >= 0 ? found : table.add(id, ANY, OUT);
      table.observe(row, packets[n], packets[n] * 900, 0);
    }
    table.end();
    const startMs = cpuMs();
    const blocks = encoder.encode({
      sequence: tick,
      atMs: tick * PERIOD_MS,
      table,
      node: { hostCpu: 0.1, portLoad: new Map() },
      ports: new Map(),
      sources: [],
      flowsFresh: true,
      fresh: true,
    });
    if (tick <= TICKS / 2 || blocks === undefined) continue;
    steadyMs += cpuMs() - startMs;
    bytes += blocks.length;
    if (tick === TICKS) packed = gzipSync(blocks).length;
  }
  const ticks = TICKS / 2;
  return (
    `recording ${flows} flows, ${share * 100} % of which send in each tick: ` +
    `${(steadyMs / ticks).toFixed(1)} ms of CPU a tick, ` +
    `${(bytes / ticks / 1000).toFixed(0)} kB, packed ${(packed / 1000).toFixed(0)} kB`
  );
}

const ANY = { inPort: 'vm1', fields: [], opaque: [] };
const OUT = [{ kind: 'output', port: 'eth0' }] as const;

function sends(flow: number, tick: number, share: number): boolean {
  return (Math.imul(flow + 1, 0x85eb_ca6b) + Math.imul(tick, 0xc2b2_ae35)) >>> 0 < share * 2 ** 32;
}

async function defaultPolicy(): Promise<PolicySet> {
  const found = await checkPolicies([join(packageRoot(), 'policies/default.json')]);
  if (found.ok) return found.policies;
  throw new ReplayBenchFailed('policies/default.json has mistakes');
}

function perSecond(count: number, ms: number): string {
  return ((count / ms) * 1000).toFixed(0);
}
