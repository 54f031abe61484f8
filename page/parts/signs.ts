import { html, type VNode } from '../vendor/preact.js';

const SHAPES = {
  good: 'M3 8.5 6.5 12 13 4.5',
  warn: 'M8 2.5V9.5M8 12.2V13.4',
  bad: 'M4 4 12 12M12 4 4 12',
  no: 'M4 8H12',
} as const;

/** A small icon beside a text, so that a state does not depend on colour alone. */
export function sign(which: keyof typeof SHAPES): VNode {
  return html`<svg class="sign" viewBox="0 0 16 16" aria-hidden="true"><path d=${SHAPES[which]} /></svg>`;
}
