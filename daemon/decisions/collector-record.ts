import type { DecisionRecord } from '../../api/decision-record.ts';

/** Labels of all decisions of a daemon. */
export type CollectorLabels = Readonly<Record<string, string>>;

/**
 * A decision in the form of Open Policy Agent's decision log, so that its collectors can read it: `decision_id`,
 * `timestamp`, `labels`, the policies in `bundles`, what was known as `input` and what was decided as
 * `result`.
 */
export function collectorRecord(record: DecisionRecord, labels: CollectorLabels): string {
  const { id, time, policy, revision, flow, match, from, inputs, tick, ...result } = record;
  return JSON.stringify({
    labels,
    decision_id: id,
    timestamp: time,
    path: 'norikae/placement',
    ...(policy === null ? {} : { bundles: { [policy]: { revision } } }),
    input: { flow, match, from, facts: inputs, tick },
    result,
  });
}
