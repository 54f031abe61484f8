import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { frame } from './frame.ts';
import { lines, lowIsBad, number } from './panels.ts';
import { of, rate, sumBy } from './queries.ts';

const SLICES = 'slice=~"$slice"';
const OFF_VSWITCH = 'path!="vswitch"';
const BYTES = 'norikae_slice_traffic_bytes_total';
const COVERAGE = `${sumBy('slice', rate(BYTES, SLICES, OFF_VSWITCH))} / ${sumBy('slice', rate(BYTES, SLICES))}`;

/** What each slice sends, and how much of the tables it has. */
export function slicesDashboard(): DashboardBuilder {
  return frame(
    'norikae-slices',
    'Slices',
    'What each slice sends, by which path, and how many entries it has.',
    ['slice'],
  )
    .withPanel(
      number({
        title: 'Coverage of each slice, bytes',
        description: "Share of a slice's bytes that did not go through the vSwitch.",
        unit: 'percentunit',
        width: 24,
        thresholds: lowIsBad(0.2, 0.5),
        queries: [{ expr: COVERAGE, legend: '{{slice}}' }],
      }),
    )
    .withRow(new RowBuilder('Traffic'))
    .withPanel(
      lines({
        title: 'Traffic by slice',
        description: 'Bits per second over all paths.',
        unit: 'bps',
        stacked: true,
        queries: [{ expr: `8 * ${sumBy('slice', rate(BYTES, SLICES))}`, legend: '{{slice}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Traffic by path, of the chosen slices',
        description: 'Bits per second by the path that carried them.',
        unit: 'bps',
        stacked: true,
        queries: [{ expr: `8 * ${sumBy('path', rate(BYTES, SLICES))}`, legend: '{{path}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Coverage by slice',
        description: "Share of each slice's bytes off the vSwitch: whether one has it all.",
        unit: 'percentunit',
        max: 1,
        queries: [{ expr: COVERAGE, legend: '{{slice}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Packets on the vSwitch by slice',
        description: 'Packets per second that still cost host CPU, by the slice that sends them.',
        unit: 'pps',
        stacked: true,
        queries: [
          {
            expr: sumBy(
              'slice',
              rate('norikae_slice_traffic_packets_total', SLICES, 'path="vswitch"'),
            ),
            legend: '{{slice}}',
          },
        ],
      }),
    )
    .withRow(new RowBuilder('Entries'))
    .withPanel(
      lines({
        title: 'Entries by slice',
        description: 'Flows of each slice that have an entry of the NIC or the fast path.',
        unit: 'short',
        stacked: true,
        queries: [
          {
            expr: `${of('norikae_slice_flows', SLICES)} - on (instance, slice, placement) ${of('norikae_slice_guaranteed_entries', SLICES)}`,
            legend: '{{slice}} ({{placement}})',
          },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Flows on the vSwitch by slice',
        description: 'Flows of each slice without an entry.',
        unit: 'short',
        stacked: true,
        queries: [
          {
            expr: of('norikae_slice_flows', SLICES, 'placement="onload"'),
            legend: '{{slice}}',
          },
        ],
      }),
    );
}
