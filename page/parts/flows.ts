import type { StatusView } from '../../api/status-view.ts';
import { counted, whole } from '../../text/format.ts';
import type { FlowPiece, FlowQuestion } from '../data/flow-window.ts';
import { h, html, useState, type VNode } from '../vendor/preact.js';
import { FlowFilters } from './flow-filters.ts';
import { FlowGrid } from './flow-grid.ts';
import { useFlowPiece } from './flow-refresh.ts';

const EVERYTHING: FlowQuestion = { sort: 'rate', words: '', placement: '', slice: '', port: '' };

interface FlowsProps {
  readonly status: StatusView;
  readonly live: boolean;
  readonly ask: (flow: string) => void;
}

/** All flows: filters, table, and number. */
export function Flows({ status, live, ask }: FlowsProps): VNode {
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

/** Changes only with the query, so that screen readers do not read a number out every second. */
function countText(piece: FlowPiece | undefined): string {
  if (piece === undefined) return '';
  const { matching, total } = piece;
  return matching === total
    ? counted(total, 'flow')
    : `${whole(matching)} of ${counted(total, 'flow')}`;
}
