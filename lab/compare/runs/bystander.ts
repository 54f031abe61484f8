import { readDeviceCounters } from '../../testbed/device-counters.ts';
import { waitFor } from '../../testbed/wait.ts';
import type { Bed } from '../bed/bed.ts';
import type { BystanderMeasures } from '../verdict/measures.ts';

const STREAM = 'bystander';
/** Bytes of a chunk, as TSO takes them. */
const CHUNK = 64_000;
/** More than any path carries: as fast as possible. */
const UNPACED = 1e6;
const TRANSFER_MS = 10_000;

/**
 * Transfers some megabytes between the bystanders, over TCP connections with all offloads. The fastest of
 * them counts: in some, also without Norikae, a lost packet costs a time-out of 200 ms.
 */
export async function measureBystander(bed: Bed): Promise<BystanderMeasures> {
  const all: BystanderMeasures[] = [];
  for (let i = 0; i < bed.pace.bystander.transfers; i++) all.push(await transfer(bed));
  return all.reduce((a, b) => (b.bitsPerSecond > a.bitsPerSecond ? b : a));
}

async function transfer(bed: Bed): Promise<BystanderMeasures> {
  const [from, to] = bed.bystanders;
  const { chunks } = bed.pace.bystander;
  const { port } = bed.ends();
  const spec = { kind: 'tcp', port, size: CHUNK } as const;
  const counters = () => readDeviceCounters(bed.node.ovs.vswitchdPid ?? 0, from.vm.name);
  await to.agent.open(STREAM, { ...spec, address: to.end.ipv4 });
  try {
    const before = counters();
    const startMs = performance.now();
    await from.agent.send(STREAM, { ...spec, target: to.end.ipv4 }, [0, chunks], UNPACED);
    const arrived = async () => {
      const [{ received }] = await to.agent.counts(STREAM, [[0, chunks]]);
      return received === chunks ? true : undefined;
    };
    await waitFor('the transfer', arrived, { timeoutMs: TRANSFER_MS, everyMs: 2 });
    const seconds = (performance.now() - startMs) / 1_000;
    const after = counters();
    return {
      bitsPerSecond: (CHUNK * chunks * 8) / seconds,
      bytesPerPacket: (after.rxBytes - before.rxBytes) / (after.rxPackets - before.rxPackets),
    };
  } finally {
    await Promise.all([from.agent.close(STREAM), to.agent.close(STREAM)]);
  }
}
