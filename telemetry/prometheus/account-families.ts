import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { limitEntries } from '../../engine/model/slice.ts';
import type { PathBackend } from '../../engine/ports/path-backend.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { PathUse, TickAccounts, TimeHistogram } from '../accounts/tick-accounts.ts';
import { familyOf, familyOfOne, series, SeriesList } from './series.ts';
import { labelText, type MetricFamily } from './text-format.ts';

/**
 * What Prometheus is told of traffic, decisions and flows, read from the accounts as they are when
 * it asks. Labels come from what the node and its policies are made of, and the accounts bound how
 * many of each there are.
 *
 * @param backends those whose tables slices share
 * @param topFlows flows with the highest rates to name; 0: none
 */
export function accountFamilies(
  a: TickAccounts,
  backends: readonly Pick<PathBackend, 'capabilities' | 'capacity'>[],
  topFlows: number,
): readonly MetricFamily[] {
  return [
    ...nodeFamilies(a),
    ...sliceFamilies(a),
    ...shareFamilies(a, backends),
    ...portFamilies(a),
    ...decisionFamilies(a),
    ...(topFlows > 0 ? topFamilies(a, topFlows) : []),
  ];
}

const PLACED = PLACEMENT_NAMES.map((placement) => labelText({ placement }));

const bytes = (use: PathUse): number => use.bytes;
const packets = (use: PathUse): number => use.packets;

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
        help: 'Bytes, with L2 headers, by the path that carried them: the vSwitch, the NIC or the fast path. What flows sent before the daemon came is left out.',
      },
      paths,
      bytes,
    ),
    familyOf(
      {
        name: 'norikae_traffic_packets_total',
        type: 'counter',
        help: 'Packets by the path that carried them.',
      },
      paths,
      packets,
    ),
    familyOfOne(
      {
        name: 'norikae_coverage_bytes_ratio',
        type: 'gauge',
        help: 'Share of bytes that did not go through the vSwitch, between the last two readings. NaN while nothing is sent.',
      },
      () => a.coverage.bytes ?? Number.NaN,
    ),
    familyOfOne(
      {
        name: 'norikae_coverage_packets_ratio',
        type: 'gauge',
        help: 'Share of packets that did not go through the vSwitch, between the last two readings. NaN while nothing is sent.',
      },
      () => a.coverage.packets ?? Number.NaN,
    ),
    familyOfOne(
      {
        name: 'norikae_cpu_saved_estimate_cores',
        type: 'gauge',
        help: 'Estimate of the CPUs that the vSwitch would need for what the NIC and the fast path carry: their packets a second times what a packet on the vSwitch costs. NaN while that cost is not known.',
      },
      () => a.cpuSavedCores ?? Number.NaN,
    ),
    {
      name: 'norikae_flows',
      type: 'gauge',
      help: 'Datapath flows by where their packets are processed.',
      write: (lines) => {
        PLACED.forEach((labels, i) => lines.sample('norikae_flows', labels, a.flows[i]));
      },
    },
  ];
}

function sliceFamilies(a: TickAccounts): readonly MetricFamily[] {
  const read = () => a.slices;
  const paths = new SeriesList(read, ({ name, paths: uses }) =>
    uses.map((use) => series({ slice: name, path: use.path }, use)),
  );
  const flows = new SeriesList(read, ({ name, flows: counts }) =>
    PLACEMENT_NAMES.map((placement, i) => series({ slice: name, placement }, { counts, i })),
  );
  return [
    familyOf(
      {
        name: 'norikae_slice_traffic_bytes_total',
        type: 'counter',
        help: 'Bytes of each slice by the path that carried them; slice=other sums up those beyond the first 256.',
      },
      paths,
      bytes,
    ),
    familyOf(
      {
        name: 'norikae_slice_traffic_packets_total',
        type: 'counter',
        help: 'Packets of each slice by the path that carried them.',
      },
      paths,
      packets,
    ),
    familyOf(
      {
        name: 'norikae_slice_flows',
        type: 'gauge',
        help: 'Datapath flows of each slice by where their packets are processed; on the NIC or the fast path each uses an entry.',
      },
      flows,
      ({ counts, i }) => counts[i],
    ),
  ];
}

