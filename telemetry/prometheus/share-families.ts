import type { ShareAccount, TickAccounts } from '../accounts/tick-accounts.ts';
import { familyOf, series, SeriesList } from './series.ts';
import type { MetricFamily } from './text-format.ts';

/** What Prometheus is told of how the backends' tables are divided among slices. */
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
      'Part of a table, relative to the other slices, that a slice gets of what nobody has a guarantee for. slice=other, here and in all that is said of entries: flows of no declared slice, which share one part, and slices beyond the first 256.',
      (s) => s.weight,
    ),
    gauge(
      'guaranteed_entries',
      'Entries that a slice gets of a table whatever the others ask for, of those that the planner counts on; 0 without a guarantee.',
      (s) => s.guaranteed,
    ),
    gauge(
      'maximum_entries',
      'Most entries that a slice may have of a table; all that the planner counts on without a maximum.',
      (s) => s.maximum,
    ),
    gauge(
      'wanted_entries',
      'Flows of a slice that ask for an entry and have or are worth one. A slice that wants less than its share leaves the rest to the others.',
      (s) => s.wanted,
    ),
    gauge(
      'share_entries',
      'Entries that are due to a slice now: its guarantee as far as it wants it, and its part of the rest by weight. What counts as its share changes with what the others want.',
      (s) => s.share,
    ),
    gauge(
      'used_entries',
      'Entries that a slice has, as of the last plan. Fewer than guaranteed and wanted for long: look at norikae_flows_waiting for what holds its flows back.',
      (s) => s.used,
    ),
  ];
}
