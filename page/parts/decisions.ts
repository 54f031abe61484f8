import type { DecisionRecord } from '../../api/decision-record.ts';
import { ledBy } from '../../api/decision-words.ts';
import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { counted, factValue, timeOfDay, whole } from '../../text/format.ts';
import { factWords, type PathTone, placeWords, TONES } from '../text/words.ts';
import { html, useEffect, useRef, useState, type VNode } from '../vendor/preact.js';
import { flowLine } from './flow-columns.ts';

/** Decisions shown. */
const SHOWN = 60;
/** Period of announcements for screen readers, ms; bounds how much they read out. */
const SPOKEN_MS = 15_000;

interface DecisionsProps {
  readonly decisions: readonly DecisionRecord[];
  readonly unsent: number;
  readonly ask: (flow: string) => void;
}

/** The latest decisions, latest first. */
export function Decisions({ decisions, unsent, ask }: DecisionsProps): VNode {
  const [held, setHeld] = useState<readonly DecisionRecord[] | undefined>(undefined);
  const shown = (held ?? decisions).slice(0, SHOWN);
  const missed = held === undefined ? 0 : newerThan(held[0], decisions);
  return html`
    <section class="card decisions" aria-labelledby="decisions-title">
      <div class="card-head">
        <h2 id="decisions-title">Decisions</h2>
        <button
          type="button"
          aria-pressed=${held !== undefined}
          onClick=${() => setHeld(held === undefined ? decisions : undefined)}
        >
          ${held === undefined ? 'Pause' : `Go on${missed > 0 ? ` (${missed} new)` : ''}`}
        </button>
      </div>
      ${unsent > 0 && html`<p class="unsent">and ${whole(unsent)} more, too many to send</p>`}
      <p class="unseen" role="status" aria-live="polite">${useSpoken(decisions)}</p>
      ${
        shown.length === 0
          ? html`<p class="empty">No flow has been moved yet.</p>`
          : html`<ol class="stream" tabindex="0" aria-label="Latest decisions, newest first">
              ${shown.map((decision) => item(decision, ask))}
            </ol>`
      }
    </section>
  `;
}

function item(decision: DecisionRecord, ask: (flow: string) => void): VNode {
  const { id, time, flow, match, from, to, mode, outcome } = decision;
  const shadow = mode === 'shadow';
  return html`
    <li key=${id} class=${shadow ? 'decision shadow' : 'decision'}>
      <p class="move">
        <time datetime=${time}>${timeOfDay(Date.parse(time))}</time>
        <span class="from">${placeWords(from)}</span>
        <span class="arrow" aria-hidden="true">→</span><span class="unseen">to</span>
        <span class=${`to ${toneOf(to)}`}>${placeWords(to)}</span>
        ${shadow && html`<span class="tag">shadow, not applied</span>`}
        <button type="button" class="link" onClick=${() => ask(flow)} aria-label=${`Why flow ${flow}`}>
          ${flow.slice(0, 8)}
        </button>
      </p>
      <p class="what">${flowLine(match)}</p>
      <p class="cause">
        ${ledBy(decision)}${seen(decision)}${
          outcome !== null && outcome !== 'installed' && outcome !== 'deleted'
            ? html` · <strong>${outcome}</strong>`
            : ''
        }
      </p>
    </li>
  `;
}

function seen({ inputs }: DecisionRecord): string {
  const facts = Object.entries(inputs ?? {}).filter(([, value]) => typeof value === 'number');
  const [first] = facts;
  if (first === undefined) return '';
  return `: ${factWords(first[0])} ${factValue(first[1])}`;
}

function toneOf(to: string): PathTone | 'gone' {
  const placement = PLACEMENT_NAMES.find((p) => p === to);
  return placement === undefined ? 'gone' : TONES[placement];
}

/** Number of `decisions` after `last`. */
function newerThan(last: DecisionRecord | undefined, decisions: readonly DecisionRecord[]): number {
  if (last === undefined) return decisions.length;
  const at = decisions.findIndex((d) => d.id === last.id);
  return at < 0 ? decisions.length : at;
}

/** Summarizes the decisions of the last seconds in one sentence for screen readers. */
function useSpoken(decisions: readonly DecisionRecord[]): string {
  const [text, setText] = useState('');
  const now = useRef(decisions);
  const spokenOf = useRef(decisions[0]);
  now.current = decisions;
  useEffect(() => {
    const timer = setInterval(() => {
      const fresh = now.current.slice(0, newerThan(spokenOf.current, now.current));
      spokenOf.current = now.current[0];
      setText(fresh.length === 0 ? '' : spoken(fresh));
    }, SPOKEN_MS);
    return () => clearInterval(timer);
  }, []);
  return text;
}

function spoken(decisions: readonly DecisionRecord[]): string {
  const byPlace = new Map<string, number>();
  for (const { to } of decisions) byPlace.set(to, (byPlace.get(to) ?? 0) + 1);
  const parts = [...byPlace].map(([to, n]) => `${n} to ${placeWords(to)}`);
  return `${counted(decisions.length, 'decision')}: ${parts.join(', ')}`;
}
