import type { JsonDocument, JsonPath } from '../text/json-document.ts';
import type { Problem } from '../text/problem.ts';
import type { ConfigFile } from './config-file.ts';
import { checkBackend } from './backend-checks.ts';
import { checkCollector } from './collector-checks.ts';
import { checkConnections } from './connections-checks.ts';
import { checkFastPath } from './fast-path-checks.ts';
import { checkHttp } from './http-checks.ts';
import { checkInflux } from './influx-checks.ts';
import { checkReceiveFilters } from './receive-filter-checks.ts';
import { checkSriov } from './sriov-checks.ts';

/** Checks conditions between settings, which the schema cannot express. */
export function crossCheck(settings: ConfigFile, document: JsonDocument): Problem[] {
  const problems: Problem[] = [];
  const report = (path: JsonPath, message: string) => {
    problems.push(document.problemAt(path, message));
  };
  const { node, backend, poll } = settings;

  const { datapath, readFlowsFrom } = node.ovs;
  if (readFlowsFrom === 'kernel' && datapath?.startsWith('netdev@') === true) {
    report(
      ['node', 'ovs', 'datapath'],
      `"${datapath}" is a userspace datapath; read its flows from "ovs-vswitchd"`,
    );
  }
  if (node.emulator.slices.length > node.emulator.vms) {
    report(
      ['node', 'emulator', 'slices'],
      `more slices (${node.emulator.slices.length}) than VMs (${node.emulator.vms}) to spread over them`,
    );
  }
  if (poll.maxPeriodMs < poll.periodMs) {
    report(
      ['poll', document.has(['poll', 'maxPeriodMs']) ? 'maxPeriodMs' : 'periodMs'],
      `"poll.maxPeriodMs" (${poll.maxPeriodMs}) must not be below "poll.periodMs" (${poll.periodMs})`,
    );
  }
  if (backend.adapter !== 'none' && backend.leaseMs < 2 * poll.periodMs) {
    report(
      document.has(['backend', 'leaseMs']) ? ['backend', 'leaseMs'] : ['poll', 'periodMs'],
      `"backend.leaseMs" (${backend.leaseMs}) must be at least twice "poll.periodMs" ` +
        `(${poll.periodMs}), or the lease expires between two readings`,
    );
  }
  problems.push(...checkBackend(settings, document));
  problems.push(...checkFastPath(settings, document));
  problems.push(...checkHttp(settings, document));
  problems.push(...checkInflux(settings, document));
  problems.push(...checkCollector(settings, document));
  problems.push(...checkSriov(settings, document));
  problems.push(...checkReceiveFilters(settings, document));
  problems.push(...checkConnections(settings, document));
  return problems;
}
