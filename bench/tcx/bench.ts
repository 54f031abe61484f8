import { fileURLToPath } from 'node:url';
import { findKernel } from '../../lab/kernel/cache.ts';
import { runGuest } from '../../lab/kernel/guest.ts';
import { median } from '../support/measuring.ts';
import { type BenchOptions, type BenchReport, compare } from '../support/report.ts';
import { type Measured, PACED_BITS_PER_SECOND, SMALL_BYTES, type Sizes } from './workloads.ts';

const FULL = { rounds: 5, bulkBytes: 256_000_000, pacedSeconds: 4, smallPackets: 100_000 };
const QUICK = { rounds: 1, bulkBytes: 16_000_000, pacedSeconds: 1, smallPackets: 20_000 };
const GUEST_MS = 20 * 60_000;

/** The guest ended without figures. */
export class NoFigures extends Error {
  override readonly name = 'NoFigures';

  constructor(status: number) {
    super(`bench tcx: the guest ended with exit status ${status}; its messages are above`);
  }
}

/** Figures of both paths, a value for each round. */
interface Figures {
  readonly vswitch: readonly Measured[];
  readonly tcx: readonly Measured[];
}

/**
 * Sends TCP with TSO and small packets between two VMs through the kernel datapath of Open vSwitch,
 * and past it by tcx entries, in turn, in a guest of the kernel lab.
 */
export async function run({ quick, progress }: BenchOptions): Promise<BenchReport> {
  const { rounds, ...sizes } = quick ? QUICK : FULL;
  const kernel = findKernel('backports');
  const figures = await measureInGuest(kernel, rounds, sizes, progress);
  const line = (what: string, key: keyof Measured, scale: number) => {
    const of = (path: keyof Figures) => median(figures[path].map((each) => each[key])) * scale;
    return { name: what, numbers: { ours: of('tcx'), peer: of('vswitch') } };
  };
  const bulk = line('TCP with TSO, one connection', 'bulkBitsPerSecond', 1e-6);
  const paced = line(`CPU of TCP at ${PACED_BITS_PER_SECOND / 1e6} Mbit/s`, 'pacedBusy', 100);
  const own = line('this process', 'pacedOwn', 100).numbers;
  const small = line(`packets of ${SMALL_BYTES} bytes`, 'smallPerSecond', 1e-3);
  return {
    name: 'tcx',
    comparisons: [
      compare(bulk.name, bulk.numbers, 'Mbit/s', 'higher'),
      compare(paced.name, paced.numbers, '%', 'lower'),
      compare(small.name, small.numbers, 'kpps', 'higher'),
    ],
    notes: [
      `between two VMs on Linux ${kernel.version} in an emulated machine with one processor, on which`,
      'every instruction costs about the same: the ratios say how much less is computed, not how fast it is',
      `peer: the kernel datapath of Open vSwitch, one megaflow; in turn, median of ${rounds} rounds`,
      'senders and receivers run on the same processor, and are part of every figure',
      `the process that keeps the entries took ${own.ours.toFixed(1)} % of it beside TCP at the fixed rate, and ` +
        `${own.peer.toFixed(1)} % without entries; in the other figures it is included`,
    ],
    figures,
  };
}

async function measureInGuest(
  kernel: ReturnType<typeof findKernel>,
  rounds: number,
  sizes: Sizes,
  progress: BenchOptions['progress'],
): Promise<Figures> {
  const inGuest = fileURLToPath(new URL('in-guest.js', import.meta.url));
  const { status, result } = await runGuest({
    kernel,
    command: [process.execPath, inGuest, String(rounds), JSON.stringify(sizes)],
    timeoutMs: GUEST_MS,
    onLine: (text) => progress?.(text),
  });
  if (status !== 0 || result === undefined) throw new NoFigures(status);
  const figures: Figures = JSON.parse(result);
  return figures;
}