function shareFamilies(
  a: TickAccounts,
  backends: readonly Pick<PathBackend, 'capabilities' | 'capacity'>[],
): readonly MetricFamily[] {
  const shares = new SeriesList(
    () => a.slices,
    ({ name: slice, terms }) =>
      terms === undefined
        ? []
        : backends.map((backend) => {
            const { placement } = backend.capabilities();
            return series({ slice, placement }, { terms, backend });
          }),
  );
  return [
    familyOf(
      {
        name: 'norikae_slice_guaranteed_entries',
        type: 'gauge',
        help: 'Entries that a slice gets of the table behind a placement whatever the others ask for; 0 without a guarantee.',
      },
      shares,
      ({ terms, backend }) =>
        terms.guaranteed === undefined
          ? 0
          : limitEntries(terms.guaranteed, backend.capacity().entries),
    ),
    familyOf(
      {
        name: 'norikae_slice_maximum_entries',
        type: 'gauge',
        help: 'Most entries that a slice may have of the table behind a placement; all that fit without a maximum.',
      },
      shares,
      ({ terms, backend }) => {
        const { entries } = backend.capacity();
        return terms.maximum === undefined ? entries : limitEntries(terms.maximum, entries);
      },
    ),
  ];
}

function portFamilies(a: TickAccounts): readonly MetricFamily[] {
  const read = () => a.ports;
  const directions = new SeriesList(read, ({ name, rx, tx }) => [
    ...rx.map((use) => series({ port: name, direction: 'rx', path: use.path }, use)),
    ...tx.map((use) => series({ port: name, direction: 'tx', path: use.path }, use)),
  ]);
  const links = new SeriesList(read, ({ name, linkBitsPerSecond: link }) =>
    link === undefined ? [] : [series({ port: name }, link)],
  );
  const devices = new SeriesList(read, ({ name }) =>
    (['rx', 'tx'] as const).map((direction) =>
      series({ port: name, direction }, { name, direction }),
    ),
  );
  const info = new SeriesList(read, ({ name, kind, vm, slice }) => [
    series({ port: name, kind, vm, slice }, 1),
  ]);
  return [
    familyOf(
      {
        name: 'norikae_port_info',
        type: 'gauge',
        help: 'Ports of the vSwitch, always 1: what is behind each, and the VM and slice it belongs to. Join it to other port metrics by instance and port.',
      },
      info,
      Number,
    ),
    familyOf(
      {
        name: 'norikae_port_traffic_bytes_total',
        type: 'counter',
        help: 'Bytes of the flows that come in by a port (rx) or go out of it (tx), as the vSwitch sees it, by the path that carried them. What goes out of several ports counts for each.',
      },
      directions,
      bytes,
    ),
    familyOf(
      {
        name: 'norikae_port_traffic_packets_total',
        type: 'counter',
        help: 'Packets of the flows that come in by a port (rx) or go out of it (tx), by the path that carried them.',
      },
      directions,
      packets,
    ),
    familyOf(
      {
        name: 'norikae_port_link_bytes_per_second',
        type: 'gauge',
        help: "Speed of the port's link, where its device tells.",
      },
      links,
      (bitsPerSecond) => bitsPerSecond / 8,
    ),
    {
      name: 'norikae_port_device_bytes_per_second',
      type: 'gauge',
      help: "What the port's device itself counts, all traffic included, as a mean between the last two looks at the host.",
      write: (lines) => {
        for (const { labels, of } of devices.all) {
          const load = a.portLoad.get(of.name);
          if (load === undefined) continue;
          const bits = of.direction === 'rx' ? load.rxBitsPerSecond : load.txBitsPerSecond;
          lines.sample('norikae_port_device_bytes_per_second', labels, bits / 8);
        }
      },
    },
  ];
}

