import { measureScene } from '../connections/measure.ts';
import { type ConnectionsReport, connectionsReportOf } from '../connections/report.ts';
import { progress } from '../testbed/progress.ts';
import { ComputeNode } from './compute-node.ts';

/** Options of the experiment. */
export interface OpenstackOptions {
  /** Length of each measured phase, seconds. */
  readonly seconds: number;
}

/** Runs the workload through the firewall driver's pipeline without and with Norikae. */
export async function runOpenstack({ seconds }: OpenstackOptions): Promise<ConnectionsReport> {
  progress('starting a compute node');
  const node = await ComputeNode.start();
  try {
    return connectionsReportOf([await measureScene(node.scene(), seconds)]);
  } finally {
    await node.stop();
  }
}
