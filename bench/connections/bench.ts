import { median } from '../support/measuring.ts';
import { type BenchOptions, type BenchReport, compare } from '../support/report.ts';
import { measureMegaflows } from './megaflows.ts';
import { measureMetered } from './metered.ts';

/** The userspace datapath holds 65,536 flows at most (MAX_FLOWS in lib/dpif-netdev.c). */
const FULL = { connections: 1_000_000, megaflows: 65_000, readings: 7 };
const QUICK = { connections: 50_000, megaflows: 5_000, readings: 3 };

const MB = 1e6;

/**
 * Reads the connections that a meter has counted, beside `dpctl/dump-flows` of megaflows that match as
 * exactly, through our parser.
 */
export async function run({
  quick,
  progress = () => undefined,
}: BenchOptions): Promise<BenchReport> {
  const sizes = quick ? QUICK : FULL;
  const ours = await measureMetered(sizes.connections, sizes.readings, progress);
  const peer = await measureMegaflows(sizes.megaflows, sizes.readings, progress);
  const perConnection = (median(ours.cpuMs) / ours.connections) * 1000;
  const perMegaflow = ((peer.vswitchdMs + peer.ownMs) / peer.flows) * 1000;
  const own = (peer.ownMs / peer.flows) * 1000;
  return {
    name: 'connections',
    comparisons: [
      compare('reading, CPU per flow', { ours: perConnection, peer: perMegaflow }, 'us', 'lower'),
    ],
    notes: [
      `ours: ${ours.connections} connections, one packet each, read in ${median(ours.wallMs).toFixed(0)} ms ` +
        `(median of ${sizes.readings} readings); CPU of this process, worker threads included`,
      `the event loop did nothing else for at most ${ours.longestTurnMs.toFixed(1)} ms`,
      `memory in the kernel: ${(ours.mapBytes / MB).toFixed(0)} MB, ` +
        `${Math.round(ours.mapBytes / ours.connections)} bytes a connection`,
      `peer: dpctl/dump-flows of ${peer.flows} megaflows, as many as the userspace datapath holds, read again ` +
        'by our parser; CPU of ovs-vswitchd and of this process',
      `of which ${own.toFixed(2)} us are this process's`,
    ],
    figures: { ours, peer },
  };
}
