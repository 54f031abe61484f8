// The guest's side of the bench `ingest-kernel`: Open vSwitch, and one measurement, whose figures it
// leaves for the bench.
//
//     node in-guest.js TASK
import { fileURLToPath } from 'node:url';
import { leaveResult } from '../../lab/kernel/guest-result.ts';
import { Cleanup } from '../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../lab/testbed/names.ts';
import { OvsInstance } from '../../lab/testbed/ovs.ts';
import { run } from '../../lab/testbed/run.ts';
import { TestNode } from '../../lab/testbed/node.ts';
import type {
  FirstPacketFigures,
  GuestTask,
  MeasuredOvs,
  ReadingFigures,
  ReadingSizes,
} from './figures.ts';
import { measureFirstPackets } from './first-packet.ts';

const MEASURE_MS = 500_000;

const [text = ''] = process.argv.slice(2);
const task: GuestTask = JSON.parse(text);
await run('modprobe', ['openvswitch'], { timeoutMs: 30_000 });
await leaveResult(
  task.kind === 'readings' ? await readings(task.sizes) : await firstPacket(task.flows, task.known),
);

/** Measured in the network namespace of an Open vSwitch without a bridge. */
async function readings(sizes: ReadingSizes): Promise<ReadingFigures> {
  const cleanup = new Cleanup();
  try {
    const { runDir, vswitchdPid = 0, host } = await OvsInstance.start(cleanup, new NameMaker());
    const measured: MeasuredOvs = { runDir, vswitchdPid };
    const measure = fileURLToPath(new URL('measure.js', import.meta.url));
    const args = [measure, JSON.stringify(measured), JSON.stringify(sizes)];
    return JSON.parse(await host.exec(process.execPath, args, { timeoutMs: MEASURE_MS }));
  } finally {
    await cleanup.run();
  }
}

async function firstPacket(flows: number, known: number): Promise<FirstPacketFigures> {
  const node = await TestNode.start([], 'system', 'shared');
  try {
    return await measureFirstPackets(node, flows, known);
  } finally {
    await node.stop();
  }
}
