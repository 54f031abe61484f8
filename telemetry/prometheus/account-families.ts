import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { TickAccounts } from '../accounts/tick-accounts.ts';
import { decisionFamilies } from './decision-families.ts';
import { limitFamilies, plannerFamilies } from './planner-families.ts';
import { portFamilies } from './port-families.ts';
import { familyOf, familyOfOne, series, SeriesList } from './series.ts';
import { shareFamilies } from './share-families.ts';
import { sliceFamilies } from './slice-families.ts';
import { labelText, type MetricFamily } from './text-format.ts';

/**
 * Prometheus metrics of traffic, decisions and flows, read from the accounts at each scrape. The
 * accounts bound the number of slices, ports and rules, and with them the number of series.
 *
 * @param topFlows number of flows with the highest rates to list; 0: none
 */
export function accountFamilies(a: TickAccounts, topFlows: number): readonly MetricFamily[] {
  return [
    ...nodeFamilies(a),
    ...sliceFamilies(a),
    ...shareFamilies(a),
    ...plannerFamilies(a),
    ...limitFamilies(a),
    ...portFamilies(a),
    ...decisionFamilies(a),
    ...(topFlows > 0 ? topFamilies(a, topFlows) : []),
  ];
}

const PLACED = PLACEMENT_NAMES.map((placement) => labelText({ placement }));

function nodeFamilies(a: TickAccounts): readonly MetricFamily[] {
  const paths = new SeriesList(
    () => a.paths,
    (use) => [series({ path: use.path }, use)],
  );
  return [
    familyOf(
      {
        name: 'norikae_traffic_bytes_total',
        type: 'counter',
        help: 'Bytes, with L2 headers, by the path that carried them: the vSwitch, the NIC or the fast path. Traffic from before the start of the daemon is not counted.',
      },
      paths,
      (use) => use.bytes,
    ),
    familyOf(
      {
        name: 'norikae_traffic_packets_total',
        type: 'counter',
        help: 'Packets by the path that carried them.',
      },
      paths,
      (use) => use.packets,
    ),
    familyOfOne(
      {
        name: 'norikae_coverage_bytes_ratio',
        type: 'gauge',
        help: 'Share of bytes that bypassed the vSwitch between the last two readings. NaN without traffic.',
      },
      () => a.coverage.bytes ?? Number.NaN,
    ),
    familyOfOne(
      {
        name: 'norikae_coverage_packets_ratio',
        type: 'gauge',
        help: 'Share of packets that bypassed the vSwitch between the last two readings. NaN without traffic.',
      },
      () => a.coverage.packets ?? Number.NaN,
    ),
    familyOfOne(
      {
        name: 'norikae_cpu_saved_estimate_cores',
        type: 'gauge',
        help: 'Estimate of the CPUs that the vSwitch would need for the traffic of the NIC and the fast path: their packet rate times the cost of a packet on the vSwitch. NaN until that cost is known.',
      },
      () => a.cpuSavedCores ?? Number.NaN,
    ),
    {
      name: 'norikae_flows',
      type: 'gauge',
      help: 'Datapath flows by placement.',
      write: (lines) => {
        PLACED.forEach((labels, i) => lines.sample('norikae_flows', labels, a.flows[i]));
      },
    },
  ];
}

function topFamilies(a: TickAccounts, maxFlows: number): readonly MetricFamily[] {
  const flows = new SeriesList(
    () => a.top,
    (flow) => {
      const { placement, slice, inPort } = flow;
      return [series({ flow: formatFlowId(flow.id), in_port: inPort, slice, placement }, flow)];
    },
  );
  return [
    {
      name: 'norikae_top_flow_bytes_per_second',
      type: 'gauge',
      help: 'The flows with the highest rates; http.topFlows sets their number. A series ends when its flow leaves the list.',
      write: (lines) => {
        for (const { labels, of } of flows.all.slice(0, maxFlows)) {
          lines.sample('norikae_top_flow_bytes_per_second', labels, of.bitsPerSecond / 8);
        }
      },
    },
  ];
}
