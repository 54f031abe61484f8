import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { FlowView } from '../api/flow-views.ts';
import type { FastPathReport, FastPathRun } from './fast-path-report.ts';
import { firstPacketAt } from './first-packet.ts';
import { measure } from './measures/measure.ts';
import { progress } from './testbed/progress.ts';
import { type LogLine, NorikaeDaemon } from './testbed/daemon.ts';
import { FastPathNode, VM } from './testbed/fast-path/node.ts';
import { SWITCH_PORTS, TRUNK } from './testbed/fast-path/parts.ts';
import { Iperf3Client, startIperf3Server } from './testbed/iperf3.ts';
import { sleep, waitFor } from './testbed/wait.ts';

/** Options of the experiment. */
export interface FastPathOptions {
  /** Length of each measured phase, seconds. */
  readonly seconds: number;
  /** OpenFlow versions of the switch, one run each. */
  readonly versions: readonly ('1.3' | '1.0')[];
}

/** Settling time before a phase, and between its end and the next move, seconds. */
const SETTLE_SECONDS = 1.5;
const MOVE_MS = 15_000;
const HEAVY_BITS_PER_SECOND = 20_000_000;

/**
 * One TCP connection through the node, routed by a VM behind the vSwitch; a policy moves it to the
 * fast path behind the node's OpenFlow switch, and back, while it runs.
 */
export async function runFastPath(options: FastPathOptions): Promise<FastPathReport> {
  const runs: FastPathRun[] = [];
  for (const version of options.versions) runs.push(await runWith(version, options.seconds));
  return { runs, cpus: availableParallelism() };
}

async function runWith(version: '1.3' | '1.0', seconds: number): Promise<FastPathRun> {
  progress(`OpenFlow ${version}: starting the vSwitch, the switch, a VM and the fast path`);
  const node = await FastPathNode.start(version === '1.3' ? 'OpenFlow13' : 'OpenFlow10');
  try {
    const turn = turnOf(seconds);
    const policy = join(node.ovs.runDir, 'fast-path.json');
    await writeFile(policy, JSON.stringify(policyOf(turn)));
    progress('starting norikae');
    const daemon = await NorikaeDaemon.start(node, {
      policies: [policy],
      backend: { adapter: 'none' },
      planner: { minHoldMs: 0 },
      fastPath: {
        adapter: 'openflow',
        connect: node.switchTarget,
        ports: { ...SWITCH_PORTS, vswitch: TRUNK, vms: [VM] },
        journal: join(node.ovs.runDir, 'fast-path.rules'),
      },
    });
    try {
      return await experiment(version, node, daemon, seconds);
    } finally {
      await daemon.stop();
    }
  } finally {
    await node.stop();
  }
}

async function experiment(
  version: '1.3' | '1.0',
  node: FastPathNode,
  daemon: NorikaeDaemon,
  seconds: number,
): Promise<FastPathRun> {
  const watch = new PlacementWatch();
  daemon.onLog((line) => watch.note(line));
  await startIperf3Server(node.receiver);
  progress('the TCP flow starts on the slow path');
  const firstPacket = firstPacketAt(node.ovs.vswitchdPid ?? 0, TRUNK, 10_000);
  const { fromMs, toMs } = turnOf(seconds);
  const total = Math.ceil(toMs / 1000 + seconds + 3 * SETTLE_SECONDS);
  const client = await Iperf3Client.start(node.sender, {
    server: node.receiverAddress,
    seconds: total,
    // A process keeps only its last 200 lines; the first ones are needed, too.
    intervalSeconds: Math.max(0.25, total / 150),
  });
  const startMs = await firstPacket;
  progress(`measuring the slow path for ${seconds} s`);
  await sleep(SETTLE_SECONDS * 1000);
  const slow = await measure(client, seconds);

  const isData = (flow: FlowView) =>
    flow.inPort === TRUNK && flow.match.includes(`eth_src=${node.senderMac}`);
  const moved = (placement: 'fast-path' | 'onload') =>
    daemon.waitForFlow(
      `the flow is on ${placement}`,
      (flow) => isData(flow) && flow.placement === placement,
      MOVE_MS,
    );
  const { id } = await moved('fast-path');
  const fastAtMs = await waitFor('the log', () => watch.at(id, 'fast-path'), { timeoutMs: 2_000 });
  progress(`on the fast path; measuring for ${seconds} s`);
  await sleep(SETTLE_SECONDS * 1000);
  const fast = await measure(client, seconds);
  const view = (await daemon.flows()).find(isData);

  await moved('onload');
  const slowAtMs = await waitFor('the log', () => watch.at(id, 'onload'), { timeoutMs: 2_000 });
  progress(`back on the slow path; measuring for ${seconds} s`);
  await sleep(SETTLE_SECONDS * 1000);
  const slowAgain = await measure(client, seconds);

  progress('waiting for the TCP connection to end by itself');
  const ended = await client.process.exited;
  const connections = client.process.tail().match(/ connected to /g)?.length ?? 0;
  const carried = [slow, fast, slowAgain].every((phase) => phase.bitsPerSecond > 0);
  const status = await daemon.control.status();
  return {
    openflow: version,
    slow,
    fast,
    slowAgain,
    ratio: fast.bitsPerSecond / ((slow.bitsPerSecond + slowAgain.bitsPerSecond) / 2),
    cpuPerGbitRatio: (slow.hostCpuPerGbit + slowAgain.hostCpuPerGbit) / 2 / fast.hostCpuPerGbit,
    toFastMs: fastAtMs - (startMs + fromMs),
    toSlowMs: slowAtMs - (startMs + toMs),
    carriedBytes: view?.carriedBytes ?? 0,
    tcpSurvived: ended.code === 0 && connections === 1 && carried,
    switch: status.backends.find((b) => b.placement === 'fast-path')?.description ?? 'none',
  };
}

/** Age range in which the policy sends the flow to the fast path, ms. */
function turnOf(seconds: number): { readonly fromMs: number; readonly toMs: number } {
  const phaseMs = (seconds + 2 * SETTLE_SECONDS) * 1000;
  return { fromMs: phaseMs, toMs: 2 * phaseMs };
}

/** Sends heavy flows to the VM over the fast path within that age range. */
function policyOf({ fromMs, toMs }: ReturnType<typeof turnOf>): unknown {
  const fact = (name: string, operator: string, value: unknown) => ({
    fact: name,
    operator,
    value,
  });
  return {
    name: 'turns',
    version: '1.0.0',
    rules: [
      {
        name: 'turn-over',
        priority: 20,
        conditions: { all: [fact('ageMs', 'greaterThanInclusive', toMs)] },
        event: { type: 'slow-path' },
      },
      {
        name: 'heavy',
        priority: 10,
        conditions: {
          all: [
            fact('inPort', 'equal', TRUNK),
            fact('ageMs', 'greaterThanInclusive', fromMs),
            fact('bitsPerSecond', 'greaterThan', HEAVY_BITS_PER_SECOND),
          ],
        },
        event: { type: 'fast-path', params: { score: 'bitsPerSecond' } },
      },
    ],
  };
}

/** Times of placements according to the daemon's log: wall clock, ms since the epoch. */
class PlacementWatch {
  readonly #at = new Map<string, number>();

  note({ msg, flow, placement, atWallMs }: LogLine): void {
    if (msg !== 'placed' || typeof flow !== 'string' || typeof atWallMs !== 'number') return;
    this.#at.set(`${flow} ${String(placement)}`, atWallMs);
  }

  at(flow: string, placement: 'fast-path' | 'onload'): number | undefined {
    return this.#at.get(`${flow} ${placement}`);
  }
}
