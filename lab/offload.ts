import { availableParallelism } from 'node:os';
import type { FlowView } from '../api/flow-views.ts';
import { firstPacketAt } from './first-packet.ts';
import { measure } from './measures/measure.ts';
import type { OffloadReport, TimedMove } from './offload-report.ts';
import { progress } from './testbed/progress.ts';
import { type LogLine, NorikaeDaemon } from './testbed/daemon.ts';
import { Iperf3Client, startIperf3Server } from './testbed/iperf3.ts';
import { ProcessTrouble } from './testbed/managed-process.ts';
import { TestNode } from './testbed/node.ts';
import type { Vm } from './testbed/node.ts';
import { sleep, waitFor } from './testbed/wait.ts';

/** Options of the experiment. */
export interface OffloadOptions {
  /** Length of each measured phase, seconds. */
  readonly seconds: number;
}

/** Most time in addition to the two measured phases: settling, the idle period, the moves. */
const MAX_OTHER_SECONDS = 60;
/** Settling time after a move. */
const SETTLE_MS = 1_000;
const MOVE_MS = 10_000;
const IDLE_MS = 15_000;

/**
 * One continuous TCP connection between two VMs. The daemon offloads it, onloads it when it is
 * idle, offloads it again, and onloads it on `norikae onload-all`.
 */
export async function runOffload(options: OffloadOptions): Promise<OffloadReport> {
  progress('starting Open vSwitch and two VMs');
  const node = await TestNode.start();
  try {
    const [sender, receiver] = [await node.addVm(1), await node.addVm(2)];
    await node.introduce(sender, receiver);
    progress('starting norikae');
    const daemon = await NorikaeDaemon.start(node);
    try {
      return await experiment(new Experiment(node, daemon, sender, receiver), options.seconds);
    } finally {
      await daemon.stop();
    }
  } finally {
    await node.stop();
  }
}

async function experiment(lab: Experiment, seconds: number): Promise<OffloadReport> {
  const moves: TimedMove[] = [];
  const { node, daemon, sender, receiver } = lab;
  await startIperf3Server(receiver.namespace);

  progress('the TCP flow starts');
  const firstPacket = firstPacketAt(node.ovs.vswitchdPid ?? 0, sender.name, 10_000);
  const client = await Iperf3Client.start(sender.namespace, {
    server: receiver.address,
    seconds: 2 * seconds + MAX_OTHER_SECONDS,
    intervalSeconds: 0.25,
  });
  let connections = 0;
  client.process.onLine((line) => {
    if (line.includes(' connected to ')) connections++;
  });
  const firstPacketMs = await firstPacket;
  await lab.bothOn('offload', MOVE_MS);
  const reactionMs = (await lab.firstPlacedAt()) - firstPacketMs;
  moves.push({ to: 'offload', cause: 'policy: the flow is busy', ms: reactionMs });

  progress(`offloaded after ${reactionMs.toFixed(0)} ms; measuring for ${seconds} s`);
  await sleep(SETTLE_MS);
  const offload = await measure(client, seconds);

  progress('the sender stops for a while: the policy onloads the idle flow');
  let sinceMs = performance.now();
  client.process.kill('SIGSTOP');
  await lab.bothOn('onload', IDLE_MS);
  moves.push({
    to: 'onload',
    cause: 'policy: the sender is silent',
    ms: performance.now() - sinceMs,
  });
  sinceMs = performance.now();
  client.process.kill('SIGCONT');
  await lab.bothOn('offload', MOVE_MS);
  moves.push({ to: 'offload', cause: 'policy: busy again', ms: performance.now() - sinceMs });

  progress(`norikae onload-all; measuring the vSwitch for ${seconds} s`);
  sinceMs = performance.now();
  await daemon.command('onload-all');
  await lab.bothOn('onload', MOVE_MS);
  moves.push({
    to: 'onload',
    cause: 'operator: norikae onload-all',
    ms: performance.now() - sinceMs,
  });
  await sleep(SETTLE_MS);
  const onload = await measure(client, seconds);

  sinceMs = performance.now();
  await daemon.command('resume');
  await lab.bothOn('offload', MOVE_MS);
  moves.push({
    to: 'offload',
    cause: 'operator: norikae resume',
    ms: performance.now() - sinceMs,
  });
  const again = client.intervals.length;
  await waitFor('data after the last move', () => data(client, again), { timeoutMs: MOVE_MS });

  const isAlive = client.process.exit === undefined;
  if (isAlive) await client.end();
  const carried = offload.bitsPerSecond > 0 && onload.bitsPerSecond > 0;
  return {
    onload,
    offload,
    ratio: offload.bitsPerSecond / onload.bitsPerSecond,
    reactionMs,
    tcpSurvived: isAlive && connections === 1 && carried,
    cpuPerGbitRatio: onload.hostCpuPerGbit / offload.hostCpuPerGbit,
    moves,
    backend: (await daemon.control.status()).backend?.description ?? 'none',
    cpus: availableParallelism(),
  };
}

/** The parts of the experiment, and queries of the daemon's flow table. */
class Experiment {
  readonly node: TestNode;
  readonly daemon: NorikaeDaemon;
  readonly sender: Vm;
  readonly receiver: Vm;
  readonly #placedAt = new Map<string, number>();

  constructor(node: TestNode, daemon: NorikaeDaemon, sender: Vm, receiver: Vm) {
    this.node = node;
    this.daemon = daemon;
    this.sender = sender;
    this.receiver = receiver;
    daemon.onLog((line) => this.#note(line));
  }

  /** Resolves when data and acknowledgements both have the placement. */
  async bothOn(placement: 'offload' | 'onload', timeoutMs: number): Promise<void> {
    const look = async () => {
      const flows = await this.daemon.flows();
      const ways = [isIpFrom(this.sender), isIpFrom(this.receiver)];
      const there = ways.every((isWay) =>
        flows.filter(isWay).every((f) => f.placement === placement),
      );
      const known = placement === 'onload' || ways.every((isWay) => flows.some(isWay));
      return there && known ? true : undefined;
    };
    await waitFor(`both ways of the connection on ${placement}`, look, { timeoutMs });
  }

  /**
   * The wall clock (ms since the epoch) at which the daemon first placed the data flow, according
   * to its log.
   */
  async firstPlacedAt(): Promise<number> {
    const flow = (await this.daemon.flows()).find(isIpFrom(this.sender));
    const atWallMs = flow === undefined ? undefined : this.#placedAt.get(flow.id);
    if (atWallMs === undefined) {
      throw new ProcessTrouble(
        `the log of norikae does not show when it placed the flow:\n${this.daemon.process.tail()}`,
      );
    }
    return atWallMs;
  }

  #note(line: LogLine): void {
    const { msg, flow, placement, atWallMs } = line;
    if (msg !== 'placed' || placement !== 'offload') return;
    if (typeof flow !== 'string' || typeof atWallMs !== 'number') return;
    if (!this.#placedAt.has(flow)) this.#placedAt.set(flow, atWallMs);
  }
}

/** True for flows of the connection that come from the VM. */
function isIpFrom(vm: Vm): (flow: FlowView) => boolean {
  return (flow) =>
    flow.match.startsWith(`in_port=${vm.name},ip,`) ||
    flow.match.startsWith(`in_port=${vm.name},tcp,`);
}

function data(client: Iperf3Client, from: number): true | undefined {
  return client.intervals.slice(from).some((i) => i.bytes > 0) ? true : undefined;
}
