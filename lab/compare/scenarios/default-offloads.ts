import { readDeviceCounters } from '../../testbed/device-counters.ts';
import { sleep } from '../../testbed/wait.ts';
import type { Bed } from '../bed/bed.ts';
import { FULL_OFFLOADS, setOffloads } from '../guest/guests.ts';
import { BYTES_PER_PACKET, THROUGHPUT } from '../verdict/tolerances.ts';
import type { Scenario } from './scenario.ts';

const STREAM = 'default offloads';
/** Bytes of a chunk, as TSO takes them. */
const CHUNK = 64_000;
const CHUNKS_PER_SECOND = 100;
/** Within this time Norikae notices that the flow's packets cannot be redirected, s. */
const NOTICED_SECONDS = 8;
const MEASURED_SECONDS = 2;
/** How long the port stays attached without entries, ms. */
const DETACH_MS = 1_000;

/** A guest with default offloads: no packet of its connection can be redirected. */
export const DEFAULT_OFFLOADS: Scenario = {
  name: 'default-offloads',
  text: `a TCP connection with TSO, ${NOTICED_SECONDS} s after its start`,
  withoutOffload: true,
  quantities: [
    { what: 'bytes per packet', worse: 'fewer', tolerance: BYTES_PER_PACKET },
    { what: 'bits/s', worse: 'fewer', tolerance: THROUGHPUT },
  ],
  measure: async (bed, startDaemon) => {
    for (const { vm } of [bed.sender, bed.receiver]) await setOffloads(vm, ...FULL_OFFLOADS);
    await bed.rules();
    const daemon = await startDaemon?.({ backend: { detachAfterMs: DETACH_MS } });
    try {
      return { values: await connection(bed), offloadedBytes: 0 };
    } finally {
      await daemon?.stop();
    }
  },
};

async function connection(bed: Bed): Promise<readonly number[]> {
  const { sender, receiver } = bed;
  const { port } = bed.ends();
  const spec = { kind: 'tcp', port, size: CHUNK } as const;
  const counters = () => readDeviceCounters(bed.node.ovs.vswitchdPid ?? 0, sender.vm.name);
  await receiver.agent.open(STREAM, { ...spec, address: receiver.end.ipv4 });
  try {
    const seconds = NOTICED_SECONDS + MEASURED_SECONDS;
    const sending = sender.agent.send(
      STREAM,
      { ...spec, target: receiver.end.ipv4 },
      [0, CHUNKS_PER_SECOND * seconds],
      CHUNKS_PER_SECOND,
    );
    // Its failure is reported below.
    sending.catch(() => undefined);
    await sleep(NOTICED_SECONDS * 1_000);
    const before = counters();
    await sending;
    const after = counters();
    const bytes = after.rxBytes - before.rxBytes;
    return [bytes / (after.rxPackets - before.rxPackets), (bytes * 8) / MEASURED_SECONDS];
  } finally {
    await Promise.all([sender.agent.close(STREAM), receiver.agent.close(STREAM)]);
  }
}
