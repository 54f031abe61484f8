import { fileURLToPath } from 'node:url';
import { findKernel } from '../lab/kernel/cache.ts';
import { runGuest } from '../lab/kernel/guest.ts';
import type { FirstPacketFigures, KernelFigures, Sizes } from './ingest-kernel/figures.ts';
import { median } from './support/measuring.ts';
import { type BenchOptions, type BenchReport, compare } from './support/report.ts';

const FULL: Sizes = {
  flows: 20_000,
  readings: 15,
  made: 5_000,
  makings: 3,
  placed: 6,
  placedBesideKnown: 2,
};
const QUICK: Sizes = {
  flows: 1_000,
  readings: 3,
  made: 500,
  makings: 1,
  placed: 1,
  placedBesideKnown: 1,
};
const GUEST_MS = 600_000;

/**
 * Reads the flows of Open vSwitch's kernel datapath from the kernel, compared with ovs-vswitchd: boots
 * a kernel of Debian in an emulated machine for that.
 *
 * @throws {LabMissing} when `npm run setup` has not downloaded the kernel
 */
export async function run({ quick, progress }: BenchOptions): Promise<BenchReport> {
  const sizes = quick ? QUICK : FULL;
  const inGuest = fileURLToPath(new URL('ingest-kernel/in-guest.js', import.meta.url));
  const { status, result } = await runGuest({
    kernel: findKernel('backports'),
    command: [process.execPath, inGuest, JSON.stringify(sizes)],
    timeoutMs: GUEST_MS,
    onLine: (line) => progress?.(line),
  });
  if (status !== 0 || result === undefined) throw new Error('the bench failed in its guest');
  return reportOf(JSON.parse(result), sizes);
}

function reportOf(figures: KernelFigures, sizes: Sizes): BenchReport {
  const { kernel, vswitchd, flows, made, firstPacket, firstPacketBesideKnown } = figures;
  const rate = (ms: number): number => (flows / ms) * 1_000;
  const cpuMs = vswitchd.vswitchdCpuMs / vswitchd.readings.length;
  const readings = { ours: median(kernel.readings), peer: median(vswitchd.readings) };
  const comparison = { ours: rate(readings.ours), peer: rate(readings.peer) };
  const first = { ours: rate(kernel.firstMs), peer: rate(vswitchd.firstMs) };
  const { followingMs, gapMs } = firstPacket;
  return {
    name: 'ingest-kernel',
    comparisons: [
      compare('known flows', comparison, 'flows/s', 'higher'),
      compare('first reading', first, 'flows/s', 'higher'),
      compare('first packet to entry', mediansOf(firstPacket), 'ms', 'lower'),
      compare(`the same, ${flows} flows`, mediansOf(firstPacketBesideKnown), 'ms', 'lower'),
    ],
    notes: [
      `Linux ${figures.release} on one emulated processor: only ratios count`,
      `${flows} flows in the kernel, read ${sizes.readings} times by each: ours over netlink into the ` +
        'flow table, the peer `dpctl/dump-flows -m --names` of ovs-vswitchd through the parser',
      `a reading takes ovs-vswitchd ${kernel.vswitchdCpuMs / kernel.readings.length} ms of CPU time ` +
        `with ours, ${cpuMs.toFixed(0)} ms with the peer`,
      `ovs-vswitchd makes ${made} flows in ${median(figures.makingAlone).toFixed(0)} ms, in ` +
        `${median(figures.makingFollowed).toFixed(0)} ms while all of them are followed on the same processor`,
      `first packet to entry: median of ${followingMs.length} flows, one after another, that send every ` +
        `${gapMs} ms; the peer is the same loop without notifications of new flows, which polls each second`,
      `beside ${flows} silent flows: median of ${firstPacketBesideKnown.followingMs.length}; the first flow of ` +
        'each loop is not counted, because it runs code that is not compiled yet',
    ],
    figures,
  };
}

function mediansOf({ followingMs, pollingMs }: FirstPacketFigures) {
  return { ours: median(followingMs), peer: median(pollingMs) };
}
