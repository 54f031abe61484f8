import type { DecisionEvent } from '../../telemetry/influx/recorder.ts';
import type { DecisionRecord } from '../../api/decision-record.ts';
import { whyDecided } from '../../views/decision-line.ts';

/** A decision as an InfluxDB event: tags to group by, and fields. */
export function decisionEvent(record: DecisionRecord): DecisionEvent {
  const { time, mode, from, to, cause, reason, backend, id, flow, match, rule, revision } = record;
  const would = mode === 'shadow' ? ' (shadow, not applied)' : '';
  const words = [mode, from, to, cause, reason, rule].filter((word) => word !== null);
  return {
    wallMs: Date.parse(time),
    tags: {
      mode,
      from,
      to,
      cause: cause ?? undefined,
      reason: reason ?? undefined,
      backend: backend ?? undefined,
    },
    fields: {
      title: `${flow.slice(0, 8)} ${from} -> ${to}${would}`,
      text: `${match}: ${whyDecided(record)}`,
      tags: words.join(','),
      id,
      flow,
      match,
      rule: rule ?? undefined,
      revision: revision ?? undefined,
      score: record.score,
      tick: record.tick,
      outcome: record.outcome ?? undefined,
    },
  };
}
