import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { limitEntries } from '../../engine/model/slice.ts';
import type { PathBackend } from '../../engine/ports/path-backend.ts';
import type { PathUse, TickAccounts } from '../accounts/tick-accounts.ts';
import { familyOf, series, SeriesList } from './series.ts';
import type { MetricFamily } from './text-format.ts';

const bytes = (use: PathUse): number => use.bytes;
const packets = (use: PathUse): number => use.packets;

/** What Prometheus is told of slices: their traffic and flows. */
export function sliceFamilies(a: TickAccounts): readonly MetricFamily[] {
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

/** What Prometheus is told of what slices may have of the backends' tables. */
export function shareFamilies(
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
