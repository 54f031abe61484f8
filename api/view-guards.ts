import type { DecisionPage, DecisionRecord } from './decision-record.ts';
import type { FlowPage, WhyAnswer } from './flow-views.ts';
import type { StatusView } from './status-view.ts';
import type { HoldView, ReloadView } from './command-views.ts';
import type { HistoryView, TickEvent } from './history-view.ts';

/** One line of `/api/v1/ticks`. */
export interface TickLine {
  readonly status: StatusView;
  readonly page: FlowPage;
}

/** Data of the stream's event `lost`. */
export interface LostEvent {
  /** Decisions that were not sent. */
  readonly decisions: number;
}

/*
 * Type guards for the daemon's responses on control socket and HTTP. Both ends are the same program,
 * so they check only enough to detect another version, a proxy or another program. The live page
 * runs this module in a browser.
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

export function isHistoryView(value: unknown): value is HistoryView {
  return has(value, ['periodMs', 'columns']);
}

export function isTickEvent(value: unknown): value is TickEvent {
  return has(value, ['status', 'point']);
}

export function isDecisionRecord(value: unknown): value is DecisionRecord {
  return has(value, ['id', 'time', 'flow', 'from', 'to']);
}

export function isLostEvent(value: unknown): value is LostEvent {
  return (
    typeof value === 'object' &&
    value !== null &&
    'decisions' in value &&
    typeof value.decisions === 'number'
  );
}

export function isWhyAnswer(value: unknown): value is WhyAnswer {
  return has(value, ['found', 'why']) || has(value, ['found', 'candidates']);
}

export function isHoldView(value: unknown): value is HoldView {
  return has(value, ['held', 'withdrawn', 'problem']);
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
