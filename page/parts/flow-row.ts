import type { FlowView } from '../../api/flow-views.ts';
import { type Child, html, useMemo, type VNode } from '../vendor/preact.js';
import { COLUMNS } from './flow-columns.ts';

interface FlowRowProps {
  readonly index: number;
  readonly top: number;
  readonly flow: FlowView | undefined;
  readonly active: boolean;
}

/**
 * One row; without a flow until the response arrives. Redrawn only if its content has changed, which
 * most rows have not during scrolling.
 */
export function FlowRow({ index, top, flow, active }: FlowRowProps): VNode {
  return useMemo(
    () => html`
      <div
        class=${flow === undefined ? 'grid-row flow pending' : 'grid-row flow'}
        role="row"
        aria-rowindex=${index + 2}
        data-index=${index}
        data-flow=${flow?.id}
        tabindex=${active ? 0 : -1}
        style=${{ transform: `translateY(${top}px)` }}
      >
        ${flow === undefined ? waiting() : COLUMNS.map(({ id, cell }) => cellOf(id, cell(flow)))}
      </div>
    `,
    [index, top, flow, active],
  );
}

function cellOf(columnId: string, content: Child): VNode {
  return html`<div key=${columnId} class=${`cell c-${columnId}`} role="gridcell">${content}</div>`;
}

function waiting(): VNode {
  return html`<div class="bar" role="gridcell"><span class="unseen">not read yet</span></div>`;
}
