import { conditionValue } from '../text/format.js';
import { factWords, operatorWords } from '../text/words.js';
import { html } from '../vendor/preact.js';
import { sign } from './signs.js';

/**
 * @import { ConditionTrace } from '../../engine/ports/rule-evaluator.ts'
 * @import { RuleView } from '../../api/flow-views.ts'
 */

/** @type {Readonly<Record<'all' | 'any' | 'not', string>>} */
const GROUPS = { all: 'all of these', any: 'any of these', not: 'not this' };

/**
 * A rule's verdict on a flow, and under it each condition with the value it saw.
 *
 * @param {{ readonly rule: RuleView, readonly speaks: boolean }} props `speaks`: it is the one that
 *   decided
 */
export function RuleVerdict({ rule, speaks }) {
  const { name, requested, verdict, shadow, condition } = rule;
  return html`
    <article class=${`rule ${verdict ? 'holds' : 'fails'}`} aria-label=${`Rule ${name}`}>
      <h4>
        ${sign(verdict ? 'good' : 'no')}
        <span>
          <strong>${name}</strong> ${verdict ? 'holds' : 'does not hold'}${verdict ? ': asks' : '; it would ask'} for
          ${' '}<em>${requested}</em>
        </span>
        ${speaks && html`<span class="tag strong">this rule decided</span>`}
        ${shadow && html`<span class="tag">shadow: moves nothing</span>`}
      </h4>
      <ul class="conditions">
        ${line(condition, 0)}
      </ul>
    </article>
  `;
}

/**
 * @param {ConditionTrace} trace
 * @param {number} key
 * @returns {import('../vendor/preact.js').VNode}
 */
function line(trace, key) {
  const mark = html`${sign(trace.verdict ? 'good' : 'no')}<span class="unseen"
      >${trace.verdict ? 'yes:' : 'no:'}</span
    >`;
  const tone = trace.verdict ? 'yes' : 'no';
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
  const { fact, operator, expected, actual } = trace;
  return html`
    <li key=${key} class=${tone}>
      <span class="condition">
        ${mark}
        <span>
          ${factWords(fact)} ${operatorWords(operator)} <b>${listed(fact, expected)}</b>
          <span class="saw">saw ${listed(fact, actual)}</span>
        </span>
      </span>
    </li>
  `;
}

/**
 * @param {string} fact
 * @param {unknown} value
 */
function listed(fact, value) {
  const text = fact === 'ethType' ? hexadecimal : conditionValue;
  return Array.isArray(value) ? value.map(text).join(', ') : text(value);
}

/**
 * Nobody knows an ethertype by its decimal number.
 *
 * @param {unknown} value
 */
function hexadecimal(value) {
  return typeof value === 'number'
    ? `0x${value.toString(16).padStart(4, '0')}`
    : conditionValue(value);
}
