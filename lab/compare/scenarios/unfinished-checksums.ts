import { sleep } from '../../testbed/wait.ts';
import { carriedSince, KernelBed, type TableName } from '../bed/kernel-bed.ts';
import { NONE_LESS } from '../verdict/tolerances.ts';
import type { Stream } from '../traffic/stream.ts';
import { plainUdp } from '../traffic/udp.ts';
import { UNFINISHED } from '../traffic/unfinished.ts';
import type { Scenario } from './scenario.ts';

const PACKETS = 100;
const PACKETS_PER_SECOND = 500;
const DRAIN_MS = 200;

/**
 * Packets whose checksums the sender leaves to its device, past a vSwitch in the kernel, which
 * delivers them. The NIC table has entries for all of them: XDP leaves those to the vSwitch that it cannot
 * prove complete, tcx carries them as they are.
 */
export function unfinishedChecksums(table: TableName): Scenario {
  return {
    name: `unfinished-checksums-${table}`,
    text: `packets whose checksums are left to the device, past a vSwitch in the kernel, with ${table}`,
    withoutOffload: false,
    quantities: ['UDP with complete checksums', ...UNFINISHED.map(({ name }) => name)].map(
      (name) => ({ what: `${name}: packets that arrive`, worse: 'fewer', tolerance: NONE_LESS }),
    ),
    measure: async ({ node }, startDaemon) => {
      const bed = await KernelBed.onBridge(node);
      try {
        const backend = startDaemon === undefined ? undefined : await bed.startTable(table);
        try {
          const complete = plainUdp(bed.ends()).filter(({ from }) => from === 'forwarded');
          const others = UNFINISHED.map(({ streamOf }) => streamOf(bed.ends()));
          const values: number[] = [];
          for (const stream of [...complete, ...others]) values.push(await received(bed, stream));
          const carried = backend === undefined ? undefined : await carriedSince(backend);
          return { values, offloadedBytes: carried?.bytes ?? 0 };
        } finally {
          await backend?.close('withdraw');
        }
      } finally {
        await bed.stop();
      }
    },
  };
}

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
