import { duration } from '../text/format.js';
import { stateOf } from '../text/words.js';
import { html, useEffect, useState } from '../vendor/preact.js';
import { sign } from './signs.js';

/**
 * @import { StatusView } from '../../api/status-view.ts'
 * @import { Link } from '../data/store.js'
 */

/**
 * What needs a look, above everything else; nothing when all is well.
 *
 * @param {{
 *   readonly status: StatusView | undefined,
 *   readonly link: Link,
 *   readonly heardAtMs: number,
 *   readonly retryNow: () => void,
 * }} props
 */
export function Banner({ status, link, heardAtMs, retryNow }) {
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
              ${heardAtMs > 0 && ' What you see is old.'} The page goes on trying.
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
          ${heardAtMs > 0 && html`Last heard of ${duration(nowMs - heardAtMs)} ago. `}
          ${nextTry(link.retryAtMs - nowMs)} <button type="button" onClick=${retryNow}>Try now</button>
        </p>`
      }
    </div>
  `;
}

/** @param {number} leftMs */
function nextTry(leftMs) {
  return leftMs < 500 ? 'Trying … ' : `Next try in ${Math.ceil(leftMs / 1000)} s. `;
}

/**
 * The time, each second while `runs`.
 *
 * @param {boolean} runs
 */
function useClock(runs) {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    if (!runs) return undefined;
    setNowMs(Date.now());
    const timer = setInterval(() => setNowMs(Date.now()), 500);
    return () => clearInterval(timer);
  }, [runs]);
  return nowMs;
}

/**
 * @param {StatusView} status
 * @returns {readonly { readonly tone: 'warn' | 'bad', readonly text: string }[]}
 */
function warnings(status) {
  const { tone, word, detail } = stateOf(status);
  /** @type {{ tone: 'warn' | 'bad', text: string }[]} */
  const lines = [];
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
      text: `The last reload of the policies failed, older ones are in force: ${status.policies.problems[0]}`,
    });
  }
  return lines;
}

/** @param {string} text */
function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
