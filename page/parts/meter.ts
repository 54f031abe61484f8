import { html, type VNode } from '../vendor/preact.js';

interface MeterProps {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  readonly tone: string;
  readonly text: string;
  /** Marks on the bar. */
  readonly marks?: readonly { readonly at: number; readonly kind: string }[];
}

/**
 * A bar from 0 to the maximum, for sighted users and screen readers; its numbers stand next to it.
 */
export function Meter({ label, value, max, tone, text, marks = [] }: MeterProps): VNode {
  return html`
    <span
      class=${`meter ${tone}`}
      role="meter"
      aria-label=${label}
      aria-valuemin="0"
      aria-valuemax=${max}
      aria-valuenow=${Math.min(max, Math.max(0, value))}
      aria-valuetext=${text}
    >
      <span class="fill" style=${{ width: share(value, max) }}></span>
      ${marks.map(
        ({ at, kind }) =>
          html`<span key=${kind} class=${`mark ${kind}`} style=${{ left: share(at, max) }}></span>`,
      )}
    </span>
  `;
}

function share(value: number, max: number): string {
  return max <= 0 ? '0%' : `${Math.min(100, Math.max(0, (100 * value) / max)).toFixed(2)}%`;
}
