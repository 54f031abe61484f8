import type { FlowPage, WhyAnswer } from './flow-views.ts';
import type { StatusView } from './status-view.ts';
import type { DecisionPage, HoldView, ReloadView } from './view.ts';

/** One line of `/api/v1/ticks`. */
export interface TickLine {
  readonly status: StatusView;
  readonly page: FlowPage;
}

/*
 * Guards for what comes back over the control socket. Both ends are one program, so they only tell
 * a daemon of another version (or another program) from the right one.
 */

export function isStatusView(value: unknown): value is StatusView {
  return has(value, ['version', 'uptimeMs', 'tick', 'sources', 'flows', 'policies', 'held']);
}

export function isFlowPage(value: unknown): value is FlowPage {
  return has(value, ['total', 'matching', 'flows']);
}

export function isDecisionPage(value: unknown): value is DecisionPage {
  return has(value, ['kept', 'lost', 'decisions']);
}

export function isWhyAnswer(value: unknown): value is WhyAnswer {
  return has(value, ['found', 'why']) || has(value, ['found', 'candidates']);
}

export function isHoldView(value: unknown): value is HoldView {
  return has(value, ['held', 'withdrawn']);
}

export function isReloadView(value: unknown): value is ReloadView {
  return has(value, ['ok', 'rules']) || has(value, ['ok', 'problems']);
}

export function isTickLine(value: unknown): value is TickLine {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'status' in value && isStatusView(value.status) && 'page' in value && isFlowPage(value.page)
  );
}

function has(value: unknown, keys: readonly string[]): boolean {
  return typeof value === 'object' && value !== null && keys.every((key) => key in value);
}
