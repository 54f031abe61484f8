import type { TableAccount } from '../accounts/tick-accounts.ts';
import { lineOf } from './line.ts';
import type { Round } from './traffic-lines.ts';

/** A backend's table with its planner values, the shares of slices, and limits. */
export function tableLines(table: TableAccount, { node, wallMs, atMs, write }: Round): void {
  const { backend } = table;
  const numbers = {
    entries: table.entries,
    learned: table.learnedEntries,
    used: table.used,
    masks: table.masks,
    masks_used: table.masksUsed,
    verification_age_seconds: (atMs - table.verifiedAtMs) / 1000,
    unserved_ports: table.unservedPorts,
    open_virtual_functions: table.openFunctions,
    watchdog_down: isDown(table.watchdog),
    watchdog_removed_entries: table.watchdog?.removedEntries,
    open_ports: table.openPorts,
    contenders: table.contenders,
    threshold: table.threshold,
    swap_gain: table.swapGain,
    budget: table.budget,
  };
  write(lineOf('norikae_table', { node, backend }, numbers, wallMs));
  for (const { slice, ...entries } of table.shares) {
    write(lineOf('norikae_share', { node, backend, slice }, entries, wallMs));
  }
  for (const limit of table.limits) {
    const fields = {
      bits_per_second: limit.bitsPerSecond,
      packets_per_second: limit.packetsPerSecond,
      expected_bits_per_second: limit.expectedBitsPerSecond,
      expected_packets_per_second: limit.expectedPacketsPerSecond,
    };
    write(lineOf('norikae_limit', { node, backend, limit: limit.name }, fields, wallMs));
  }
}

function isDown(watchdog: TableAccount['watchdog']): number | undefined {
  return watchdog === undefined ? undefined : Number(!watchdog.isAlive);
}
