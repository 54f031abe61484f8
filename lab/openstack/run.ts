import { type MeasureOptions, measureScene } from '../connections/measure.ts';
import { type ConnectionsReport, connectionsReportOf } from '../connections/report.ts';
import { progress } from '../testbed/progress.ts';
import { ComputeNode } from './compute-node.ts';

/** Runs the workload through the firewall driver's pipeline without and with Norikae. */
export async function runOpenstack(options: MeasureOptions): Promise<ConnectionsReport> {
  progress('starting a compute node');
  const node = await ComputeNode.start();
  try {
    return connectionsReportOf([await measureScene(node.scene(), options)]);
  } finally {
    await node.stop();
  }
}
