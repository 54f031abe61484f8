import { formatFlowId } from '../../engine/model/flow-id.ts';
import { REASONS } from '../../engine/model/reason.ts';
import { describeActions, describeMatch } from './describe-flow.ts';
import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { FlowPage, FlowQuery, FlowSort } from '../control/view.ts';
import { type FlowSurroundings, flowView, outPortsOf, ownerOf } from './flow-view.ts';
import { pageOfRows } from './page-of-rows.ts';

/** The flows that a query asks for. */
export function selectFlows(query: FlowQuery, around: FlowSurroundings): FlowPage {
  const { table } = around;
  const matches = conditionsOf(query, around);
  const rows: number[] = [];
  for (let i = 0; i < table.count; i++) {
    const row = table.rows[i];
    if (matches(row)) rows.push(row);
  }
  const { offset = 0, limit, sort } = query;
  const page = pageOfRows(rows, offset, limit, sortValue(sort, around));
  return {
    total: table.count,
    matching: rows.length,
    flows: page.map((row) => flowView(row, around)),
  };
}

/** The query's conditions, cheap ones first: only flows that pass them are put into words. */
function conditionsOf(query: FlowQuery, around: FlowSurroundings): (row: number) => boolean {
  const { table, slices } = around;
  const { port } = query;
  const { placement, slice } = table.decision;
  const wantedPlace = query.placement === undefined ? -1 : PLACEMENT_NAMES.indexOf(query.placement);
  const wantedSlice = slices.findIndex((s) => s.name === query.slice) + 1;
  const words = query.words.map((word) => word.toLowerCase());
  return (row) => {
    if (wantedPlace !== -1 && placement[row] !== wantedPlace) return false;
    if (query.slice !== undefined && (wantedSlice === 0 || slice[row] !== wantedSlice))
      return false;
    if (port !== undefined && !passes(table, row, port)) return false;
    if (words.length === 0) return true;
    const text = searchText(row, around);
    return words.every((word) => text.includes(word));
  };
}

/** Whether the row's flow comes in by the port or goes out of it. */
function passes(table: FlowTable, row: number, port: string): boolean {
  if (table.matchAt(row).inPort === port) return true;
  return table.actionsAt(row).some((action) => action.kind === 'output' && action.port === port);
}

/** What words are looked for in. */
function searchText(row: number, { table, ports }: FlowSurroundings): string {
  const match = table.matchAt(row);
  const vm = ownerOf(match.inPort, outPortsOf(table, row), ports)?.vm ?? '';
  const reason = REASONS[table.decision.reason[row]].code;
  const actions = describeActions(table.actionsAt(row));
  const id = formatFlowId(table.idAt(row));
  return `${id} ${describeMatch(match)} ${actions} ${vm} ${reason}`.toLowerCase();
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

/** Live rows whose ufid begins with `prefix`, at most `limit`. */
export function rowsByPrefix(
  table: FlowTable,
  prefix: string,
  limit: number,
  idOf: (row: number) => string,
): readonly number[] {
  const found: number[] = [];
  for (let i = 0; i < table.count && found.length < limit; i++) {
    const row = table.rows[i];
    if (idOf(row).startsWith(prefix)) found.push(row);
  }
  return found;
}
