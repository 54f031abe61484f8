import { resultOfGuest } from '../lab/kernel/guest-result.ts';
import type {
  FirstPacketFigures,
  FirstPacketSizes,
  GuestTask,
  KernelFigures,
  ReadingFigures,
  ReadingSizes,
} from './ingest-kernel/figures.ts';
import { median } from './support/measuring.ts';
import { type BenchOptions, type BenchReport, compare } from './support/report.ts';

/** Sizes of a run: the readings, and the first packets beside several numbers of known flows. */
interface Sizes {
  readonly readings: ReadingSizes;
  readonly firstPackets: readonly FirstPacketSizes[];
}

const FULL: Sizes = {
  readings: { flows: 20_000, readings: 15, made: 5_000, makings: 3 },
  firstPackets: [
    { known: 0, flows: 6 },
    { known: 5_000, flows: 4 },
    { known: 20_000, flows: 4 },
  ],
};
const QUICK: Sizes = {
  readings: { flows: 1_000, readings: 3, made: 500, makings: 1 },
  firstPackets: [
    { known: 0, flows: 1 },
    { known: 1_000, flows: 1 },
  ],
};
/** Most time of a guest: an emulated processor takes minutes to make 20,000 flows beside other work. */
const GUEST_MS = 10 * 60_000;

/**
 * Reads the flows of Open vSwitch's kernel datapath from the kernel, compared with ovs-vswitchd, and
 * places new flows, compared with polling: boots a kernel of Debian in an emulated machine for each.
 *
 * @throws {LabMissing} when `npm run setup` has not downloaded the kernel
 * @throws {NoGuestResult}
 */
export async function run({ quick, progress }: BenchOptions): Promise<BenchReport> {
  const sizes = quick ? QUICK : FULL;
  const readings = await measure({ kind: 'readings', sizes: sizes.readings }, isReading, progress);
  const firstPackets: FirstPacketFigures[] = [];
  for (const each of sizes.firstPackets) {
    firstPackets.push(await measure({ kind: 'first-packet', ...each }, isFirstPacket, progress));
  }
  return reportOf({ ...readings, firstPackets }, sizes);
}

function measure<Figures>(
  task: GuestTask,
  isResult: (value: unknown) => value is Figures,
  progress: BenchOptions['progress'],
): Promise<Figures> {
  return resultOfGuest({
    what: `bench ingest-kernel (${task.kind})`,
    script: new URL('ingest-kernel/in-guest.js', import.meta.url),
    args: [JSON.stringify(task)],
    timeoutMs: GUEST_MS,
    onLine: (line) => progress?.(line),
    isResult,
  });
}

function isReading(value: unknown): value is ReadingFigures {
  return typeof value === 'object' && value !== null && 'kernel' in value && 'vswitchd' in value;
}

function isFirstPacket(value: unknown): value is FirstPacketFigures {
  return typeof value === 'object' && value !== null && 'followingMs' in value;
}

function reportOf(figures: KernelFigures, sizes: Sizes): BenchReport {
  const { kernel, vswitchd, flows, made, firstPackets } = figures;
  const rate = (ms: number): number => (flows / ms) * 1_000;
  const cpuMs = vswitchd.vswitchdCpuMs / vswitchd.readings.length;
  const readings = { ours: median(kernel.readings), peer: median(vswitchd.readings) };
  const comparison = { ours: rate(readings.ours), peer: rate(readings.peer) };
  const first = { ours: rate(kernel.firstMs), peer: rate(vswitchd.firstMs) };
  return {
    name: 'ingest-kernel',
    comparisons: [
      compare('known flows', comparison, 'flows/s', 'higher'),
      compare('first reading', first, 'flows/s', 'higher'),
      ...firstPackets.map((each) =>
        compare(`first packet to entry, ${each.known} flows`, mediansOf(each), 'ms', 'lower'),
      ),
    ],
    notes: [
      `Linux ${figures.release} on one emulated processor: only ratios count`,
      `${flows} flows in the kernel, read ${sizes.readings.readings} times by each: ours over netlink into the ` +
        'flow table, the peer `dpctl/dump-flows -m --names` of ovs-vswitchd through the parser',
      `a reading takes ovs-vswitchd ${kernel.vswitchdCpuMs / kernel.readings.length} ms of CPU time ` +
        `with ours, ${cpuMs.toFixed(0)} ms with the peer`,
      `ovs-vswitchd makes ${made} flows in ${median(figures.makingAlone).toFixed(0)} ms, in ` +
        `${median(figures.makingFollowed).toFixed(0)} ms while all of them are followed on the same processor`,
      'first packet to entry: beside as many silent flows as the line says, in the median of flows that send ' +
        'one after another; the peer is the same loop without notifications of new flows, which polls each ' +
        'second; the first flow of each loop is not counted, because it runs code that is not compiled yet',
      ...firstPackets.map(shareOf),
    ],
    figures,
  };
}

/** What part of polling the first packets take, and the times of all flows. */
function shareOf(figures: FirstPacketFigures): string {
  const { known, gapMs, followingMs, pollingMs } = figures;
  const { ours, peer } = mediansOf(figures);
  const list = (times: readonly number[]): string =>
    times
      .toSorted((a, b) => a - b)
      .map((ms) => ms.toFixed(0))
      .join(', ');
  return (
    `beside ${known} flows: ${((ours / peer) * 100).toFixed(1)} % of polling; ${list(followingMs)} ms where new ` +
    `flows are read alone, ${list(pollingMs)} ms with polling; packets come every ${gapMs} ms`
  );
}

function mediansOf({ followingMs, pollingMs }: FirstPacketFigures) {
  return { ours: median(followingMs), peer: median(pollingMs) };
}
