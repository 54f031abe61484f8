import type { DecisionRecord } from '../api/decision-record.ts';
import type { Colours } from '../platform/terminal.ts';
import { factValue } from '../text/format.ts';

/** One decision as a line for people. */
export function decisionLine(decision: DecisionRecord, colours: Colours): string {
  const { time, flow, from, to, mode } = decision;
  const would = mode === 'shadow' ? colours.yellow(' (shadow, not applied)') : '';
  return `${colours.dim(time)} ${flow.slice(0, 8)} ${from} -> ${colours.bold(to)}${would}: ${whyDecided(decision)}`;
}

/** What led to a decision, and what came of it. */
export function whyDecided({
  rule,
  revision,
  requested,
  cause,
  reason,
  inputs,
  backend,
  outcome,
}: DecisionRecord): string {
  const done = outcome === null ? '' : `; ${backend}: ${outcome}`;
  // That a rule asks for it says that policy is the cause.
  const causes = new Set([rule !== null && cause === 'policy' ? null : cause, reason]);
  const led = [...causes].filter((word) => word !== null);
  if (rule === null) return `${led.join(', ') || 'no rule'}${done}`;
  const seen = Object.entries(inputs ?? {}).map(([fact, value]) => `${fact}=${factValue(value)}`);
  const because = seen.length === 0 ? '' : ` (${seen.join(', ')})`;
  return `${rule}@${revision ?? '?'} requests ${requested}${[because, ...led].join(', ')}${done}`;
}
