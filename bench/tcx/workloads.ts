import { readFile } from 'node:fs/promises';
import type { KernelBed } from '../../lab/compare/bed/kernel-bed.ts';
import { tcDrop } from '../../lab/compare/surroundings/filters.ts';
import { startIperf3Server } from '../../lab/testbed/iperf3.ts';
import { run } from '../../lab/testbed/run.ts';

/** Sizes of a measurement. */
export interface Sizes {
  readonly bulkBytes: number;
  readonly pacedSeconds: number;
  readonly smallPackets: number;
}

/** What one path did. */
export interface Measured {
  /** TCP with TSO, as fast as it goes. */
  readonly bulkBitsPerSecond: number;
  /**
   * Share of the processor that TCP at {@link PACED_BITS_PER_SECOND} takes, without this process, 0 to 1.
   */
  readonly pacedBusy: number;
  /** Share of the processor that this process takes at the same time, 0 to 1. */
  readonly pacedOwn: number;
  /** Frames of {@link SMALL_BYTES} bytes, as fast as they go. */
  readonly smallPerSecond: number;
}

export const PACED_BITS_PER_SECOND = 100_000_000;
export const SMALL_BYTES = 60;

const COMMAND_MS = 180_000;
const IPERF3_PORT = 5201;
/** Part of the small packets that must arrive: the first few find no flow in the datapath. */
const ARRIVE = 0.99;

/** Traffic did not pass as it should, so its figures mean nothing. */
export class MeasurementFailed extends Error {
  override readonly name = 'MeasurementFailed';
}

/** Runs all workloads on the path that the bed has now. */
export async function measure(bed: KernelBed, sizes: Sizes): Promise<Measured> {
  const bulk = await iperf3(bed, ['--bytes', String(sizes.bulkBytes)]);
  const before = await processorTimes();
  const [ownBefore, startMs] = [process.cpuUsage(), performance.now()];
  const paced = ['--time', String(sizes.pacedSeconds), '--bitrate', String(PACED_BITS_PER_SECOND)];
  const sent = await iperf3(bed, paced);
  const after = await processorTimes();
  const own = process.cpuUsage(ownBefore);
  const pacedOwn = (own.user + own.system) / 1_000 / (performance.now() - startMs);
  if (sent < 0.9 * PACED_BITS_PER_SECOND) {
    throw new MeasurementFailed(`TCP reached ${Math.round(sent)} bits/s of its fixed rate`);
  }
  const busy = 1 - (after.idle - before.idle) / (after.all - before.all);
  const smallPerSecond = await smallPackets(bed, sizes.smallPackets);
  return { bulkBitsPerSecond: bulk, pacedBusy: busy - pacedOwn, pacedOwn, smallPerSecond };
}

/** Bits/s that an iperf3 client reports as received. */
async function iperf3({ sender, receiver }: KernelBed, args: readonly string[]): Promise<number> {
  const server = await startIperf3Server(receiver.vm.namespace, IPERF3_PORT);
  try {
    const to = ['--client', receiver.end.ipv4, '--port', String(IPERF3_PORT), '--json'];
    const options = { timeoutMs: COMMAND_MS };
    const text = await sender.vm.namespace.exec('iperf3', [...to, ...args], options);
    const found = /"sum_received":\s*{[^}]*"bits_per_second":\s*([\d.e+]+)/.exec(text);
    if (found === null) throw new MeasurementFailed(`iperf3 reported no rate: ${text.slice(-300)}`);
    return Number(found[1]);
  } finally {
    await server.stop();
  }
}

/** Packets/s of the kernel's packet generator on the sender's device, which the receiver drops at once. */
async function smallPackets({ sender, receiver }: KernelBed, count: number): Promise<number> {
  await run('modprobe', ['pktgen']);
  const settings = [
    `count ${count}`,
    'clone_skb 0',
    `pkt_size ${SMALL_BYTES}`,
    `dst ${receiver.end.ipv4}`,
    `dst_mac ${receiver.end.mac}`,
    'udp_dst_min 9',
    'udp_dst_max 9',
  ];
  const script = [
    'cd /proc/net/pktgen',
    'echo rem_device_all > kpktgend_0',
    'echo add_device eth0 > kpktgend_0',
    ...settings.map((setting) => `echo ${setting} > eth0`),
    'echo start > pgctrl',
    'cat eth0',
  ].join('\n');
  const { namespace } = receiver.vm;
  const dropping = tcDrop(namespace, 'eth0', 'ingress');
  await dropping.apply();
  const before = await received(namespace.name);
  const options = { timeoutMs: COMMAND_MS };
  const text = await sender.vm.namespace.exec('sh', ['-ec', script], options);
  const arrived = (await received(namespace.name)) - before;
  await dropping.remove();
  if (arrived < ARRIVE * count) {
    throw new MeasurementFailed(`${arrived} of ${count} small packets arrived`);
  }
  const found = /^\s*(\d+)pps/m.exec(text);
  if (found === null) throw new MeasurementFailed(`pktgen reported no rate: ${text.slice(-300)}`);
  return Number(found[1]);
}

/** Packets that eth0 of a namespace has received. */
async function received(namespace: string): Promise<number> {
  const text = await run('ip', ['-n', namespace, '-s', '-j', 'link', 'show', 'dev', 'eth0']);
  const found = /"rx":\s*{\s*"bytes":\s*\d+,\s*"packets":\s*(\d+)/.exec(text);
  return Number(found?.[1]);
}

/** Clock ticks of the processor (proc_stat(5)). */
async function processorTimes(): Promise<{ readonly idle: number; readonly all: number }> {
  const [first = ''] = (await readFile('/proc/stat', 'latin1')).split('\n');
  const times = first.split(/\s+/).slice(1, 9).map(Number);
  return { idle: times[3] + times[4], all: times.reduce((sum, each) => sum + each, 0) };
}
