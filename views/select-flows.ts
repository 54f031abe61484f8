import { pathOf, pathReasonOf } from '../engine/model/carriage.ts';
import { PLACEMENT_NAMES } from '../engine/model/flow.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import { REASONS } from '../engine/model/reason.ts';
import { type YieldToEventLoop, CHUNK_ROWS } from '../async/yield-to-event-loop.ts';
import type { FlowPage, FlowQuery, FlowSort } from '../api/flow-views.ts';
import type { FlowTexts } from './flow-texts.ts';
import { type FlowContext, flowView, outPortsOf, ownerOf } from './flow-view.ts';
import { pageOfRows } from './page-of-rows.ts';

/** Flows whose texts are built between two calls of `yieldToEventLoop`. */
const CHUNK_FLOWS = 64;

/**
 * Selects flows. Works in chunks and yields to the event loop between them. The table can change
 * meanwhile; flows that have left by the end are omitted.
 */
export async function selectFlows(
  query: FlowQuery,
  context: FlowContext,
  texts: FlowTexts,
  yieldToEventLoop: YieldToEventLoop,
): Promise<FlowPage> {
  const { table } = context;
  const { offset = 0, limit, sort } = query;
  const all = table.rows.slice(0, table.count);
  const matches = conditionsOf(query, context, texts);
  const value = sortValue(sort, context);
  const rows = new Int32Array(all.length);
  const values = new Float64Array(all.length);
  const versions = new Uint32Array(all.length);
  const chunk = query.words.length > 0 ? CHUNK_FLOWS : CHUNK_ROWS;
  let found = 0;
  for (let i = 0; i < all.length; i++) {
    const row = all[i];
    if (matches(row)) {
      rows[found] = row;
      values[found] = value(row);
      versions[found++] = table.changes[row];
    }
    if (i % chunk === chunk - 1) {
      const pausing = yieldToEventLoop();
      if (pausing !== undefined) await pausing;
    }
  }
  const page = pageOfRows(values.subarray(0, found), offset, limit);
  const flows: FlowPage['flows'][number][] = [];
  for (const [n, i] of page.entries()) {
    const row = rows[i];
    if (isThere(table, row) && (table.changes[row] === versions[i] || matches(row))) {
      flows.push(flowView(row, context));
    }
    if (n % CHUNK_FLOWS === CHUNK_FLOWS - 1) {
      const pausing = yieldToEventLoop();
      if (pausing !== undefined) await pausing;
    }
  }
  return { total: all.length, matching: found, flows };
}

/** The query's conditions, cheap ones first: texts are built only for flows that pass them. */
function conditionsOf(
  query: FlowQuery,
  context: FlowContext,
  texts: FlowTexts,
): (row: number) => boolean {
  const { table, slices, isConnection } = context;
  const { port, connections = false } = query;
  const d = table.decision;
  const placement = query.placement === undefined ? -1 : PLACEMENT_NAMES.indexOf(query.placement);
  const slice = slices.findIndex((s) => s.name === query.slice) + 1;
  const words = query.words.map((word) => wordCondition(word.toLowerCase(), context));
  return (row) => {
    if (connections && isConnection?.(row) !== true) return false;
    if (placement !== -1 && pathOf(table, row) !== placement) return false;
    if (query.slice !== undefined && (slice === 0 || d.slice[row] !== slice)) return false;
    if (port !== undefined && !usesPort(table, row, port)) return false;
    if (words.length === 0) return true;
    const text = texts.of(table, row);
    return words.every((matches) => matches(text, row));
  };
}

/** Whether the row's flow enters or leaves by the port. */
function usesPort(table: FlowTable, row: number, port: string): boolean {
  if (table.matchAt(row).inPort === port) return true;
  return table.actionsAt(row).some((action) => action.kind === 'output' && action.port === port);
}

/** Whether a word is in a flow's text, its reason or the name of its VM. */
function wordCondition(
  word: string,
  { table, ports }: FlowContext,
): (text: string, row: number) => boolean {
  const inReason = REASONS.map(({ code }) => code.includes(word));
  const isIn = (vm: string | undefined): boolean => vm?.toLowerCase().includes(word) === true;
  const inSomeVm = [...ports.values()].some((port) => isIn(port.vm));
  return (text, row) =>
    text.includes(word) ||
    inReason[pathReasonOf(table, row)] ||
    (inSomeVm && isIn(ownerOf(table.matchAt(row).inPort, outPortsOf(table, row), ports)?.vm));
}

/** Whether the row's flow is still on the vSwitch. */
function isThere(table: FlowTable, row: number): boolean {
  return table.rowOf(table.idAt(row)) === row;
}

function sortValue(sort: FlowSort, context: FlowContext): (row: number) => number {
  const { table, nowMs } = context;
  const { traffic: t, rates: r, decision: d } = table;
  const values: Readonly<Record<FlowSort, (row: number) => number>> = {
    rate: (row) => r.bitsPerSecond[row],
    packets: (row) => r.packetsPerSecond[row],
    bytes: (row) => t.vswitchBytes[row] + t.carriedBytes[row],
    age: (row) => nowMs - t.firstSeenMs[row],
    idle: (row) => nowMs - t.lastActiveMs[row],
    score: (row) => d.score[row],
  };
  return values[sort];
}
