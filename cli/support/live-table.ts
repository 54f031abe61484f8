import type { FlowPage, FlowQuery } from '../../api/flow-views.ts';
import type { StatusView } from '../../api/status-view.ts';
import type { DaemonView } from '../../api/view.ts';
import { flowTable } from '../../views/flow-columns.ts';
import type { LiveScreen } from './live-screen.ts';
import { nodeSummary } from '../../views/node-summary.ts';
import type { Terminal } from '../../platform/terminal.ts';

/** Minimum time between redraws, ms. */
const REDRAW_MS = 500;

/** Node and flows as lines that fit the terminal. */
export function screenLines(status: StatusView, page: FlowPage, terminal: Terminal): string[] {
  const { columns, rows } = terminal.size();
  const summary = nodeSummary(status, columns, terminal.colours);
  const flows = page.flows.slice(0, Math.max(1, rows - summary.length - 4));
  const rest = page.matching - flows.length;
  return [
    '',
    ...summary,
    '',
    ...(flows.length === 0
      ? [terminal.colours.dim('no flow')]
      : flowTable(flows, columns, terminal.colours)),
    ...(rest > 0 ? [terminal.colours.dim(`and ${rest} more`)] : []),
  ];
}

/** Redraws the screen with the daemon's ticks until the returned function is called. */
export function showLiveTable(
  view: DaemonView,
  screen: LiveScreen,
  terminal: Terminal,
  now: () => number,
): () => void {
  let drawnMs = Number.NEGATIVE_INFINITY;
  let ended = false;
  const draw = (): void => {
    if (now() - drawnMs < REDRAW_MS) return;
    drawnMs = now();
    const query: FlowQuery = { sort: 'rate', limit: terminal.size().rows, words: [] };
    void show(query);
  };
  const show = async (query: FlowQuery): Promise<void> => {
    try {
      const page = await view.flows(query);
      if (!ended) screen.show(screenLines(view.status(), page, terminal));
    } catch {
      // Skips this redraw. The loop has logged the error, and the next tick redraws.
    }
  };
  const stop = view.onTick(draw);
  draw();
  return () => {
    ended = true;
    stop();
  };
}
