import { type MeasureOptions, measureScene } from '../connections/measure.ts';
import {
  type ConnectionsReport,
  connectionsReportOf,
  type DeploymentReport,
} from '../connections/report.ts';
import { progress } from '../testbed/progress.ts';
import { OvnCloud } from './cloud.ts';
import { deploy, DEPLOYMENTS, withdraw } from './deployments.ts';

/** Options of the experiment. */
export interface OvnOptions extends MeasureOptions {
  /** Words of the names of deployments; empty: all. */
  readonly only: readonly string[];
}

/** No deployment has such a name. */
export class NoSuchDeployment extends Error {
  override readonly name = 'NoSuchDeployment';
  constructor(words: readonly string[]) {
    const names = DEPLOYMENTS.map(({ name }) => name).join(', ');
    super(`no deployment is called ${words.join(' or ')}; there are ${names}`);
  }
}

/**
 * Runs the same workload in each deployment of OVN without and with Norikae.
 *
 * @throws {NoSuchDeployment}
 */
export async function runOvn(options: OvnOptions): Promise<ConnectionsReport> {
  const { only } = options;
  const chosen = DEPLOYMENTS.filter(
    ({ name }) => only.length === 0 || only.some((word) => name.includes(word)),
  );
  if (chosen.length === 0) throw new NoSuchDeployment(only);
  progress('starting OVN and a chassis');
  const cloud = await OvnCloud.start();
  try {
    const reports: DeploymentReport[] = [];
    for (const deployment of chosen) {
      progress(deployment.name);
      reports.push(await measureScene(await deploy(cloud, deployment), options));
      await withdraw(cloud, deployment);
    }
    return connectionsReportOf(reports);
  } finally {
    await cloud.stop();
  }
}
