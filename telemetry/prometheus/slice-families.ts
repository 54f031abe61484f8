import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import type { PathUse, TickAccounts } from '../accounts/tick-accounts.ts';
import { familyOf, series, SeriesList } from './series.ts';
import type { MetricFamily } from './text-format.ts';

const bytes = (use: PathUse): number => use.bytes;
const packets = (use: PathUse): number => use.packets;

/** Prometheus metrics of slices: traffic and flows. */
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
        help: 'Bytes of each slice by the path that carried them; slice=other is the sum of slices beyond the first 256.',
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
        help: 'Datapath flows of each slice by placement; on the NIC or the fast path each uses an entry.',
      },
      flows,
      ({ counts, i }) => counts[i],
    ),
  ];
}
