import type { StatusView } from '../../api/status-view.ts';
import { olderPolicies } from '../../api/status-words.ts';
import { duration } from '../../text/format.ts';
import type { Link } from '../data/store.ts';
import { stateOf } from '../text/words.ts';
import { html, useEffect, useState, type VNode } from '../vendor/preact.js';
import { sign } from './signs.ts';

interface BannerProps {
  readonly status: StatusView | undefined;
  readonly link: Link;
  readonly heardAtMs: number;
  readonly retryNow: () => void;
}

/** Warnings at the top of the page; empty without warnings. */
export function Banner({ status, link, heardAtMs, retryNow }: BannerProps): VNode {
  const nowMs = useClock(link.kind === 'lost');
  const lines = status === undefined || link.kind === 'lost' ? [] : warnings(status);
  return html`
    <div class="banners">
      <div role="alert">
        ${
          link.kind === 'lost' &&
          html`<div class="banner bad">
            ${sign('bad')}
            <p>
              <strong>Connection lost.</strong> ${sentence(link.cause)}.
              ${heardAtMs > 0 && ' The page shows old data.'} The page keeps trying.
            </p>
          </div>`
        }
        ${lines.map(
          ({ tone, text }) =>
            html`<div key=${text} class=${`banner ${tone}`}>${sign(tone)}
              <p>${text}</p>
            </div>`,
        )}
      </div>
      ${
        link.kind === 'lost' &&
        html`<p class="retry">
          ${heardAtMs > 0 && html`Last update ${duration(nowMs - heardAtMs)} ago. `}
          ${nextTry(link.retryAtMs - nowMs)} <button type="button" onClick=${retryNow}>Try now</button>
        </p>`
      }
    </div>
  `;
}

function nextTry(leftMs: number): string {
  return leftMs < 500 ? 'Trying … ' : `Next try in ${Math.ceil(leftMs / 1000)} s. `;
}

/** The current time, updated every second while `runs`. */
function useClock(runs: boolean): number {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    if (!runs) return undefined;
    setNowMs(Date.now());
    const timer = setInterval(() => setNowMs(Date.now()), 500);
    return () => clearInterval(timer);
  }, [runs]);
  return nowMs;
}

interface Warning {
  readonly tone: 'warn' | 'bad';
  readonly text: string;
}

function warnings(status: StatusView): readonly Warning[] {
  const { tone, word, detail } = stateOf(status);
  const lines: Warning[] = [];
  if (tone !== 'good') lines.push({ tone, text: `${word}: ${detail}.` });
  for (const source of status.sources) {
    if (!source.fresh && source.error !== null) {
      lines.push({ tone: 'bad', text: `${source.name}: ${source.error}` });
    }
  }
  for (const backend of status.backends) {
    if (backend.error !== null)
      lines.push({ tone: 'bad', text: `${backend.name}: ${backend.error}` });
  }
  if (status.policies.problems.length > 0) {
    lines.push({
      tone: 'warn',
      text: `The last reload of the policies failed, ${olderPolicies(status.policies.problems[0])}`,
    });
  }
  return lines;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
