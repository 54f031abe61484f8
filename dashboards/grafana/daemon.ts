import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { frame } from './frame.ts';
import { highIsBad, lines, lowIsBad, number, table } from './panels.ts';
import { of, quantile, rate, sumBy } from './queries.ts';

/** Health of the daemon: loop, sources, backends, process. */
export function daemonDashboard(): DashboardBuilder {
  return frame(
    'norikae-daemon',
    'Daemon health',
    'Loop, sources, backends and leases: health and timing.',
  )
    .withPanel(
      number({
        title: 'Up',
        description: 'Whether Prometheus could scrape it.',
        unit: 'none',
        thresholds: lowIsBad(1, 1),
        queries: [{ expr: 'up{instance="$instance",job="norikae"}' }],
      }),
    )
    .withPanel(
      number({
        title: 'Running for',
        description: 'Time since the process started.',
        unit: 's',
        queries: [{ expr: `time() - ${of('process_start_time_seconds')}` }],
      }),
    )
    .withPanel(
      number({
        title: 'Loop busy',
        description:
          'Share of time in which the loop is busy. Near 1 it is slower than its period.',
        unit: 'percentunit',
        thresholds: highIsBad(0.7, 0.9),
        queries: [{ expr: `sum(${rate('norikae_loop_stage_duration_seconds_sum')})` }],
      }),
    )
    .withPanel(
      number({
        title: 'Stale sources',
        description: 'With a stale source, nothing is moved.',
        unit: 'none',
        thresholds: highIsBad(1, 1),
        queries: [
          { expr: `count(${of('norikae_source_fresh')}) - sum(${of('norikae_source_fresh')})` },
        ],
      }),
    )
    .withPanel(
      number({
        title: 'Lease left',
        description: 'Remaining share of the lease, minimum of all backends.',
        unit: 'percentunit',
        thresholds: lowIsBad(0.25, 0.5),
        queries: [
          { expr: `min(${of('norikae_lease_left_seconds')} / ${of('norikae_lease_seconds')})` },
        ],
      }),
    )
    .withPanel(
      number({
        title: 'Held',
        description: '1 during a hold (norikae onload-all).',
        unit: 'none',
        thresholds: highIsBad(1, 2),
        queries: [{ expr: of('norikae_held') }],
      }),
    )
    .withRow(new RowBuilder('Loop'))
    .withPanel(
      lines({
        title: 'Time by stage',
        description:
          'Seconds per second of each stage. Their sum is the share of time that the loop is busy.',
        unit: 'percentunit',
        stacked: true,
        queries: [
          {
            expr: sumBy('stage', rate('norikae_loop_stage_duration_seconds_sum')),
            legend: '{{stage}}',
          },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Longest ticks by stage',
        description: '99th percentile, by stage.',
        unit: 's',
        queries: [
          {
            expr: quantile(0.99, 'norikae_loop_stage_duration_seconds', 'stage'),
            legend: '{{stage}}',
          },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Period',
        description: 'Time between ticks: target and actual.',
        unit: 's',
        queries: [
          { expr: of('norikae_loop_period_seconds'), legend: 'target' },
          { expr: `1 / sum(${rate('norikae_ticks_total')})`, legend: 'actual' },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Ticks',
        description: 'Ticks per second; nothing is moved in those that are not fresh.',
        unit: 'ops',
        stacked: true,
        queries: [{ expr: rate('norikae_ticks_total'), legend: 'fresh: {{fresh}}' }],
      }),
    )
    .withRow(new RowBuilder('Sources'))
    .withPanel(
      lines({
        title: 'Fresh',
        description: '1 while the source is fresh, 0 while it is stale.',
        unit: 'none',
        max: 1,
        queries: [{ expr: of('norikae_source_fresh'), legend: '{{source}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Cost',
        description: 'Time that a reading takes from the source. The period grows with it.',
        unit: 's',
        queries: [{ expr: of('norikae_source_cost_seconds'), legend: '{{source}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Age',
        description: 'Age of the last successful reading.',
        unit: 's',
        queries: [{ expr: of('norikae_source_age_seconds'), legend: '{{source}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Failures',
        description:
          'Readings per second that failed or timed out, and those before which too many flows changed to follow them.',
        unit: 'ops',
        queries: [
          { expr: rate('norikae_source_failures_total'), legend: '{{source}}' },
          { expr: rate('norikae_source_pauses_total'), legend: '{{source}}, not followed' },
        ],
      }),
    )
    .withRow(new RowBuilder('Backends'))
    .withPanel(
      lines({
        title: 'Time for the operations of one plan',
        description: 'Median and 99th percentile.',
        unit: 's',
        queries: [
          {
            expr: quantile(0.5, 'norikae_apply_duration_seconds', 'backend'),
            legend: '{{backend}} median',
          },
          {
            expr: quantile(0.99, 'norikae_apply_duration_seconds', 'backend'),
            legend: '{{backend}} 99th percentile',
          },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Failures',
        description: 'Ticks per second in which the backend failed as a whole.',
        unit: 'ops',
        queries: [{ expr: rate('norikae_backend_failures_total'), legend: '{{backend}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Lease left',
        description:
          'Seconds until the backend sends all traffic to the vSwitch. The upper line is the full lease.',
        unit: 's',
        queries: [
          { expr: of('norikae_lease_left_seconds'), legend: '{{backend}} left' },
          { expr: of('norikae_lease_seconds'), legend: '{{backend}} full' },
        ],
      }),
    )
    .withPanel(
      lines({
        title: 'Renewals',
        description:
          'Renewals per second. Withheld: the entries are not known to be correct. Failed: the backend did not accept the renewal.',
        unit: 'ops',
        queries: [{ expr: rate('norikae_lease_renewals_total'), legend: '{{backend}} {{result}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Withheld renewals',
        description:
          'Withheld renewals per second, by cause (docs/operations.md, NorikaeLeaseLapsing).',
        unit: 'ops',
        queries: [{ expr: rate('norikae_lease_withheld_total'), legend: '{{backend}} {{cause}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Age of the verification',
        description:
          'Time since the vSwitch was asked for the flows that all entries were last compared with. The lease ends when it reaches norikae_lease_seconds.',
        unit: 's',
        queries: [{ expr: of('norikae_verification_age_seconds'), legend: '{{backend}}' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Entry checks',
        description:
          'Checks of all entries between two readings per second, by result; only where readings are too rare for the lease.',
        unit: 'ops',
        queries: [{ expr: rate('norikae_entry_checks_total'), legend: '{{result}}' }],
      }),
    )
    .withRow(new RowBuilder('Process'))
    .withPanel(
      lines({
        title: 'CPU',
        description: 'CPUs that the daemon uses.',
        unit: 'none',
        width: 8,
        queries: [{ expr: rate('process_cpu_seconds_total'), legend: 'CPUs' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Memory',
        description: 'Resident memory. It grows with the number of flows, not with time.',
        unit: 'bytes',
        width: 8,
        queries: [{ expr: of('process_resident_memory_bytes'), legend: 'resident' }],
      }),
    )
    .withPanel(
      lines({
        title: 'Event loop delay',
        description: 'Longest delay of a timer between two scrapes. Timers renew leases.',
        unit: 's',
        width: 8,
        queries: [{ expr: of('norikae_event_loop_delay_seconds'), legend: 'longest' }],
      }),
    )
    .withPanel(
      lines({
        title: 'File descriptors',
        description:
          'Open descriptors and their limit. HTTP clients use at most a third of the limit.',
        unit: 'none',
        width: 8,
        queries: [
          { expr: of('process_open_fds'), legend: 'open' },
          { expr: of('process_max_fds'), legend: 'limit' },
        ],
      }),
    )
    .withPanel(
      table({
        title: 'Version',
        description: 'Of the daemon and of Node.',
        unit: 'short',
        width: 16,
        queries: [{ expr: of('norikae_build_info') }],
      }),
    );
}
