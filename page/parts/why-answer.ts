import type { DecisionRecord } from '../../api/decision-record.ts';
import { ledBy } from '../../api/decision-words.ts';
import type { FlowView, LimitsView, WhyView } from '../../api/flow-views.ts';
import type { ShareView, ThroughputView } from '../../api/status-view.ts';
import { entriesInUse } from '../../api/status-words.ts';
import {
  bitRate,
  byteCount,
  duration,
  packetRate,
  percent,
  plainNumber,
  plainPacketRate,
  timeOfDay,
  whole,
} from '../../text/format.ts';
import { placeWords } from '../text/words.ts';
import { type Child, h, html, type VNode } from '../vendor/preact.js';
import { pathTag } from './flow-columns.ts';
import { RuleVerdict } from './rule-verdict.ts';

interface WhyAnswerProps {
  readonly why: WhyView & { readonly sentence?: string };
}

/**
 * The explanation: the sentence, the flow, each rule's conditions with the values they read, the
 * limits, and earlier decisions.
 */
export function WhyAnswer({ why }: WhyAnswerProps): VNode {
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
      <h3>Rules, by priority</h3>
      ${rules.length === 0 && html`<p class="empty">No rule is in force.</p>`}
      ${rules.map((rule) => h(RuleVerdict, { key: rule.name, rule, decides: rule.name === flow.rule }))}
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
      <h3>Latest decisions</h3>
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

/** A match that can break after each of its parts. */
function breakable(match: string): Child {
  return match.split(',').map((part, i) => (i === 0 ? part : [',', html`<wbr />`, part]));
}

function facts(flow: FlowView): Child {
  const carried = flow.bytes === 0 ? '-' : percent(flow.carriedBytes / flow.bytes);
  return [
    fact('Traffic', bitRate(flow.bitsPerSecond)),
    fact('Packets', packetRate(flow.packetsPerSecond)),
    fact('Since first seen', byteCount(flow.bytes)),
    fact('of it off the vSwitch', carried),
    fact('Age', duration(flow.ageMs)),
    fact('Idle', duration(flow.idleMs)),
    fact('Placed for', flow.placedMs === null ? 'never moved' : duration(flow.placedMs)),
    fact('Slice', flow.slice ?? '-'),
    fact('VM', flow.vm ?? '-'),
    fact('In', flow.inPort),
    fact('Out', flow.outPorts.join(', ') || 'nowhere'),
    fact('Score', flow.requested === 'none' ? 'none requested' : plainNumber(flow.score)),
  ];
}

function limitFacts(limits: LimitsView): Child {
  const { cutoffScore, operationsLeft, holdLeftMs, retryInMs } = limits;
  return [
    fact('Worth', plainPacketRate(limits.worth)),
    fact(
      'Entries in use',
      entriesInUse({ ...limits, used: limits.tableUsed, entries: limits.tableEntries }),
    ),
    ...(limits.share === null ? [] : [shareFact(limits.share)]),
    ...limits.throughput.map(throughputFact),
    fact(
      limits.divided ? 'Highest score without an entry' : 'Score to beat',
      cutoffScore === null ? 'none, entries are free' : plainNumber(cutoffScore),
    ),
    ...(limits.threshold === null ? [] : [fact('Threshold', plainPacketRate(limits.threshold))]),
    ...(limits.swapGain === null ? [] : [fact('Swap gain', plainPacketRate(limits.swapGain))]),
    fact('Operations left', operationsLeft === null ? 'no backend' : plainNumber(operationsLeft)),
    fact('May be moved again', holdLeftMs < 1 ? 'now' : `in ${duration(holdLeftMs)}`),
    ...(retryInMs < 1 ? [] : [fact('Retry', `in ${duration(retryInMs)}`)]),
  ];
}

function shareFact({ slice, used, share, guaranteed }: ShareView): VNode {
  const name = slice === null ? 'Share of no declared slice' : `Share of slice ${slice}`;
  return fact(name, `${whole(used)} of ${whole(share)} used, ${whole(guaranteed)} guaranteed`);
}

function throughputFact({
  name,
  bitsPerSecond,
  packetsPerSecond,
  ...expected
}: ThroughputView): VNode {
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

function fact(name: string, value: Child): VNode {
  return html`<div key=${name}>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

function past(decision: DecisionRecord): VNode {
  const { id, time, from, to, outcome, mode } = decision;
  return html`
    <li key=${id}>
      <time datetime=${time}>${timeOfDay(Date.parse(time))}</time>
      ${' '}${placeWords(from)} → <strong>${placeWords(to)}</strong>
      ${mode === 'shadow' && html` <span class="tag">shadow, not applied</span>`}
      <span class="quiet">
        ${' '}${ledBy(decision)}${outcome !== null && `, ${outcome}`}
      </span>
    </li>
  `;
}
