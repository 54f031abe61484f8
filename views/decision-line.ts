import type { DecisionRecord } from '../api/decision-record.ts';
import { causeAndReason } from '../api/decision-words.ts';
import type { Colours } from '../platform/terminal.ts';
import { factValue } from '../text/format.ts';

/** A decision as one line of text. */
export function decisionLine(decision: DecisionRecord, colours: Colours): string {
  const { time, flow, from, to, mode } = decision;
  const would = mode === 'shadow' ? colours.yellow(' (shadow, not applied)') : '';
  return `${colours.dim(time)} ${flow.slice(0, 8)} ${from} -> ${colours.bold(to)}${would}: ${whyDecided(decision)}`;
}

/** The causes of a decision, and the backend's answer. */
export function whyDecided(decision: DecisionRecord): string {
  const { rule, revision, requested, inputs, backend, outcome } = decision;
  const done = outcome === null ? '' : `; ${backend}: ${outcome}`;
  const led = causeAndReason(decision);
  if (rule === null) return `${led.join(', ') || 'no rule'}${done}`;
  const facts = Object.entries(inputs ?? {}).map(([fact, value]) => `${fact}=${factValue(value)}`);
  const because = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
  return `${rule}@${revision ?? '?'} requests ${requested}${[because, ...led].join(', ')}${done}`;
}
