import type { XdpBackend } from '../../../adapters/nic/xdp/backend.ts';
import { sleep } from '../../testbed/wait.ts';
import { NONE_LESS } from '../verdict/tolerances.ts';
import type { Stream } from '../traffic/stream.ts';
import { plainUdp } from '../traffic/udp.ts';
import { UNFINISHED } from '../traffic/unfinished.ts';
import { KernelBed } from './kernel-bed.ts';
import type { Scenario } from './scenario.ts';

const PACKETS = 100;
const PACKETS_PER_SECOND = 500;
const DRAIN_MS = 200;
const COUNTERS_MS = 2_000;

/**
 * Packets whose checksums the sender leaves to its device, past a vSwitch in the kernel, which
 * delivers them. The NIC table has entries for all of them.
 */
export const UNFINISHED_CHECKSUMS: Scenario = {
  name: 'unfinished-checksums',
  text: 'packets whose checksums are left to the device, past a vSwitch in the kernel',
  withoutOffload: false,
  quantities: ['UDP with complete checksums', ...UNFINISHED.map(({ name }) => name)].map(
    (name) => ({ what: `${name}: packets that arrive`, worse: 'fewer', tolerance: NONE_LESS }),
  ),
  measure: async ({ node }, startDaemon) => {
    const bed = await KernelBed.start(node);
    try {
      const backend = startDaemon === undefined ? undefined : await bed.startBackend();
      try {
        const complete = plainUdp(bed.ends()).filter(({ from }) => from === 'forwarded');
        const others = UNFINISHED.map(({ streamOf }) => streamOf(bed.ends()));
        const values: number[] = [];
        for (const stream of [...complete, ...others]) values.push(await received(bed, stream));
        return { values, offloadedBytes: await carriedBytes(backend) };
      } finally {
        await backend?.close('withdraw');
      }
    } finally {
      await bed.stop();
    }
  },
};

async function received(bed: KernelBed, stream: Stream): Promise<number> {
  const name = 'unfinished';
  const { sender, receiver } = bed;
  if (stream.receive !== undefined) await receiver.agent.open(name, stream.receive);
  try {
    await sender.agent.send(name, stream.send, [0, PACKETS], PACKETS_PER_SECOND);
    await sleep(DRAIN_MS);
    const [counts] = await receiver.agent.counts(name, [[0, PACKETS]]);
    return counts.received;
  } finally {
    await Promise.all([sender.agent.close(name), receiver.agent.close(name)]);
  }
}

async function carriedBytes(backend: XdpBackend | undefined): Promise<number> {
  let sum = 0;
  await backend?.counters(
    {
      carried: (_w0, _w1, _w2, _w3, _packets, bytes) => {
        sum += bytes;
      },
    },
    AbortSignal.timeout(COUNTERS_MS),
  );
  return sum;
}
