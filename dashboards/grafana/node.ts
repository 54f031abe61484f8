import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { frame } from './frame.ts';
import { highIsBad, lines, lowIsBad, number, table } from './panels.ts';
import { of, quantile, rate, sumBy } from './queries.ts';

const OFF_VSWITCH = 'path!="vswitch"';
const PORTS = 'port=~"$port"';

/** Share of a counter that did not go through the vSwitch. */
function coverage(metric: string): string {
  return `sum(${rate(metric, OFF_VSWITCH)}) / sum(${rate(metric)})`;
}

/** Traffic of the node by path, and what the other paths save. */
export function nodeDashboard(): DashboardBuilder {
  return frame(
    'norikae-node',
    'Node',
    'Traffic of a node by path, the savings, and the fill of the tables.',
    ['port'],
  )
    .withPanel(
      number({
        title: 'Coverage, bytes',
        description: 'Share of bytes that bypassed the vSwitch.',
        unit: 'percentunit',
        thresholds: lowIsBad(0.2, 0.5),
        queries: [{ expr: coverage('norikae_traffic_bytes_total') }],
      }),
    )
    .withPanel(
      number({
        title: 'Coverage, packets',
        description: 'Share of packets that bypassed the vSwitch. CPU time follows packets.',
        unit: 'percentunit',
        thresholds: lowIsBad(0.2, 0.5),
        queries: [{ expr: coverage('norikae_traffic_packets_total') }],
      }),
    )
    .withPanel(
      number({
        title: 'Host CPU',
        description: 'Share of all CPUs that the host itself uses: 1 - idle - guest.',
        unit: 'percentunit',
        thresholds: highIsBad(0.5, 0.8),
        queries: [{ expr: of('norikae_host_cpu_ratio') }],
      }),
    )
    .withPanel(
      number({
        title: 'CPU saved (estimate)',
        description:
          'CPUs that the vSwitch would need for the traffic of the other paths. An estimate: packets/s times the cost of a packet.',
        unit: 'none',
        queries: [{ expr: of('norikae_cpu_saved_estimate_cores') }],
      }),
    )
    .withPanel(
      number({
        title: 'Flows off the vSwitch',
        description: 'Flows on the NIC or the fast path.',
        unit: 'short',
        queries: [{ expr: `sum(${of('norikae_flows', 'placement!="onload"')})` }],
      }),
    )
    .withPanel(
      number({
        title: 'Table used',
        description: 'Share of the learned entries in use, for each table.',
        unit: 'percentunit',
        thresholds: highIsBad(0.8, 0.95),
        queries: [
          {
            expr: `${of('norikae_table_entries_used')} / ${of('norikae_table_learned_entries')}`,
            legend: '{{backend}}',
          },
        ],
      }),
    )
    .withPanel(
      number({
        title: 'Ports not served',
        description:
          'Ports that a backend does not serve although it is meant to; norikae status says why.',
        unit: 'short',
        thresholds: highIsBad(1, 10),
        queries: [{ expr: of('norikae_unserved_ports'), legend: '{{backend}}' }],
      }),
    )
    .withPanel(
      number({
        title: 'Ports not counted',
        description:
          'Ports whose connections get no rows, because the meter cannot count there; norikae status says why.',
        unit: 'short',
        thresholds: highIsBad(1, 10),
        queries: [{ expr: of('norikae_meter_uncounted_ports'), legend: 'ports' }],
      }),
    )
    .withPanel(
      number({
        title: 'Watchdogs down',
        description:
          'Backends whose lease is not renewed, because the process does not run that removes rules from hardware when it lapses.',
        unit: 'short',
        thresholds: highIsBad(1, 1),
        queries: [{ expr: `sum(${of('norikae_watchdog_down')})`, legend: 'backends' }],
      }),
    )
    .withPanel(
      number({
        title: 'Guests with a lease',
        description:
          'Guests with a virtual function that may send through it now; norikae status lists all guests.',
        unit: 'short',
        queries: [{ expr: of('norikae_guest_leases'), legend: 'leases' }],
      }),
    )
    .withPanel(
      number({
        title: 'Flows by virtual functions',
        description:
          'Flows that virtual functions of the NIC carry past the vSwitch; norikae status lists them by port.',
        unit: 'short',
        queries: [{ expr: `sum(${of('norikae_virtual_function_flows')})`, legend: 'flows' }],
      }),
    )
    .withPanel(
      number({
        title: 'Wrong entries',
        description:
          'Entries of the last hour that did something else than the vSwitch would, as samples found; they were removed.',
        unit: 'short',
        thresholds: highIsBad(1, 2),
        queries: [{ expr: `increase(${of('norikae_samples_total', 'result="different"')}[1h])` }],
      }),
    )
    .withPanel(
      number({
        title: 'Open ports',
        description:
          'Ports from which a backend receives packets. A veth or tap is open only while its entries save more than receiving costs its other traffic.',
        unit: 'short',
        queries: [{ expr: of('norikae_open_ports'), legend: '{{backend}}' }],
      }),
    )
    .withPanel(
      number({
        title: 'Flows that no entry can carry',
        description:
          'Flows whose entry carried none of their packets, or whose packets are larger than the MTU; norikae why explains each.',
        unit: 'short',
        thresholds: highIsBad(1, 100),
        queries: [
          { expr: `sum(${of('norikae_flows_by_reason', 'reason=~"carries-nothing|oversized"')})` },
        ],
      }),
    )
    .withRow(new RowBuilder('Traffic'))
    .withPanel(
      lines({
        title: 'Traffic by path',
        description: 'Bits per second, with L2 headers, by the path that carried them.',
        unit: 'bps',
        stacked: true,
        queries: [
          { expr: `8 * ${sumBy('path', rate('norikae_traffic_bytes_total'))}`, legend: '{{path}}' },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Packets by path',
        description: 'Packets per second by the path that carried them.',
        unit: 'pps',
        stacked: true,
        queries: [
          { expr: sumBy('path', rate('norikae_traffic_packets_total')), legend: '{{path}}' },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Coverage',
        description:
          'Share of traffic off the vSwitch. Investigate a drop without a change of traffic.',
        unit: 'percentunit',
        width: 8,
        max: 1,
        queries: [
          { expr: coverage('norikae_traffic_bytes_total'), legend: 'bytes' },
          { expr: coverage('norikae_traffic_packets_total'), legend: 'packets' },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Host CPU',
        description: 'Share of all CPUs that the host itself uses.',
        unit: 'percentunit',
        width: 8,
        max: 1,
        queries: [{ expr: of('norikae_host_cpu_ratio'), legend: 'host' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Cost of a packet on the vSwitch (estimate)',
        description:
          'Host CPU time per packet, from the correlation of CPU time and packets. The saved CPUs are computed from it.',
        unit: 's',
        width: 8,
        queries: [{ expr: of('norikae_vswitch_packet_cost_estimate_seconds'), legend: 'a packet' }],
      }),
    )
    .withRow(new RowBuilder('Flows and tables'))
    .withPanel(
      lines({
        title: 'Flows by placement',
        description: 'Datapath flows by placement.',
        unit: 'short',
        stacked: true,
        queries: [{ expr: of('norikae_flows'), legend: '{{placement}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Table entries',
        description:
          'Used, learned and declared entries. The planner learns how many fit from refusals.',
        unit: 'short',
        queries: [
          { expr: of('norikae_table_entries_used'), legend: '{{backend}} used' },
          { expr: of('norikae_table_learned_entries'), legend: '{{backend}} learned' },
          { expr: of('norikae_table_entries'), legend: '{{backend}} declared' },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Connections by state',
        description:
          'Traffic of connections that are looked at one by one, where the vSwitch recirculates: resolved (an entry can carry it), or what keeps it on the vSwitch.',
        unit: 'bps',
        stacked: true,
        queries: [
          { expr: `8 * ${of('norikae_connection_bytes_per_second')}`, legend: '{{state}}' },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Time from first reading to entry',
        description: 'Time from the first reading of a flow to its first entry.',
        unit: 's',
        queries: [
          { expr: quantile(0.5, 'norikae_reaction_seconds'), legend: 'median' },
          { expr: quantile(0.99, 'norikae_reaction_seconds'), legend: '99th percentile' },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Moves',
        description: 'Changes of placement per second, by old and new placement.',
        unit: 'ops',
        queries: [{ expr: rate('norikae_moves_total'), legend: '{{from}} to {{to}}' }],
      }),
    )
    .withRow(new RowBuilder('Ports'))
    .withPanel(portLines('Into the vSwitch, by port', 'rx'))
    .withPanel(portLines('Out of the vSwitch, by port', 'tx'))
    .withPanel(
      lines({
        title: 'Coverage by port',
        description: 'Share of the bytes of a port, received and sent, that bypassed the vSwitch.',
        unit: 'percentunit',
        max: 1,
        queries: [
          {
            expr: `${sumBy('port', rate('norikae_port_traffic_bytes_total', PORTS, OFF_VSWITCH))} / ${sumBy('port', rate('norikae_port_traffic_bytes_total', PORTS))}`,
            legend: '{{port}}',
          },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Load of links',
        description: "Load of a port's device relative to its link speed; the busier direction.",
        unit: 'percentunit',
        max: 1,
        queries: [
          {
            expr: `max by (port) (${of('norikae_port_device_bytes_per_second', PORTS)}) / max by (port) (${of('norikae_port_link_bytes_per_second', PORTS)})`,
            legend: '{{port}}',
          },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Expected load of limits',
        description:
          'Expected traffic of placed flows, relative to the limit in bytes or packets, whichever is closer. Above 0.9 newcomers wait.',
        unit: 'percentunit',
        width: 24,
        queries: [
          {
            expr: `${limitUse('bytes')} > ${limitUse('packets')} or ${limitUse('packets')}`,
            legend: '{{limit}} ({{backend}})',
          },
        ],
      }),
    )
    .withPanel(
      table({
        title: 'Ports',
        description:
          'Kind, VM and slice of each port, and where the backend takes its packets: the hook, and the reason for it.',
        unit: 'short',
        width: 24,
        queries: [{ expr: portsWithHooks() }],
      }),
    );
}

/** Each port, with its hook if it has one. */
function portsWithHooks(): string {
  const ports = of('norikae_port_info', PORTS);
  const hooks = of('norikae_port_hook', PORTS);
  const joined = `${ports} * on (instance, port) group_left (backend, hook, reason) ${hooks}`;
  return `(${joined}) or (${ports} unless on (instance, port) ${hooks})`;
}

/** Expected use of each limit, 0 without a limit. */
function limitUse(unit: 'bytes' | 'packets'): string {
  return `${of(`norikae_limit_expected_${unit}_per_second`)} / ${of(`norikae_limit_${unit}_per_second`)}`;
}

function portLines(title: string, direction: 'rx' | 'tx') {
  const matchers = [PORTS, `direction="${direction}"`];
  return lines({
    title,
    description: 'Bits per second over all paths.',
    unit: 'bps',
    queries: [
      {
        expr: `8 * ${sumBy('port', rate('norikae_port_traffic_bytes_total', ...matchers))}`,
        legend: '{{port}}',
      },
    ],
  });
}
