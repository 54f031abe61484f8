import type { TickAccounts, TimeHistogram } from '../accounts/tick-accounts.ts';
import { familyOf, series, SeriesList } from './series.ts';
import { labelText, type MetricFamily } from './text-format.ts';

/** Prometheus metrics of decisions: moves, causes, reasons, rules, refusals, reaction times. */
export function decisionFamilies(a: TickAccounts): readonly MetricFamily[] {
  const moves = new SeriesList(
    () => a.moves,
    (move) => [series({ from: move.from, to: move.to }, move)],
  );
  const rules = new SeriesList(
    () => a.rules,
    (rule) => [series({ rule: rule.rule, placement: rule.to }, rule)],
  );
  const causes = new SeriesList(
    () => a.causes,
    (cause) => [series({ cause: cause.cause }, cause)],
  );
  const reasons = new SeriesList(
    () => a.reasons,
    (reason) => [series({ reason: reason.reason }, reason)],
  );
  const refusals = new SeriesList(
    () => a.refusals,
    (refusal) => [series({ backend: refusal.backend, code: refusal.code }, refusal)],
  );
  const operations = new SeriesList(
    () => a.operations,
    (o) => [series({ backend: o.backend, kind: o.kind, outcome: o.outcome }, o)],
  );
  return [
    familyOf(
      {
        name: 'norikae_moves_total',
        type: 'counter',
        help: 'Changes of a flow from the vSwitch to a backend or back, whatever led to them; to=gone when a placed flow left the vSwitch.',
      },
      moves,
      (m) => m.count,
    ),
    familyOf(
      {
        name: 'norikae_moves_by_cause_total',
        type: 'counter',
        help: 'Changes of placement by what brought them about: policy, displacement, capacity, actions-changed, gone, port, panic or audit.',
      },
      causes,
      (c) => c.count,
    ),
    familyOf(
      {
        name: 'norikae_moves_by_rule_total',
        type: 'counter',
        help: 'Changes of placement that a rule asked for, by rule and where it sends flows. Rules of shadow policies move nothing and are left out.',
      },
      rules,
      (r) => r.moves,
    ),
    familyOf(
      {
        name: 'norikae_moves_by_reason_total',
        type: 'counter',
        help: 'Changes of placement by the reason the flow was given; norikae why explains each reason.',
      },
      reasons,
      (r) => r.moves,
    ),
    familyOf(
      {
        name: 'norikae_flows_by_rule',
        type: 'gauge',
        help: 'Datapath flows that a rule speaks for, whether or not they are where it wants them.',
      },
      rules,
      (r) => r.flows,
    ),
    familyOf(
      {
        name: 'norikae_flows_by_reason',
        type: 'gauge',
        help: 'Datapath flows by the reason why they are where they are.',
      },
      reasons,
      (r) => r.flows,
    ),
    familyOf(
      {
        name: 'norikae_flows_waiting',
        type: 'gauge',
        help: 'Datapath flows that a rule asks an entry for and that have none, by what they wait for: room in the table (table-full), their slice (slice-share, slice-maximum), a port or the fast path (port-bandwidth, fast-path-capacity), more traffic (below-threshold, small-gain), operations (budget).',
      },
      reasons,
      (r) => r.waiting,
    ),
    familyOf(
      {
        name: 'norikae_refusals_total',
        type: 'counter',
        help: 'Operations that a backend refused, by cause.',
      },
      refusals,
      (r) => r.count,
    ),
    familyOf(
      {
        name: 'norikae_refusals_by_rule_total',
        type: 'counter',
        help: 'Entries that a rule asked for and a backend refused.',
      },
      rules,
      (r) => r.refusals,
    ),
    familyOf(
      {
        name: 'norikae_operations_total',
        type: 'counter',
        help: 'Operations sent to a backend; outcome is what became of them, or the cause of a refusal.',
      },
      operations,
      (o) => o.count,
    ),
    histogramFamily(
      'norikae_reaction_seconds',
      'Time from when a flow was first seen to its first entry in place: how soon the rules, the plan and the backend let it leave the vSwitch.',
      a.reactions,
    ),
  ];
}

function histogramFamily(name: string, help: string, times: TimeHistogram): MetricFamily {
  const bounds = [...times.boundsSeconds.map(String), '+Inf'].map((le) => labelText({ le }));
  return {
    name,
    help,
    type: 'histogram',
    write: (lines) => {
      bounds.forEach((labels, i) => lines.sample(`${name}_bucket`, labels, times.counts[i]));
      lines.sample(`${name}_sum`, '', times.sumSeconds);
      lines.sample(`${name}_count`, '', times.count);
    },
  };
}
