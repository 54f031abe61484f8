import { h, html, useState } from '../vendor/preact.js';
import { counted, whole } from '../text/format.js';
import { FlowFilters } from './flow-filters.js';
import { FlowGrid } from './flow-grid.js';
import { useFlowPiece } from './flow-refresh.js';

/**
 * @import { StatusView } from '../../api/status-view.ts'
 * @import { FlowPiece, FlowQuestion } from '../data/flow-window.js'
 */

/** @type {FlowQuestion} */
const EVERYTHING = { sort: 'rate', words: '', placement: '', slice: '', port: '' };

/**
 * All flows: filters, the table, and how many there are.
 *
 * @param {{
 *   readonly status: StatusView,
 *   readonly live: boolean,
 *   readonly ask: (flow: string) => void,
 * }} props
 */
export function Flows({ status, live, ask }) {
  const [question, setQuestion] = useState(EVERYTHING);
  const [wanted, setWanted] = useState({ first: 0, number: 40 });
  const [pinned, setPinned] = useState(false);
  const [busy, setBusy] = useState(false);
  const still = pinned || busy;
  const { piece, problem, answered } = useFlowPiece(question, wanted, live && !still);
  return html`
    <section class="card flows" id="flows" aria-labelledby="flows-title" tabindex="-1">
      <div class="card-head">
        <h2 id="flows-title">Flows</h2>
        <p class="quiet" role="status">${countText(answered)}</p>
        <p class="holding">
          ${busy && !pinned && html`<span class="quiet">held while you are in it</span>`}
          <button type="button" aria-pressed=${pinned} onClick=${() => setPinned(!pinned)}>
            ${pinned ? 'Go on' : 'Hold still'}
          </button>
        </p>
      </div>
      ${h(FlowFilters, { question, status, change: setQuestion })}
      ${problem !== undefined && html`<p class="problem" role="alert">${problem}</p>`}
      ${h(FlowGrid, {
        question,
        piece,
        sortBy: (sort) => setQuestion({ ...question, sort }),
        want: setWanted,
        setBusy,
        ask,
      })}
    </section>
  `;
}

/**
 * Changes with the question alone: a number that is read out each second is no help.
 *
 * @param {FlowPiece | undefined} piece
 */
function countText(piece) {
  if (piece === undefined) return '';
  const { matching, total } = piece;
  return matching === total
    ? counted(total, 'flow')
    : `${whole(matching)} of ${counted(total, 'flow')}`;
}
