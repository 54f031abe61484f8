import { html, useMemo } from '../vendor/preact.js';
import { COLUMNS } from './flow-columns.js';

/** @import { FlowView } from '../../api/flow-views.ts' */

/**
 * One row; without a flow while the answer is on its way. Drawn anew only when what it shows has
 * changed: while somebody scrolls, most rows have not.
 *
 * @param {{
 *   readonly index: number,
 *   readonly top: number,
 *   readonly flow: FlowView | undefined,
 *   readonly active: boolean,
 * }} props
 */
export function FlowRow({ index, top, flow, active }) {
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

/**
 * @param {string} id of the column
 * @param {import('../vendor/preact.js').Child} content
 */
function cellOf(id, content) {
  return html`<div key=${id} class=${`cell c-${id}`} role="gridcell">${content}</div>`;
}

function waiting() {
  return html`<div class="bar" role="gridcell"><span class="unseen">not read yet</span></div>`;
}
