import { PLACEMENT_NAMES } from '../engine/model/flow.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import { REASONS } from '../engine/model/reason.ts';
import { type YieldToEventLoop, CHUNK_ROWS } from '../async/yield-to-event-loop.ts';
import type { FlowPage, FlowQuery, FlowSort } from '../api/flow-views.ts';
import type { FlowTexts } from './flow-texts.ts';
import { type FlowSurroundings, flowView, outPortsOf, ownerOf } from './flow-view.ts';
import { pageOfRows } from './page-of-rows.ts';

/** Flows that are put into words before it is asked whether it is time to pause. */
const CHUNK_FLOWS = 64;

/**
 * The flows that a query asks for. Looks at a few thousand at a time and pauses when `yieldToEventLoop` says
 * so; meanwhile the table may go on: a flow that has left by the end is left out.
 */
export async function selectFlows(
  query: FlowQuery,
  around: FlowSurroundings,
  texts: FlowTexts,
  yieldToEventLoop: YieldToEventLoop,
): Promise<FlowPage> {
  const { table } = around;
  const { offset = 0, limit, sort } = query;
  const all = table.rows.slice(0, table.count);
  const matches = conditionsOf(query, around, texts);
  const value = sortValue(sort, around);
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
      flows.push(flowView(row, around));
    }
    if (n % CHUNK_FLOWS === CHUNK_FLOWS - 1) {
      const pausing = yieldToEventLoop();
      if (pausing !== undefined) await pausing;
    }
  }
  return { total: all.length, matching: found, flows };
}

/** The query's conditions, cheap ones first: only flows that pass them are put into words. */
function conditionsOf(
  query: FlowQuery,
  around: FlowSurroundings,
  texts: FlowTexts,
): (row: number) => boolean {
  const { table, slices } = around;
  const { port } = query;
  const d = table.decision;
  const wantedPlace = query.placement === undefined ? -1 : PLACEMENT_NAMES.indexOf(query.placement);
  const wantedSlice = slices.findIndex((s) => s.name === query.slice) + 1;
  const words = query.words.map((word) => wordCondition(word.toLowerCase(), around));
  return (row) => {
    if (wantedPlace !== -1 && d.placement[row] !== wantedPlace) return false;
    if (query.slice !== undefined && (wantedSlice === 0 || d.slice[row] !== wantedSlice))
      return false;
    if (port !== undefined && !passes(table, row, port)) return false;
    if (words.length === 0) return true;
    const text = texts.of(table, row);
    return words.every((isIn) => isIn(text, row));
  };
}

/** Whether the row's flow comes in by the port or goes out of it. */
function passes(table: FlowTable, row: number, port: string): boolean {
  if (table.matchAt(row).inPort === port) return true;
  return table.actionsAt(row).some((action) => action.kind === 'output' && action.port === port);
}

/** Whether a word is in a flow's text, its reason or the name of its VM. */
function wordCondition(
  word: string,
  { table, ports }: FlowSurroundings,
): (text: string, row: number) => boolean {
  const inReason = REASONS.map(({ code }) => code.includes(word));
  const isIn = (vm: string | undefined): boolean => vm?.toLowerCase().includes(word) === true;
  const inSomeVm = [...ports.values()].some((port) => isIn(port.vm));
  return (text, row) =>
    text.includes(word) ||
    inReason[table.decision.reason[row]] ||
    (inSomeVm && isIn(ownerOf(table.matchAt(row).inPort, outPortsOf(table, row), ports)?.vm));
}

/** Whether the row's flow is still on the vSwitch. */
function isThere(table: FlowTable, row: number): boolean {
  return table.rowOf(table.idAt(row)) === row;
}

function sortValue(sort: FlowSort, around: FlowSurroundings): (row: number) => number {
  const { table, nowMs } = around;
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
