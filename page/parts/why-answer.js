import { fitting } from '../text/entries.js';
import {
  bitRate,
  byteCount,
  conditionValue,
  duration,
  packetRate,
  percent,
  timeOfDay,
  whole,
} from '../text/format.js';
import { placeWords } from '../text/words.js';
import { h, html } from '../vendor/preact.js';
import { pathTag } from './flow-columns.js';
import { RuleVerdict } from './rule-verdict.js';

/**
 * @import { DecisionRecord } from '../../api/decision-record.ts'
 * @import { FlowView, LimitsView, WhyView } from '../../api/flow-views.ts'
 * @import { ShareView, ThroughputView } from '../../api/status-view.ts'
 * @import { Child } from '../vendor/preact.js'
 */

/**
 * The answer: the sentence, the flow, each rule's conditions with what they saw, the limits, and
 * what was decided before.
 *
 * @param {{ readonly why: WhyView & { readonly sentence?: string } }} props
 */
export function WhyAnswer({ why }) {
  const { flow, limits, refusal, rules, decisions } = why;
  return html`
    <p class="sentence">${pathTag(flow.placement)} ${why.sentence ?? flow.reason.text}</p>
    <section>
      <h3>The flow</h3>
      <p class="match">${breakable(flow.match)}</p>
      <p class="match"><span class="quiet">actions</span> ${flow.actions}</p>
      <dl class="facts">
        ${facts(flow)}
      </dl>
      <p class="quiet">id <code>${flow.id}</code></p>
    </section>
    <section>
      <h3>Rules, in the order they speak</h3>
      ${rules.length === 0 && html`<p class="empty">No rule is in force.</p>`}
      ${rules.map((rule) => h(RuleVerdict, { key: rule.name, rule, speaks: rule.name === flow.rule }))}
    </section>
    <section>
      <h3>Limits</h3>
      ${
        refusal !== null &&
        html`<p class="problem">The backend refused it: ${refusal.code}, ${refusal.detail}</p>`
      }
      <dl class="facts">
        ${limitFacts(limits)}
      </dl>
    </section>
    <section>
      <h3>Its last decisions</h3>
      ${
        decisions.length === 0
          ? html`<p class="empty">It was never moved.</p>`
          : html`<ol class="past">
              ${decisions.map(past)}
            </ol>`
      }
    </section>
  `;
}

/**
 * A match that may go on to the next line after any of its parts.
 *
 * @param {string} match
 */
function breakable(match) {
  return match.split(',').map((part, i) => (i === 0 ? part : [',', html`<wbr />`, part]));
}

/** @param {FlowView} flow */
function facts(flow) {
  const carried = flow.bytes === 0 ? '-' : percent(flow.carriedBytes / flow.bytes);
  return [
    fact('Traffic', bitRate(flow.bitsPerSecond)),
    fact('Packets', packetRate(flow.packetsPerSecond)),
    fact('Since first seen', byteCount(flow.bytes)),
    fact('of it off the vSwitch', carried),
    fact('Age', duration(flow.ageMs)),
    fact('Idle', duration(flow.idleMs)),
    fact('There for', flow.placedMs === null ? 'always' : duration(flow.placedMs)),
    fact('Slice', flow.slice ?? '-'),
    fact('VM', flow.vm ?? '-'),
    fact('In', flow.inPort),
    fact('Out', flow.outPorts.join(', ') || 'nowhere'),
    fact('Score', flow.requested === 'none' ? 'no rule asks' : conditionValue(flow.score)),
  ];
}

/** @param {LimitsView} limits */
function limitFacts(limits) {
  const { cutoffScore, operationsLeft, holdLeftMs, retryInMs } = limits;
  return [
    fact('Expected to bring', `${conditionValue(limits.worth)} packets/s`),
    fact(
      'Entries in use',
      `${whole(limits.tableUsed)} of ${fitting({ ...limits, entries: limits.tableEntries })}`,
    ),
    ...(limits.share === null ? [] : [shareFact(limits.share)]),
    ...limits.throughput.map(throughputFact),
    fact(
      limits.divided ? 'Best score left out' : 'Score to beat',
      cutoffScore === null ? 'none, there is room' : conditionValue(cutoffScore),
    ),
    ...(limits.threshold === null
      ? []
      : [fact('Worth an operation from', `${conditionValue(limits.threshold)} packets/s`)]),
    ...(limits.swapGain === null
      ? []
      : [fact('Worth a swap from a gain of', `${conditionValue(limits.swapGain)} packets/s`)]),
    fact(
      'Operations left',
      operationsLeft === null ? 'no backend' : conditionValue(operationsLeft),
    ),
    fact('May be moved again', holdLeftMs < 1 ? 'now' : `in ${duration(holdLeftMs)}`),
    ...(retryInMs < 1 ? [] : [fact('Tried again', `in ${duration(retryInMs)}`)]),
  ];
}

/** @param {ShareView} share */
function shareFact({ slice, used, share, guaranteed }) {
  const name = slice === null ? 'Of flows of no declared slice' : `Of slice ${slice}`;
  return fact(name, `${whole(used)} of ${whole(share)} due now, ${whole(guaranteed)} guaranteed`);
}

/** @param {ThroughputView} limit */
function throughputFact({ name, bitsPerSecond, packetsPerSecond, ...expected }) {
  const { expectedBitsPerSecond, expectedPacketsPerSecond } = expected;
  const parts = [
    ...(bitsPerSecond === null
      ? []
      : [`${bitRate(expectedBitsPerSecond)} of ${bitRate(bitsPerSecond)}`]),
    ...(packetsPerSecond === null
      ? []
      : [`${packetRate(expectedPacketsPerSecond)} of ${packetRate(packetsPerSecond)}`]),
  ];
  return fact(`Expected: ${name}`, parts.join(', '));
}

/**
 * @param {string} name
 * @param {Child} value
 */
function fact(name, value) {
  return html`<div key=${name}>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** @param {DecisionRecord} decision */
function past({ id, time, from, to, rule, reason, outcome, mode }) {
  return html`
    <li key=${id}>
      <time datetime=${time}>${timeOfDay(Date.parse(time))}</time>
      ${' '}${placeWords(from)} → <strong>${placeWords(to)}</strong>
      ${mode === 'shadow' && html` <span class="tag">shadow: would</span>`}
      <span class="quiet">
        ${' '}${rule === null ? (reason ?? 'no rule') : `rule ${rule}`}${outcome !== null && `, ${outcome}`}
      </span>
    </li>
  `;
}
