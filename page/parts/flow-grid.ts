import type { FlowSort, FlowView } from '../../api/flow-views.ts';
import type { FlowPiece, FlowQuestion } from '../data/flow-window.ts';
import {
  h,
  html,
  type Ref,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type VNode,
} from '../vendor/preact.js';
import { COLUMNS, type FlowColumn } from './flow-columns.ts';
import { FlowRow } from './flow-row.ts';
import { moved } from './grid-keys.ts';

/** Rows that are rendered beyond the visible ones, on each side. */
const MARGIN = 8;
/** Maximum height that browsers can scroll, px; with more flows, the last ones need a filter. */
const TALLEST = 16_000_000;

interface FlowGridProps {
  readonly question: FlowQuestion;
  readonly piece: FlowPiece | undefined;
  readonly sortBy: (sort: FlowSort) => void;
  readonly want: (wanted: { readonly first: number; readonly number: number }) => void;
  readonly setBusy: (busy: boolean) => void;
  readonly ask: (flow: string) => void;
}

/**
 * A table of any number of flows that renders only visible rows. One row is in the tab order; arrows,
 * Page Up and Down, Home and End move it, Enter explains the flow.
 */
export function FlowGrid({ question, piece, sortBy, want, setBusy, ask }: FlowGridProps): VNode {
  const scroller = useRef<HTMLElement | null>(null);
  const rowHeight = useRowHeight(scroller);
  const [view, setView] = useState({ top: 0, height: 480 });
  const [active, setActive] = useState(0);
  const following = useRef(false);

  const matching = piece?.matching ?? 0;
  const rows = Math.min(matching, Math.floor(TALLEST / rowHeight));
  const first = Math.max(0, Math.floor(view.top / rowHeight) - MARGIN);
  const number = Math.ceil(view.height / rowHeight) + 2 * MARGIN;
  // In steps, so that not every pixel of scrolling sends a request.
  const from = first - (first % MARGIN);
  useEffect(() => want({ first: from, number: number + MARGIN }), [from, number]);

  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 });
    setActive(0);
  }, [question]);
  useLayoutEffect(() => {
    if (!following.current) return;
    const row = scroller.current?.querySelector(`[data-index="${active}"]`);
    if (!(row instanceof HTMLElement)) return;
    row.focus({ preventScroll: true });
    following.current = false;
  });

  const scrolled = (): void => {
    const element = scroller.current;
    if (element !== null) setView({ top: element.scrollTop, height: element.clientHeight });
  };
  const clicked = (event: MouseEvent): void => {
    const row = event.target instanceof Element ? event.target.closest('[data-index]') : null;
    if (!(row instanceof HTMLElement)) return;
    const index = Number(row.dataset.index);
    setActive(index);
    const flow = flowAt(piece, index);
    if (flow !== undefined) ask(flow.id);
  };
  const pressed = (event: KeyboardEvent): void => {
    const target = event.target;
    if (!(target instanceof HTMLElement) || target.dataset.index === undefined) return;
    const page = Math.max(1, Math.floor(view.height / rowHeight) - 2);
    const next = moved(event.key, active, rows, page);
    if (next === undefined) {
      const flow = flowAt(piece, active);
      if ((event.key === 'Enter' || event.key === ' ') && flow !== undefined) {
        event.preventDefault();
        ask(flow.id);
      }
      return;
    }
    event.preventDefault();
    setActive(next);
    following.current = true;
    reveal(scroller.current, next, rowHeight);
    scrolled();
  };

  const shown = Array.from(
    { length: Math.max(0, Math.min(rows, first + number) - first) },
    (_, i) => first + i,
  );
  return html`
    <div
      class="grid"
      role="grid"
      aria-label="Flows"
      aria-rowcount=${matching + 1}
      aria-colcount=${COLUMNS.length}
      aria-readonly="true"
      onKeyDown=${pressed}
      onClick=${clicked}
      onMouseEnter=${() => setBusy(true)}
      onMouseLeave=${() => setBusy(hasFocus(scroller.current))}
      onFocusIn=${() => setBusy(true)}
      onFocusOut=${() => setBusy(false)}
    >
      <div class="grid-body" ref=${scroller} onScroll=${scrolled}>
        <div class="grid-head" role="rowgroup">
          <div class="grid-row" role="row" aria-rowindex="1">
            ${COLUMNS.map((column) => heading(column, question.sort, sortBy))}
          </div>
        </div>
        <div class="grid-rows" role="rowgroup" style=${{ height: `${rows * rowHeight}px` }}>
          ${shown.map((index) =>
            h(FlowRow, {
              key: index % (number + MARGIN),
              index,
              top: index * rowHeight,
              flow: flowAt(piece, index),
              active: index === active,
            }),
          )}
        </div>
        ${piece !== undefined && matching === 0 && html`<p class="empty">No flow matches.</p>`}
      </div>
    </div>
  `;
}

function heading(
  { id, title, sort }: FlowColumn,
  sorted: FlowSort,
  sortBy: (sort: FlowSort) => void,
): VNode {
  const here = sort !== undefined && sort === sorted;
  return html`
    <div
      key=${id}
      class=${`cell c-${id}`}
      role="columnheader"
      aria-sort=${here ? 'descending' : sort === undefined ? undefined : 'none'}
    >
      ${
        sort === undefined
          ? title
          : html`<button type="button" class=${here ? 'sort here' : 'sort'} onClick=${() => sortBy(sort)}>
              ${title}<span class="arrow" aria-hidden="true">↓</span>
            </button>`
      }
    </div>
  `;
}

function flowAt(piece: FlowPiece | undefined, index: number): FlowView | undefined {
  return piece?.flows[index - piece.first];
}

function hasFocus(element: HTMLElement | null): boolean {
  return element?.contains(document.activeElement) === true;
}

/** Scrolls the minimum distance at which the row is visible below the headings. */
function reveal(element: HTMLElement | null, index: number, rowHeight: number): void {
  if (element === null) return;
  const head = element.querySelector('.grid-head')?.clientHeight ?? 0;
  const top = index * rowHeight;
  const room = element.clientHeight - head;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (top + rowHeight > element.scrollTop + room) element.scrollTop = top + rowHeight - room;
}

/** The height of a row from the style sheet: two lines on a phone. */
function useRowHeight(element: Ref<HTMLElement | null>): number {
  const [height, setHeight] = useState(34);
  useEffect(() => {
    const read = (): void => {
      if (element.current === null) return;
      const text = getComputedStyle(element.current).getPropertyValue('--row-height');
      const px = Number.parseFloat(text);
      if (px > 0) setHeight(px);
    };
    read();
    addEventListener('resize', read);
    return () => removeEventListener('resize', read);
  }, []);
  return height;
}
