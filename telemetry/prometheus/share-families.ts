import type { ShareAccount, TickAccounts } from '../accounts/tick-accounts.ts';
import { familyOf, series, SeriesList } from './series.ts';
import type { MetricFamily } from './text-format.ts';

/** Prometheus metrics of the division of the backends' tables among slices. */
export function shareFamilies(a: TickAccounts): readonly MetricFamily[] {
  const shares = new SeriesList(
    () => a.tables,
    ({ backend, placement, shares: of }) =>
      of.map((share) => series({ backend, placement, slice: share.slice }, share)),
  );
  const gauge = (
    name: string,
    help: string,
    value: (share: ShareAccount) => number,
  ): MetricFamily =>
    familyOf({ name: `norikae_slice_${name}`, type: 'gauge', help }, shares, value);
  return [
    gauge(
      'weight',
      'Weight of a slice in the division of the entries beyond all guarantees. In all metrics of entries, slice=other stands for the flows of no declared slice, which share one part, and for slices beyond the first 256.',
      (s) => s.weight,
    ),
    gauge(
      'guaranteed_entries',
      'Entries of a table that a slice is guaranteed, of those that the planner counts on; 0 without a guarantee.',
      (s) => s.guaranteed,
    ),
    gauge(
      'maximum_entries',
      'Maximum entries of a table for a slice; without a maximum, all that the planner counts on.',
      (s) => s.maximum,
    ),
    gauge(
      'wanted_entries',
      'Flows of a slice that request an entry and have or are worth one. A slice that wants less than its share leaves the rest to the others.',
      (s) => s.wanted,
    ),
    gauge(
      'share_entries',
      'Share of a slice now: its guarantee, up to what it wants, and its part of the rest by weight. It changes with what the others want.',
      (s) => s.share,
    ),
    gauge(
      'used_entries',
      'Entries that a slice uses, as of the last plan. If they are below guaranteed and wanted for long, norikae_flows_waiting shows what holds its flows back.',
      (s) => s.used,
    ),
  ];
}
