import {
  isPassive,
  isTls,
  parseTarget,
  type Target,
  TargetInvalid,
} from '../protocols/openflow/connection/target.ts';
import type { JsonDocument, JsonPath } from '../text/json-document.ts';
import type { Problem } from '../text/problem.ts';
import type { ConfigFile } from './config-file.ts';

/** Checks settings of the OpenFlow switch that the schema cannot express. */
export function checkFastPath(settings: ConfigFile, document: JsonDocument): Problem[] {
  const { fastPath, node, poll } = settings;
  if (fastPath === undefined) return [];
  const problems: Problem[] = [];
  const report = (path: JsonPath, message: string): void => {
    problems.push(document.problemAt(['fastPath', ...path], message));
  };
  if (node.adapter !== 'ovs') {
    report([], `"fastPath" needs node "ovs"; the emulated node has no OpenFlow switch`);
  }
  const { connect, listen, tls, ports, leaseMs } = fastPath;
  if ((connect === undefined) === (listen === undefined)) {
    report([], '"fastPath" needs "connect" or "listen", and only one of them');
    return problems;
  }
  const key = connect === undefined ? 'listen' : 'connect';
  const target = read(connect ?? listen ?? '', (message) => report([key], message));
  if (target !== undefined) {
    if (isPassive(target) !== (key === 'listen')) {
      const schemes = key === 'listen' ? 'punix:, ptcp: or pssl:' : 'unix:, tcp: or ssl:';
      report([key], `"fastPath.${key}" must begin with ${schemes}, not with ${target.kind}:`);
    }
    if (isTls(target) && tls === undefined) {
      report([key], `"fastPath.${key}" is encrypted; set "fastPath.tls"`);
    }
    if (target.kind === 'unix' && target.path.startsWith(`${node.ovs.runDir}/`)) {
      report(
        ['connect'],
        'this is a bridge of the vSwitch whose flows the daemon reads; rules in it would change ' +
          'those flows. The fast path needs a separate switch (docs/openflow.md)',
      );
    }
  }
  if (ports.slow === ports.fast || ports.uplink === ports.fast || ports.uplink === ports.slow) {
    report(['ports'], '"uplink", "slow" and "fast" must be three different ports');
  }
  if (leaseMs < 2 * poll.periodMs) {
    report(
      document.has(['fastPath', 'leaseMs']) ? ['leaseMs'] : [],
      `"fastPath.leaseMs" (${leaseMs}) must be at least twice "poll.periodMs" (${poll.periodMs})`,
    );
  }
  return problems;
}

function read(text: string, report: (message: string) => void): Target | undefined {
  try {
    return parseTarget(text);
  } catch (error) {
    if (!(error instanceof TargetInvalid)) throw error;
    report(error.message);
    return undefined;
  }
}
