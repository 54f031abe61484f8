import type { LimitUse } from '../../engine/planner/plan.ts';
import type { TableAccount, TickAccounts } from '../accounts/tick-accounts.ts';
import { familyOf, familyOfOne, series, SeriesList } from './series.ts';
import type { MetricFamily } from './text-format.ts';

/** Prometheus metrics of the values that the planner computes, as of the last plans. */
export function plannerFamilies(a: TickAccounts): readonly MetricFamily[] {
  const tables = new SeriesList(
    () => a.tables,
    (table) => [series({ backend: table.backend }, table)],
  );
  const gauge = (
    name: string,
    help: string,
    value: (table: TableAccount) => number,
  ): MetricFamily =>
    familyOf({ name: `norikae_planner_${name}`, type: 'gauge', help }, tables, value);
  return [
    gauge(
      'contenders',
      'Flows for which a rule requests an entry of the backend, including flows that have one.',
      (t) => t.contenders,
    ),
    gauge(
      'threshold_packets_per_second',
      'Worth (expected packets per second) below which a flow is not placed: all such flows together would bring next to nothing. The planner computes it for each plan.',
      (t) => t.threshold,
    ),
    gauge(
      'swap_gain_packets_per_second',
      'Gain in worth (expected packets per second) below which a flow does not displace another. The planner computes it for each plan; 0 when there was nothing to swap, +Inf when no swap gained enough.',
      (t) => t.swapGain,
    ),
    gauge(
      'budget_operations',
      'Operations left in the budget at the start of the last plan. Long at 0: planner.operationsPerSecond holds moves back, and flows wait with reason budget.',
      (t) => t.budget,
    ),
    familyOfOne(
      {
        name: 'norikae_planner_bit_share_ratio',
        type: 'gauge',
        help: 'Weight of bits against packets in the worth of flows: 0 where host CPU is scarce, 1 where the bandwidth of the uplinks is. The planner computes it from host CPU and link load.',
      },
      () => a.bitShare,
    ),
  ];
}

/** Prometheus metrics of the limits of ports and the fast path, as of the last plans. */
export function limitFamilies(a: TickAccounts): readonly MetricFamily[] {
  const limits = new SeriesList(
    () => a.tables,
    ({ backend, limits: of }) => of.map((limit) => series({ backend, limit: limit.name }, limit)),
  );
  const gauge = (name: string, help: string, value: (limit: LimitUse) => number): MetricFamily =>
    familyOf({ name: `norikae_limit_${name}`, type: 'gauge', help }, limits, value);
  return [
    gauge(
      'bytes_per_second',
      'Limit on the bytes per second that the placed flows of a backend may be expected to send through a port (limit=PORT receive, PORT send) or the fast path; +Inf where only packets are limited.',
      (limit) => limit.bitsPerSecond / 8,
    ),
    gauge(
      'packets_per_second',
      'Limit on the packets per second of the same; +Inf where only bytes are limited.',
      (limit) => limit.packetsPerSecond,
    ),
    gauge(
      'expected_bytes_per_second',
      'Bytes per second that the flows placed by the last plan are expected to send within a limit. Above nine tenths of it, newcomers wait with reason port-bandwidth or fast-path-capacity.',
      (limit) => limit.expectedBitsPerSecond / 8,
    ),
    gauge(
      'expected_packets_per_second',
      'Packets per second that the flows placed by the last plan are expected to send within a limit.',
      (limit) => limit.expectedPacketsPerSecond,
    ),
  ];
}
