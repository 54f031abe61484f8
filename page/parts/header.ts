import type { StatusView } from '../../api/status-view.ts';
import { duration } from '../../text/format.ts';
import type { Link } from '../data/store.ts';
import { stateOf } from '../text/words.ts';
import { html, type VNode } from '../vendor/preact.js';
import { sign } from './signs.ts';

interface HeaderProps {
  readonly status: StatusView | undefined;
  readonly link: Link;
}

/** Name, node and state of the daemon. */
export function Header({ status, link }: HeaderProps): VNode {
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

function linkState(link: Link): VNode {
  if (link.kind === 'live') {
    return html`<span class="pill good"><span class="beat" aria-hidden="true"></span>Live</span>`;
  }
  if (link.kind === 'connecting') return html`<span class="pill">Connecting</span>`;
  return html`<span class="pill bad">${sign('bad')}Connection lost</span>`;
}

function nodeState(status: StatusView, link: Link): VNode | null {
  if (link.kind === 'lost') return null;
  const { tone, word, detail } = stateOf(status);
  return html`<span class=${`pill ${tone}`} title=${detail}>${sign(tone)}${word}</span>`;
}

/** The logo: two lines and the station between them. */
function logo(): VNode {
  return html`
    <svg class="logo" viewBox="0 0 34 24" aria-hidden="true">
      <path class="local" d="M1 18 H33" />
      <path class="express" d="M1 18 H10 C17 18 15 6 22 6 H33" />
      <circle cx="9" cy="18" r="4" />
    </svg>
  `;
}