function decisionFamilies(a: TickAccounts): readonly MetricFamily[] {
  const moves = new SeriesList(
    () => a.moves,
    (move) => [series({ from: move.from, to: move.to }, move)],
  );
  const rules = new SeriesList(
    () => a.rules,
    (rule) => [series({ rule: rule.rule, placement: rule.to }, rule)],
  );
  const reasons = new SeriesList(
    () => a.reasons,
    (reason) => [series({ reason: reason.reason }, reason)],
  );
  const refusals = new SeriesList(
    () => a.refusals,
    (refusal) => [series({ backend: refusal.backend, code: refusal.code }, refusal)],
  );
  const operations = new SeriesList(
    () => a.operations,
    (o) => [series({ backend: o.backend, kind: o.kind, outcome: o.outcome }, o)],
  );
  return [
    familyOf(
      {
        name: 'norikae_moves_total',
        type: 'counter',
        help: 'Changes of a flow from one placement to another, whatever led to them; to=gone when a placed flow left the vSwitch.',
      },
      moves,
      (m) => m.count,
    ),
    familyOf(
      {
        name: 'norikae_moves_by_rule_total',
        type: 'counter',
        help: 'Changes of placement that a rule asked for, by rule and where it sends flows. Rules of shadow policies move nothing and are left out.',
      },
      rules,
      (r) => r.moves,
    ),
    familyOf(
      {
        name: 'norikae_moves_by_reason_total',
        type: 'counter',
        help: 'Changes of placement by the reason the flow was given; norikae why explains each reason.',
      },
      reasons,
      (r) => r.moves,
    ),
    familyOf(
      {
        name: 'norikae_flows_by_rule',
        type: 'gauge',
        help: 'Datapath flows that a rule speaks for, whether or not they are where it wants them.',
      },
      rules,
      (r) => r.flows,
    ),
    familyOf(
      {
        name: 'norikae_flows_by_reason',
        type: 'gauge',
        help: 'Datapath flows by the reason why they are where they are.',
      },
      reasons,
      (r) => r.flows,
    ),
    familyOf(
      {
        name: 'norikae_refusals_total',
        type: 'counter',
        help: 'Operations that a backend refused, by cause.',
      },
      refusals,
      (r) => r.count,
    ),
    familyOf(
      {
        name: 'norikae_refusals_by_rule_total',
        type: 'counter',
        help: 'Entries that a rule asked for and a backend refused.',
      },
      rules,
      (r) => r.refusals,
    ),
    familyOf(
      {
        name: 'norikae_operations_total',
        type: 'counter',
        help: 'Operations sent to a backend; outcome is what became of them, or the cause of a refusal.',
      },
      operations,
      (o) => o.count,
    ),
    histogramFamily(
      'norikae_reaction_seconds',
      'Time from when a flow was first seen to its first entry in place: how soon the rules, the plan and the backend let it leave the vSwitch.',
      a.reactions,
    ),
  ];
}

function topFamilies(a: TickAccounts, most: number): readonly MetricFamily[] {
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
      help: 'The flows with the highest rates, as many as http.topFlows says; a series ends when its flow is no longer among them.',
      write: (lines) => {
        for (const { labels, of } of flows.all.slice(0, most)) {
          lines.sample('norikae_top_flow_bytes_per_second', labels, of.bitsPerSecond / 8);
        }
      },
    },
  ];
}

function histogramFamily(name: string, help: string, times: TimeHistogram): MetricFamily {
  const bounds = [...times.boundsSeconds.map(String), '+Inf'].map((le) => labelText({ le }));
  return {
    name,
    help,
    type: 'histogram',
    write: (lines) => {
      bounds.forEach((labels, i) => lines.sample(`${name}_bucket`, labels, times.counts[i]));
      lines.sample(`${name}_sum`, '', times.sumSeconds);
      lines.sample(`${name}_count`, '', times.count);
    },
  };
}
