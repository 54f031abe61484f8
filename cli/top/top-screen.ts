import type { FlowView, WhyAnswer } from '../../api/flow-views.ts';
import type { TickLine } from '../../api/view-guards.ts';
import { coloursOf, type Colours, type Terminal } from '../../platform/terminal.ts';
import { fitted, printable } from '../../platform/text-table.ts';
import { wrapLine } from '../../platform/wrap-line.ts';
import { wrapParts } from '../../platform/wrap-parts.ts';
import { flowTable } from '../../views/flow-columns.ts';
import { nodeSummary } from '../../views/node-summary.ts';
import { whyReport } from '../../views/why-report.ts';
import type { TopState } from './top-state.ts';

/** What there is to show. */
export interface TopContent {
  readonly tick: TickLine;
  /** The explanation of the flow in `state.detail`; undefined: it has not been read yet. */
  readonly why: WhyAnswer | undefined;
}

/** Node, flows or one flow, and the keys, as lines that fit the terminal. */
export function topLines(state: TopState, content: TopContent, terminal: Terminal): string[] {
  const { columns, rows } = terminal.size();
  const { colours } = terminal;
  const { status } = content.tick;
  const summary = ['', ...nodeSummary(status, columns, colours), ''];
  const foot = ['', ...footer(state, status.pageUrl, columns, colours)];
  // One row is for the cursor.
  const height = Math.max(1, rows - 1 - summary.length - foot.length);
  const body =
    state.detail === undefined
      ? listLines(state, content, columns, height, colours)
      : detailLines(state, content, columns, height);
  return [...summary, ...body, ...foot];
}

/** Columns of the mark before a flow. */
const MARK = 2;

function listLines(
  { marked }: TopState,
  { tick: { page } }: TopContent,
  columns: number,
  height: number,
  colours: Colours,
): readonly string[] {
  if (page.flows.length === 0) return [colours.dim('no flow')];
  // The titles, and the line that counts the rest.
  const shown = Math.max(1, height - 2);
  const at = page.flows.findIndex(({ id }) => id === marked);
  const first = Math.max(0, at - shown + 1);
  const flows: readonly FlowView[] = page.flows.slice(first, first + shown);
  const rest = page.matching - first - flows.length;
  const [titles, ...lines] = flowTable(flows, columns - MARK, colours);
  return [
    `${' '.repeat(MARK)}${titles}`,
    ...lines.map((line, i) => (first + i === at ? colours.bold(`> ${line}`) : `  ${line}`)),
    ...(rest > 0 ? [colours.dim(`${' '.repeat(MARK)}and ${rest} more`)] : []),
  ];
}

function detailLines(
  { detail, scrolled }: TopState,
  { why }: TopContent,
  columns: number,
  height: number,
): readonly string[] {
  if (why === undefined) return ['...'];
  if (!why.found)
    return [fitted(`there is no flow ${detail ?? ''}; it has ended`, columns, 'left')];
  // Without colours, which would count as columns.
  const lines = whyReport(why.why, coloursOf(false)).flatMap((line) =>
    wrapLine(printable(line), columns),
  );
  const from = Math.min(scrolled, Math.max(0, lines.length - height));
  return lines.slice(from, from + height);
}

function footer(
  state: TopState,
  pageUrl: string | null,
  columns: number,
  colours: Colours,
): readonly string[] {
  const { sort, filter, typing, paused, detail } = state;
  if (typing !== undefined) {
    const text = `filter: ${printable(typing)}_  (Enter applies, Esc cancels)`;
    return [fitted(text, columns, 'left').trimEnd()];
  }
  const keys =
    detail === undefined
      ? [
          `s sort by ${sort}`,
          `/ filter${filter === '' ? '' : ` "${filter}"`}`,
          'up/down mark',
          'Enter detail',
        ]
      : ['Esc list', 'up/down scroll'];
  const parts = ['q quit', ...keys, `p ${paused ? 'continue' : 'pause'}`];
  const page = pageUrl === null ? [] : [`page ${pageUrl}`];
  const lines = wrapParts([...parts, ...page], columns);
  return [
    ...(paused ? [colours.yellow('paused')] : []),
    ...lines.map((line) => colours.dim(fitted(line, columns, 'left').trimEnd())),
  ];
}
