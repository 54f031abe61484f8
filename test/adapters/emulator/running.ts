import { FB_HADOOP } from '../../../adapters/emulator/distributions.ts';
import { EmulatedNode } from '../../../adapters/emulator/node.ts';
import type { EmulatedNodeOptions } from '../../../adapters/emulator/options.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import { formatFlowId } from '../../../engine/model/flow-id.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { never } from '../../contract/collect.ts';
import { put } from '../../contract/offload-backend-operations.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** Traffic of a single kind, without a heavy tail. */
export const ONE_WORKLOAD = {
  name: 'only',
  sizes: FB_HADOOP,
  share: 1,
  transfersPerConnection: 20,
  pauseMs: 10,
  serverPort: 80,
  udpShare: 0,
};

/** A node with traffic and the clock that drives it. */
export interface Running {
  readonly node: EmulatedNode;
  readonly clock: ManualClock;
}

/** A node without warm-up; its clock starts at `startMs`. */
export function running(options: Partial<EmulatedNodeOptions> = {}, startMs = 500): Running {
  const clock = new ManualClock(startMs);
  return { node: new EmulatedNode({ seed: 42, clock, warmUpMs: 0, ...options }), clock };
}

/** The megaflows there are. */
export async function dump({ node, clock }: Running): Promise<FlowTable> {
  const table = new FlowTable();
  table.begin(clock.now());
  await node.flowSource.read(table, never());
  table.end();
  return table;
}

/** Everything a dump says, as text, for comparing. */
export async function printed(r: Running): Promise<string[]> {
  const table = await dump(r);
  const { vswitchPackets, vswitchBytes, lastActiveMs } = table.traffic;
  return Array.from(table.rows.subarray(0, table.count), (row) =>
    [
      formatFlowId(table.idAt(row)),
      vswitchPackets[row],
      vswitchBytes[row],
      r.clock.now() - lastActiveMs[row],
      JSON.stringify([table.matchAt(row), table.actionsAt(row)]),
    ].join(' '),
  ).sort();
}

/** Puts the flows with the most bytes into the NIC table. */
export async function offloadBusiest(r: Running, count: number): Promise<FlowSpec[]> {
  const table = await dump(r);
  const { vswitchBytes } = table.traffic;
  const rows = [...table.rows.subarray(0, table.count)].sort(
    (a, b) => vswitchBytes[b] - vswitchBytes[a],
  );
  const flows = rows
    .map((row) => table.specAt(row))
    .filter((flow) => r.node.backend.supports(flow).ok)
    .slice(0, count);
  await r.node.backend.apply(flows.map(put), never());
  return flows;
}

/** Attaches the backend and renews its lease. */
export async function started(r: Running): Promise<Running> {
  await r.node.backend.start(r.node.ports(), never());
  await r.node.backend.renewLease(r.clock.now());
  return r;
}

/** Share of the host's CPUs in use over the next second: 1 - idle - guest. */
export async function hostCpu({ node, clock }: Running): Promise<number> {
  const before = (await node.hostSource.read([], never())).cpu;
  clock.advance(1_000);
  const after = (await node.hostSource.read([], never())).cpu;
  const spare = after.idle - before.idle + after.guest - before.guest;
  return 1 - spare / (after.total - before.total);
}
