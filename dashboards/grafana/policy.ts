import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { frame } from './frame.ts';
import { highIsBad, lines, lowIsBad, number, table } from './panels.ts';
import { of, rate, sumBy } from './queries.ts';

/** Requests of the policies, their results, and the reasons of flows. */
export function policyDashboard(): DashboardBuilder {
  return frame(
    'norikae-policy',
    'Policy and decisions',
    'Policies in force, what their rules move, and why flows are where they are.',
  )
    .withPanel(
      number({
        title: 'Policy files in force',
        description:
          '1: the files as last read. 0: they have errors, and older policies are in force.',
        unit: 'none',
        width: 6,
        thresholds: lowIsBad(1, 1),
        queries: [{ expr: of('norikae_policy_last_reload_successful') }],
      }),
    )
    .withPanel(
      number({
        title: 'In force for',
        description: 'Time since policies last came into force.',
        unit: 's',
        width: 6,
        queries: [
          { expr: `time() - ${of('norikae_policy_last_reload_success_timestamp_seconds')}` },
        ],
      }),
    )
    .withPanel(
      number({
        title: 'Refusals',
        description: 'Operations per second that backends refused.',
        unit: 'ops',
        width: 6,
        thresholds: highIsBad(1, 10),
        queries: [{ expr: `sum(${rate('norikae_refusals_total')})` }],
      }),
    )
    .withPanel(
      number({
        title: 'Mean time that a flow stays placed',
        description:
          'Placed flows divided by onloads per second. A few seconds: flows flap. Infinite while no flow is onloaded.',
        unit: 's',
        width: 6,
        thresholds: lowIsBad(10, 30),
        queries: [
          {
            expr: `sum(${of('norikae_flows', 'placement!="onload"')}) / sum(${rate('norikae_moves_total', 'from!="onload"', 'to="onload"')})`,
          },
        ],
      }),
    )
    .withPanel(
      table({
        title: 'Policies in force',
        description: 'Each with its revision; shadow policies are evaluated and move nothing.',
        unit: 'short',
        queries: [{ expr: of('norikae_policy_info') }],
      }),
    )
    .withPanel(
      lines({
        title: 'Reloads',
        description: 'Reloads of the policy files in the shown range, by result.',
        unit: 'short',
        queries: [
          {
            expr: `increase(${of('norikae_policy_reloads_total')}[$__range])`,
            legend: '{{result}}',
          },
        ],
      }),
    )
    .withRow(new RowBuilder('Why flows are where they are'))
    .withPanel(
      lines({
        title: 'Flows by reason',
        description: 'The reason of each flow; norikae why shows the sentence and the values.',
        unit: 'short',
        stacked: true,
        queries: [{ expr: `${of('norikae_flows_by_reason')} > 0`, legend: '{{reason}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Flows waiting for an entry by reason',
        description:
          'Flows that request an entry and have none: because of the table, their slice, a port, too little traffic, or the budget of operations.',
        unit: 'short',
        stacked: true,
        queries: [{ expr: `${of('norikae_flows_waiting')} > 0`, legend: '{{reason}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Flows by rule',
        description: 'Flows that each rule decides.',
        unit: 'short',
        queries: [{ expr: of('norikae_flows_by_rule'), legend: '{{rule}} ({{placement}})' }],
      }),
    )
    .withRow(new RowBuilder('Planner'))
    .withPanel(
      lines({
        title: 'Threshold',
        description:
          'Worth below which a flow is not placed. Computed for each plan: high when few flows send nearly everything.',
        unit: 'pps',
        width: 8,
        queries: [
          { expr: of('norikae_planner_threshold_packets_per_second'), legend: '{{backend}}' },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Swap gain',
        description:
          'Gain in worth below which a flow does not displace another; 0 while there is nothing to swap, a gap while no swap gains enough.',
        unit: 'pps',
        width: 8,
        queries: [
          { expr: of('norikae_planner_swap_gain_packets_per_second'), legend: '{{backend}}' },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Bit share',
        description:
          '0: host CPU is scarce, packets count. 1: the bandwidth of the uplinks is, bits count.',
        unit: 'percentunit',
        width: 8,
        max: 1,
        queries: [{ expr: of('norikae_planner_bit_share_ratio'), legend: 'bits' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Contenders',
        description:
          'Flows that request an entry, including those that have one, and the learned entries.',
        unit: 'short',
        queries: [
          { expr: of('norikae_planner_contenders'), legend: '{{backend}} contenders' },
          { expr: of('norikae_table_learned_entries'), legend: '{{backend}} entries' },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Budget of operations',
        description:
          'At the start of each plan. Long at 0: planner.operationsPerSecond holds moves back, and flows wait with reason budget.',
        unit: 'short',
        queries: [{ expr: of('norikae_planner_budget_operations'), legend: '{{backend}}' }],
      }),
    )
    .withRow(new RowBuilder('Decisions'))
    .withPanel(
      lines({
        title: 'Moves by rule',
        description: 'Changes of placement per second that each rule requested.',
        unit: 'ops',
        queries: [
          { expr: rate('norikae_moves_by_rule_total'), legend: '{{rule}} ({{placement}})' },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Moves by cause',
        description: 'Changes of placement per second by cause.',
        unit: 'ops',
        queries: [{ expr: rate('norikae_moves_by_cause_total'), legend: '{{cause}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Moves by reason',
        description: 'Changes of placement per second by the reason of the flow.',
        unit: 'ops',
        queries: [{ expr: rate('norikae_moves_by_reason_total'), legend: '{{reason}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Decision records',
        description: 'Records per second; lost records arrived faster than they could be kept.',
        unit: 'ops',
        queries: [
          { expr: rate('norikae_decisions_total'), legend: '{{mode}}' },
          { expr: rate('norikae_decisions_lost_total'), legend: 'lost ({{at}})' },
        ],
      }),
    )
    .withRow(new RowBuilder('Operations'))
    .withPanel(
      lines({
        title: 'Operations by outcome',
        description: 'Operations per second by backend, kind and outcome.',
        unit: 'ops',
        queries: [
          {
            expr: sumBy('backend, kind, outcome', rate('norikae_operations_total')),
            legend: '{{backend}} {{kind}} {{outcome}}',
          },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Refusals by code',
        description:
          'Refused operations per second; device-error is a fault, the others are limits.',
        unit: 'ops',
        queries: [{ expr: rate('norikae_refusals_total'), legend: '{{backend}} {{code}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Refusals by rule',
        description: 'Refused entries per second by the rule that requested them.',
        unit: 'ops',
        queries: [{ expr: rate('norikae_refusals_by_rule_total'), legend: '{{rule}}' }],
      }),
    );
}
