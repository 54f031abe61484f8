import { sleep } from '../../testbed/wait.ts';
import type { Bed } from '../bed/bed.ts';
import { nicBytes, waitUntilPlaced } from '../bed/placement.ts';
import { setOffloads } from '../guest/guests.ts';
import {
  SERVICE_IPV4,
  type Translated,
  translatedStreams,
  translatingRules,
} from '../traffic/translated.ts';
import type { Range } from '../traffic/stream.ts';
import { NONE_LESS, NONE_MORE } from '../verdict/tolerances.ts';
import type { Scenario } from './scenario.ts';

const PACKETS_PER_SECOND = 1_000;
/** The first make the flows and their entries. */
const WARM: Range = [0, 100];
const MEASURED: Range = [100, 1_100];
const PLACED_MS = 4_000;
const DRAIN_MS = 500;

/** A service whose rules translate addresses and ports in both directions. */
export const TRANSLATED_ADDRESSES: Scenario = {
  name: 'translated-addresses',
  text: 'a TCP connection and UDP datagrams to an address and a port that rules translate',
  withoutOffload: false,
  quantities: ['TCP: chunks', 'UDP: datagrams'].flatMap((units) => [
    { what: `${units} that arrive`, worse: 'fewer' as const, tolerance: NONE_LESS },
    { what: `${units} with other bytes`, worse: 'more' as const, tolerance: NONE_MORE },
  ]),
  measure: async (bed, startDaemon) => {
    const { sender, receiver } = bed;
    for (const { vm } of [sender, receiver]) await setOffloads(vm, 'tx', 'off', 'gro', 'on');
    const neighbour = ['neigh', 'replace', SERVICE_IPV4, 'lladdr', receiver.vm.mac, 'dev', 'eth0'];
    await sender.vm.namespace.exec('ip', neighbour);
    const ends = bed.ends();
    const streams = translatedStreams(ends);
    const [from, to] = [sender.vm.number, receiver.vm.number];
    await bed.rules(...streams.flatMap((stream) => translatingRules(stream, ends, from, to)));
    const daemon = await startDaemon?.();
    try {
      const values: number[] = [];
      for (const stream of streams) {
        const placed = async (): Promise<void> => {
          if (daemon === undefined) await sleep(DRAIN_MS);
          else await waitUntilPlaced(daemon, sender.vm.name, bed.pace, PLACED_MS);
        };
        values.push(...(await measured(bed, stream, placed)));
      }
      const offloadedBytes = daemon === undefined ? 0 : await nicBytes(daemon, bed.pace);
      return { values, offloadedBytes };
    } finally {
      await daemon?.stop();
    }
  },
};

/** What arrives of one stream after its first packets, and how much of it is not what was sent. */
async function measured(
  { sender, receiver }: Bed,
  { name, send, receive }: Translated,
  placed: () => Promise<void>,
): Promise<readonly [number, number]> {
  await receiver.agent.open(name, receive);
  try {
    await sender.agent.send(name, send, WARM, PACKETS_PER_SECOND);
    await placed();
    await sender.agent.send(name, send, MEASURED, PACKETS_PER_SECOND);
    await sleep(DRAIN_MS);
    const [{ received, corrupt }] = await receiver.agent.counts(name, [MEASURED]);
    return [received, corrupt];
  } finally {
    await Promise.all([sender.agent.close(name), receiver.agent.close(name)]);
  }
}
