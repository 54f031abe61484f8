import { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { ThreadCpuMeter } from '../../lab/measures/thread-cpu.ts';
import type { TestNode } from '../../lab/testbed/node.ts';
import { sleep } from '../../lab/testbed/wait.ts';
import { type BenchOptions, type BenchReport, compare } from '../support/report.ts';
import { startFlows } from './scene.ts';

const FULL = { flows: 10_000, seconds: 20, dumps: 20 };
const QUICK = { flows: 2_000, seconds: 4, dumps: 5 };
const PERIOD_MS = 1_000;
/** Ticks that parse all flows for the first time, and what compiles their code. */
const WARM_UP_MS = 5_000;
const DUMP = ['dpctl/dump-flows', '-m', '--names'];

/** The benchmark failed. */
export class CostBenchFailed extends Error {
  override readonly name = 'CostBenchFailed';
}

/**
 * The daemon's CPU time for a tick of 10,000 flows each second, with the shipped default policy, compared
 * with what ovs-vswitchd takes to dump them. Every flow has a packet a second while the daemon is measured.
 */
export async function run({ quick, progress }: BenchOptions): Promise<BenchReport> {
  if (process.getuid?.() !== 0) throw new CostBenchFailed('bench cost: only root can');
  const { flows, seconds, dumps } = quick ? QUICK : FULL;
  progress?.(`cost: ${flows} flows`);
  const scene = await startFlows(flows);
  try {
    await scene.sender.stop();
    progress?.(`cost: ${dumps} dumps`);
    const peer = await cpuOfDump(scene.node, dumps);
    await scene.send();
    progress?.(`cost: the daemon for ${seconds} s`);
    const { ticks, cpuSeconds, elapsed } = await cpuOfDaemon(scene.node, seconds);
    const ours = (cpuSeconds * 1_000) / ticks;
    return {
      name: 'cost',
      comparisons: [compare(`CPU of a tick, ${flows} flows`, { ours, peer }, 'ms', 'lower')],
      notes: [
        `ours: ${ticks} ticks in ${elapsed.toFixed(1)} s took ${((cpuSeconds / elapsed) * 100).toFixed(1)} % of a CPU: reading, ` +
          'rules, plan and all else that the daemon does, all threads',
        `peer: ovs-vswitchd for each of ${dumps} dumps of the same flows, without what it does besides`,
      ],
      figures: { flows, ticks, cpuSeconds, elapsed, dumpMs: peer },
    };
  } finally {
    await scene.node.stop();
  }
}

/** CPU time of ovs-vswitchd for one dump, ms: that of several, without what it takes in the same time without them. */
async function cpuOfDump({ ovs }: TestNode, dumps: number): Promise<number> {
  const pid = ovs.vswitchdPid;
  if (pid === undefined) throw new CostBenchFailed('bench cost: ovs-vswitchd does not run');
  await ovs.appctl(...DUMP);
  const dumping = new ThreadCpuMeter(pid);
  const startMs = performance.now();
  for (let n = 0; n < dumps; n += 1) await ovs.appctl(...DUMP);
  const elapsedMs = performance.now() - startMs;
  const withDumps = dumping.used().all;
  const besides = new ThreadCpuMeter(pid);
  await sleep(elapsedMs);
  return ((withDumps - besides.used().all) * 1_000) / dumps;
}

interface DaemonCpu {
  readonly ticks: number;
  readonly cpuSeconds: number;
  /** Measured time, seconds. */
  readonly elapsed: number;
}

async function cpuOfDaemon(node: TestNode, seconds: number): Promise<DaemonCpu> {
  const fixed = { periodMs: PERIOD_MS, maxPeriodMs: PERIOD_MS, maxIdlePeriodMs: PERIOD_MS };
  const daemon = await NorikaeDaemon.start(node, { poll: { ...fixed, sourceShare: 0.5 } });
  try {
    await sleep(WARM_UP_MS);
    const first = (await daemon.control.status()).tick.sequence;
    const meter = new ThreadCpuMeter(daemon.process.pid);
    const startMs = performance.now();
    await sleep(seconds * 1_000);
    const elapsed = (performance.now() - startMs) / 1_000;
    const cpuSeconds = meter.used().all;
    const ticks = (await daemon.control.status()).tick.sequence - first;
    return { ticks, cpuSeconds, elapsed };
  } finally {
    await daemon.stop();
  }
}
