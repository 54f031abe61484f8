import { Placement } from '../engine/model/flow.ts';
import type { PathUse, TickAccounts } from '../telemetry/accounts/tick-accounts.ts';
import type { PathView, StatusView } from '../api/status-view.ts';

/** The node's totals from the accounts. */
export function accountsView(
  accounts: TickAccounts,
): Pick<StatusView, 'paths' | 'coverage' | 'cpuSavedCores'> {
  const { paths, coverage, cpuSavedCores } = accounts;
  return {
    paths: {
      vswitch: pathView(paths[Placement.onload]),
      nic: pathView(paths[Placement.offload]),
      'fast-path': pathView(paths[Placement.fastPath]),
    },
    coverage: { bytes: coverage.bytes ?? null, packets: coverage.packets ?? null },
    cpuSavedCores: cpuSavedCores ?? null,
  };
}

/** A copy, because the accounts are updated in place. */
function pathView({ bytes, packets, bitsPerSecond, packetsPerSecond }: PathUse): PathView {
  return { bytes, packets, bitsPerSecond, packetsPerSecond };
}
