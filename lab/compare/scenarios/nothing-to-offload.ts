import { readFile } from 'node:fs/promises';
import type { Bed } from '../bed/bed.ts';
import { setOffloads } from '../guest/guests.ts';
import { VSWITCHD_CPU } from '../verdict/tolerances.ts';
import { plainUdp } from '../traffic/udp.ts';
import type { Scenario } from './scenario.ts';

const STREAM = 'nothing';
const PACKETS_PER_SECOND = 4_000;
const SECONDS = 2;
/** The smallest of several measurements: other load of the machine only adds to it. */
const REPETITIONS = 3;
/** Clock ticks per second of /proc (proc_pid_stat(5)). */
const TICKS_PER_SECOND = 100;

/** A node without a flow that any policy offloads. */
export const NOTHING_TO_OFFLOAD: Scenario = {
  name: 'nothing-to-offload',
  text: `${PACKETS_PER_SECOND.toLocaleString('en')} packets/s that no policy offloads`,
  withoutOffload: true,
  quantities: [
    { what: 'ms of CPU that ovs-vswitchd needs', worse: 'more', tolerance: VSWITCHD_CPU },
  ],
  measure: async (bed, startDaemon) => {
    const [from, to] = bed.bystanders;
    for (const { vm } of [from, to]) await setOffloads(vm, 'tx', 'off', 'gro', 'on');
    await bed.rules();
    // The period that a host has by default.
    const daemon = await startDaemon?.({ poll: { periodMs: 250, sourceShare: 0.05 } });
    try {
      const all: number[] = [];
      for (let i = 0; i < REPETITIONS; i++) all.push(await cpuMs(bed));
      return { values: [Math.min(...all)], offloadedBytes: 0 };
    } finally {
      await daemon?.stop();
      for (const { vm } of [from, to]) await setOffloads(vm, 'tx', 'on', 'tso', 'on');
    }
  },
};

/** CPU time of ovs-vswitchd while the bystanders send, ms. */
async function cpuMs(bed: Bed): Promise<number> {
  const [from, to] = bed.bystanders;
  const ends = { sender: from.end, receiver: to.end, port: bed.ends().port };
  const stream = plainUdp(ends).find((each) => each.from === 'socket');
  if (stream?.receive === undefined) throw new TypeError('UDP has no stream of a socket');
  await to.agent.open(STREAM, stream.receive);
  try {
    const pid = bed.node.ovs.vswitchdPid ?? 0;
    const before = await ticks(pid);
    const range = [0, PACKETS_PER_SECOND * SECONDS] as const;
    await from.agent.send(STREAM, stream.send, range, PACKETS_PER_SECOND);
    return (((await ticks(pid)) - before) / TICKS_PER_SECOND) * 1_000;
  } finally {
    await Promise.all([from.agent.close(STREAM), to.agent.close(STREAM)]);
  }
}

/** `utime` and `stime` of a process. */
async function ticks(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
