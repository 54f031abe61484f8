import { HostCpuMeter } from './host-cpu.ts';
import type { Phase } from './phase.ts';
import type { Iperf3Client } from '../testbed/iperf3.ts';
import { ProcessTrouble } from '../testbed/managed-process.ts';
import { sleep } from '../testbed/wait.ts';

/** Throughput and host CPU over `seconds` seconds. */
export async function measure(client: Iperf3Client, seconds: number): Promise<Phase> {
  const cpu = new HostCpuMeter();
  const first = client.intervals.length;
  const startMs = performance.now();
  await sleep(seconds * 1_000);
  const elapsed = (performance.now() - startMs) / 1_000;
  const hostCpu = cpu.share();
  const intervals = client.intervals.slice(first);
  const spent = intervals.reduce((sum, interval) => sum + interval.seconds, 0);
  const bits = intervals.reduce((sum, i) => sum + i.bitsPerSecond * i.seconds, 0);
  if (client.process.exit !== undefined) {
    throw new ProcessTrouble(`iperf3 ended too early:\n${client.process.tail()}`);
  }
  const bitsPerSecond = spent === 0 ? 0 : bits / spent;
  const hostCpuPerGbit = hostCpu / (bitsPerSecond / 1e9);
  return { bitsPerSecond, hostCpu, hostCpuPerGbit, seconds: elapsed };
}
