import { duration } from '../text/format.js';
import { stateOf } from '../text/words.js';
import { html } from '../vendor/preact.js';
import { sign } from './signs.js';

/**
 * @import { StatusView } from '../../api/status-view.ts'
 * @import { Link } from '../data/store.js'
 */

/**
 * Who this is, and how it is.
 *
 * @param {{ readonly status: StatusView | undefined, readonly link: Link }} props
 */
export function Header({ status, link }) {
  return html`
    <header class="top">
      <div class="top-in">
        <h1 class="brand">
          ${logo()}<span>Norikae</span>
        </h1>
        <p class="node-name">
          ${
            status !== undefined &&
            html`${status.node}<span class="quiet"> · up ${duration(status.uptimeMs)}</span>`
          }
        </p>
        <p class="states">${linkState(link)} ${status !== undefined && nodeState(status, link)}</p>
      </div>
    </header>
  `;
}

/** @param {Link} link */
function linkState(link) {
  if (link.kind === 'live') {
    return html`<span class="pill good"><span class="beat" aria-hidden="true"></span>Live</span>`;
  }
  if (link.kind === 'connecting') return html`<span class="pill">Connecting</span>`;
  return html`<span class="pill bad">${sign('bad')}Connection lost</span>`;
}

/**
 * @param {StatusView} status
 * @param {Link} link
 */
function nodeState(status, link) {
  if (link.kind === 'lost') return null;
  const { tone, word, detail } = stateOf(status);
  return html`<span class=${`pill ${tone}`} title=${detail}>${sign(tone)}${word}</span>`;
}

/** Two lines and the station where one changes. */
function logo() {
  return html`
    <svg class="logo" viewBox="0 0 34 24" aria-hidden="true">
      <path class="local" d="M1 18 H33" />
      <path class="express" d="M1 18 H10 C17 18 15 6 22 6 H33" />
      <circle cx="9" cy="18" r="4" />
    </svg>
  `;
}
