import type { RuleView } from '../../api/flow-views.ts';
import { knownText } from '../../api/known-text.ts';
import { factValue } from '../../text/format.ts';
import { factWords, operatorWords } from '../text/words.ts';
import { html, type VNode } from '../vendor/preact.js';
import { sign } from './signs.ts';

const GROUPS: Readonly<Record<'all' | 'any' | 'not', string>> = {
  all: 'all of these',
  any: 'any of these',
  not: 'not this',
};

/** Marks of a condition that holds for all packets of the flow, may hold for some, or for none. */
const MARKS = {
  all: { tone: 'yes', shape: 'good' },
  some: { tone: 'may', shape: 'warn' },
  none: { tone: 'no', shape: 'no' },
} as const;

interface RuleVerdictProps {
  readonly rule: RuleView;
  /** Whether this rule decided. */
  readonly decides: boolean;
}

/** A rule's verdict on a flow, and its conditions with the values they read. */
export function RuleVerdict({ rule, decides }: RuleVerdictProps): VNode {
  const { name, requested, verdict, shadow, condition } = rule;
  return html`
    <article class=${`rule ${verdict ? 'holds' : 'fails'}`} aria-label=${`Rule ${name}`}>
      <h4>
        ${sign(verdict ? 'good' : 'no')}
        <span>
          <strong>${name}</strong> ${verdict ? 'holds and requests' : 'does not hold; it would request'}
          ${' '}<em>${requested}</em>
        </span>
        ${decides && html`<span class="tag strong">this rule decided</span>`}
        ${shadow && html`<span class="tag">shadow: moves nothing</span>`}
      </h4>
      <ul class="conditions">
        ${line(condition, 0)}
      </ul>
    </article>
  `;
}

function line(trace: RuleView['condition'], key: number): VNode {
  const { tone, shape } = MARKS[trace.extent];
  const mark = html`${sign(shape)}<span class="unseen">${tone}:</span>`;
  if (trace.kind !== 'compare') {
    return html`
      <li key=${key} class=${tone}>
        <span class="condition">${mark} ${GROUPS[trace.kind]}</span>
        <ul>
          ${trace.of.map(line)}
        </ul>
      </li>
    `;
  }
  const { fact, operator, expected } = trace;
  return html`
    <li key=${key} class=${tone}>
      <span class="condition">
        ${mark}
        <span>
          ${factWords(fact)} ${operatorWords(operator)} <b>${listed(fact, expected)}</b>
          <span class="known">${knownText(trace, (value) => listed(fact, value))}</span>
        </span>
      </span>
    </li>
  `;
}

function listed(fact: string, value: unknown): string {
  const text = fact === 'ethType' ? hexadecimal : factValue;
  return Array.isArray(value) ? value.map(text).join(', ') : text(value);
}

/** Shows ethertypes in hexadecimal, as usual. */
function hexadecimal(value: unknown): string {
  return typeof value === 'number' ? `0x${value.toString(16).padStart(4, '0')}` : factValue(value);
}
