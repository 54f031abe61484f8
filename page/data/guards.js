/*
 * Guards for what comes from the daemon. Page and daemon are one program, so they only tell an
 * answer from something that is none: a proxy's, or that of another version.
 *
 * @import { DecisionRecord } from '../../api/decision-record.ts'
 * @import { DecisionPage, HistoryView, TickEvent } from '../../api/view.ts'
 * @import { FlowPage, WhyAnswer } from '../../api/flow-views.ts'
 * @import { StatusView } from '../../api/status-view.ts'
 */

/** @type {(value: unknown) => value is StatusView} */
export function isStatus(value) {
  return has(value, ['version', 'tick', 'sources', 'flows', 'bitsPerSecond', 'policies', 'held']);
}

/** @type {(value: unknown) => value is HistoryView} */
export function isHistory(value) {
  return has(value, ['periodMs', 'columns']);
}

/** @type {(value: unknown) => value is FlowPage} */
export function isFlowPage(value) {
  return has(value, ['total', 'matching', 'flows']);
}

/** @type {(value: unknown) => value is DecisionPage} */
export function isDecisionPage(value) {
  return has(value, ['kept', 'lost', 'decisions']);
}

/** @type {(value: unknown) => value is WhyAnswer} */
export function isWhyAnswer(value) {
  return has(value, ['found', 'why']) || has(value, ['found', 'candidates']);
}

/** @type {(value: unknown) => value is TickEvent} */
export function isTickEvent(value) {
  return has(value, ['status', 'point']);
}

/** @type {(value: unknown) => value is DecisionRecord} */
export function isDecision(value) {
  return has(value, ['id', 'time', 'flow', 'from', 'to']);
}

/** @type {(value: unknown) => value is { readonly decisions: number }} */
export function isLostEvent(value) {
  return (
    typeof value === 'object' &&
    value !== null &&
    'decisions' in value &&
    typeof value.decisions === 'number'
  );
}

/**
 * @param {unknown} value
 * @param {readonly string[]} keys
 */
function has(value, keys) {
  return typeof value === 'object' && value !== null && keys.every((key) => key in value);
}
