import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { frame } from './frame.ts';
import { lines, lowIsBad, number, table } from './panels.ts';
import { of, rate, sumBy } from './queries.ts';

const SLICES = 'slice=~"$slice"';
const OFF_VSWITCH = 'path!="vswitch"';
const BYTES = 'norikae_slice_traffic_bytes_total';
const COVERAGE = `${sumBy('slice', rate(BYTES, SLICES, OFF_VSWITCH))} / ${sumBy('slice', rate(BYTES, SLICES))}`;

/** Traffic and entries of each slice. */
export function slicesDashboard(): DashboardBuilder {
  return frame('norikae-slices', 'Slices', 'Traffic of each slice by path, and its entries.', [
    'slice',
  ])
    .withPanel(
      number({
        title: 'Coverage of each slice, bytes',
        description: "Share of a slice's bytes that bypassed the vSwitch.",
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
        description: "Share of each slice's bytes off the vSwitch.",
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
      table({
        title: 'Entries of each slice against its guarantee and maximum',
        description:
          'Current values, of the learned entries. slice=other: flows of no declared slice.',
        unit: 'short',
        width: 24,
        queries: [
          { expr: entries('used'), legend: 'Used' },
          { expr: entries('share'), legend: 'Share' },
          { expr: entries('guaranteed'), legend: 'Guaranteed' },
          { expr: entries('maximum'), legend: 'Maximum' },
          { expr: entries('wanted'), legend: 'Wanted' },
          { expr: of('norikae_slice_weight', SLICES), legend: 'Weight' },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Entries and share by slice',
        description:
          'Used entries and share of each slice. They differ only while moves are in progress.',
        unit: 'short',
        queries: [
          { expr: entries('used'), legend: '{{slice}} ({{backend}})' },
          { expr: entries('share'), legend: '{{slice}} share ({{backend}})' },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Guarantee met by slice',
        description:
          'Entries relative to the guarantee, or to wanted entries if that is less; slices without a guarantee are left out. Long below 1: something holds its flows back.',
        unit: 'percentunit',
        thresholds: lowIsBad(0.9, 1),
        queries: [
          {
            expr: `${entries('used')} / ((${entries('guaranteed')} < ${entries('wanted')} or ${entries('wanted')}) > 0)`,
            legend: '{{slice}} ({{backend}})',
          },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Use of the maximum by slice',
        description: 'Share of its maximum that each slice uses; at 1 it gets no more entries.',
        unit: 'percentunit',
        max: 1,
        queries: [
          {
            expr: `${entries('used')} / (${entries('maximum')} > 0)`,
            legend: '{{slice}} ({{backend}})',
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

/** Entries of the chosen slices: `used`, `share`, `guaranteed`, `maximum` or `wanted`. */
function entries(which: string): string {
  return of(`norikae_slice_${which}_entries`, SLICES);
}
