import { html } from '../vendor/preact.js';
import { COLUMNS } from './flow-columns.js';

/** @import { FlowView } from '../../control/view.ts' */

/**
 * One row; without a flow while the answer is on its way.
 *
 * @param {{
 *   readonly index: number,
 *   readonly top: number,
 *   readonly flow: FlowView | undefined,
 *   readonly active: boolean,
 *   readonly choose: () => void,
 * }} props
 */
export function FlowRow({ index, top, flow, active, choose }) {
  return html`
    <div
      class=${flow === undefined ? 'grid-row flow pending' : 'grid-row flow'}
      role="row"
      aria-rowindex=${index + 2}
      data-index=${index}
      data-flow=${flow?.id}
      tabindex=${active ? 0 : -1}
      style=${{ transform: `translateY(${top}px)` }}
      onClick=${choose}
    >
      ${COLUMNS.map(
        ({ id, cell }) => html`
          <div key=${id} class=${`cell c-${id}`} role="gridcell">
            ${flow === undefined ? '' : cell(flow)}
          </div>
        `,
      )}
    </div>
  `;
}
