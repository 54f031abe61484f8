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
  const samples = new SeriesList(
    () => a.samples,
    (s) => [series({ result: s.result }, s)],
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
        help: 'Changes of a flow from the vSwitch to a backend or back, for any cause; to=gone when a placed flow left the vSwitch.',
      },
      moves,
      (m) => m.count,
    ),
    familyOf(
      {
        name: 'norikae_moves_by_cause_total',
        type: 'counter',
        help: 'Changes of placement by cause: policy, displacement, capacity, actions-changed, gone, port, mismatch, carries-nothing, panic or audit.',
      },
      causes,
      (c) => c.count,
    ),
    familyOf(
      {
        name: 'norikae_moves_by_rule_total',
        type: 'counter',
        help: 'Changes of placement that a rule requested, by rule and requested placement. Rules of shadow policies are not counted.',
      },
      rules,
      (r) => r.moves,
    ),
    familyOf(
      {
        name: 'norikae_moves_by_reason_total',
        type: 'counter',
        help: 'Changes of placement by the reason of the flow; norikae why explains each reason.',
      },
      reasons,
      (r) => r.moves,
    ),
    familyOf(
      {
        name: 'norikae_flows_by_rule',
        type: 'gauge',
        help: 'Datapath flows by the rule that decides them, whether or not they have the requested placement.',
      },
      rules,
      (r) => r.flows,
    ),
    familyOf(
      {
        name: 'norikae_flows_by_reason',
        type: 'gauge',
        help: 'Datapath flows by the reason of their placement.',
      },
      reasons,
      (r) => r.flows,
    ),
    familyOf(
      {
        name: 'norikae_flows_waiting',
        type: 'gauge',
        help: 'Datapath flows with a requested entry but without one, by what they wait for: a free entry (table-full), their slice (slice-share, slice-maximum), a port or the fast path (port-bandwidth, fast-path-capacity), more traffic (below-threshold, small-gain), operations (budget).',
      },
      reasons,
      (r) => r.waiting,
    ),
    familyOf(
      {
        name: 'norikae_refusals_total',
        type: 'counter',
        help: 'Operations that a backend refused, by code.',
      },
      refusals,
      (r) => r.count,
    ),
    familyOf(
      {
        name: 'norikae_refusals_by_rule_total',
        type: 'counter',
        help: 'Entries that a rule requested and a backend refused.',
      },
      rules,
      (r) => r.refusals,
    ),
    familyOf(
      {
        name: 'norikae_operations_total',
        type: 'counter',
        help: 'Operations sent to a backend; outcome is their result, or the code of the refusal.',
      },
      operations,
      (o) => o.count,
    ),
    familyOf(
      {
        name: 'norikae_samples_total',
        type: 'counter',
        help: 'Installed entries that were compared with what the vSwitch would do with their flow, by result: same; suspected (it differs, and a second look follows); different (it still differs and was removed); not-comparable; failed (the vSwitch did not answer).',
      },
      samples,
      (s) => s.count,
    ),
    histogramFamily(
      'norikae_reaction_seconds',
      'Time from the first reading of a flow to its first installed entry.',
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
