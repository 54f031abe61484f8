import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SAMPLING } from '../../adapters/nic/meter/options.ts';
import { findKernel } from '../../lab/kernel/cache.ts';
import { runGuest } from '../../lab/kernel/guest.ts';
import { Cleanup } from '../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../lab/testbed/names.ts';
import { Namespace } from '../../lab/testbed/namespace.ts';
import { median } from '../support/measuring.ts';
import {
  type BenchOptions,
  type BenchReport,
  compare,
  type Comparison,
} from '../support/report.ts';
import { METERED, type Measured, type MeteredHow, type Sizes } from './figures.ts';

const FULL: Sizes = { rounds: 3, seconds: 1.5, connections: [1, 1_000, 100_000] };
const QUICK: Sizes = { rounds: 1, seconds: 0.5, connections: [1, 1_000] };
/** An emulated processor makes frames slowly. */
const IN_GUEST = { connections: [1, 1_000] } as const;
const RUN_MS = 170_000;

/**
 * Sends small packets between two VMs through Open vSwitch, and compares what the meter takes of each with
 * what the vSwitch does: the userspace datapath on this machine, and the kernel's in a guest of the kernel lab.
 */
export async function run({ quick, progress }: BenchOptions): Promise<BenchReport> {
  const sizes = quick ? QUICK : FULL;
  const userspace = await inNamespace(sizes, progress);
  const kernel = await inGuest({ ...sizes, ...IN_GUEST, seconds: 2 * sizes.seconds }, progress);
  return {
    name: 'meter',
    comparisons: [
      ...linesOf('userspace', userspace, sizes.connections),
      ...linesOf('kernel', kernel, IN_GUEST.connections),
    ],
    notes: [
      'small UDP packets between two VMs, one megaflow, as fast as one process sends; the receiver drops them',
      `median of ${sizes.rounds} rounds, without a meter, with it, and with one packet in ${SAMPLING.oneIn} counted, in turn`,
      'ours: run time of the program by the kernel, without that of an empty program',
      'peer, userspace: processor time of ovs-vswitchd for a packet that it forwards',
      'peer, kernel: time of a packet from sender to receiver in an emulated machine with one processor, where ' +
        'every instruction costs about the same; sender and receiver are part of it',
      `packets/s forwarded, userspace: ${rates(userspace, sizes.connections)}`,
    ],
    figures: { userspace, kernel },
  };
}

/** Median of a figure over the rounds. */
function of(
  figures: readonly Measured[],
  connections: number,
  how: MeteredHow,
  key: 'vswitchNs' | 'meterNs' | 'packetsPerSecond',
): number {
  const those = figures.filter((each) => each.connections === connections && each.how === how);
  return median(those.map((each) => each[key]));
}

/** Packets/s without a meter, with it, and with sampling. */
function rates(figures: readonly Measured[], connections: readonly number[]): string {
  const rate = (count: number, how: MeteredHow): string =>
    (of(figures, count, how, 'packetsPerSecond') / 1000).toFixed(0);
  return connections
    .map(
      (count) => `${count} connections: ${METERED.map((how) => rate(count, how)).join(', ')} kpps`,
    )
    .join('; ');
}

/** What the program takes, beside what the vSwitch does. */
function linesOf(
  datapath: string,
  figures: readonly Measured[],
  connections: readonly number[],
): readonly Comparison[] {
  return (['all', 'sampled'] as const).flatMap((how) =>
    connections.map((count) => {
      const ours = of(figures, count, how, 'meterNs');
      const peer = of(figures, count, how, 'vswitchNs');
      const what = how === 'all' ? 'every packet' : 'sampled';
      return compare(`${datapath}, ${count} connections, ${what}`, { ours, peer }, 'ns', 'lower');
    }),
  );
}

const inNetwork = fileURLToPath(new URL('in-network.js', import.meta.url));

async function inNamespace(
  sizes: Sizes,
  progress: BenchOptions['progress'],
): Promise<readonly Measured[]> {
  const cleanup = new Cleanup();
  const folder = await mkdtemp(join(tmpdir(), 'norikae-meter-'));
  try {
    const host = await Namespace.create(cleanup, new NameMaker(), 'h');
    const file = join(folder, 'figures');
    const command = [inNetwork, 'netdev', JSON.stringify(sizes), file];
    const text = await host.exec(process.execPath, command, { timeoutMs: RUN_MS });
    for (const line of text.split('\n')) progress?.(line);
    return JSON.parse(await readFile(file, 'utf8'));
  } finally {
    await cleanup.run();
    await rm(folder, { recursive: true, force: true });
  }
}

async function inGuest(
  sizes: Sizes,
  progress: BenchOptions['progress'],
): Promise<readonly Measured[]> {
  const { status, result } = await runGuest({
    kernel: findKernel('backports'),
    command: [process.execPath, inNetwork, 'system', JSON.stringify(sizes)],
    timeoutMs: RUN_MS,
    onLine: (text) => progress?.(text),
  });
  if (status !== 0 || result === undefined) {
    throw new Error(`bench meter: the guest ended with status ${status}; its messages are above`);
  }
  return JSON.parse(result);
}
