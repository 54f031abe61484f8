import { formatFlowId } from '../../engine/model/flow-id.ts';
import { REASONS } from '../../engine/model/reason.ts';
import { describeActions, describeMatch } from './describe-flow.ts';
import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import { kthLargest } from '../../engine/planner/select.ts';
import type { FlowPage, FlowQuery, FlowSort } from '../control/view.ts';
import { type FlowSurroundings, flowView, outPortsOf, ownerOf } from './flow-view.ts';

/** The flows that a query asks for. */
export function selectFlows(query: FlowQuery, around: FlowSurroundings): FlowPage {
  const { table } = around;
  const rows: number[] = [];
  for (let i = 0; i < table.count; i++) {
    const row = table.rows[i];
    if (matches(row, query, around)) rows.push(row);
  }
  const first = largest(rows, query.limit, sortValue(query.sort, around));
  return {
    total: table.count,
    matching: rows.length,
    flows: first.map((row) => flowView(row, around)),
  };
}

/** The `limit` rows of the largest values, in order; sorts no more than it returns (and ties). */
function largest(
  rows: readonly number[],
  limit: number,
  value: (row: number) => number,
): readonly number[] {
  if (rows.length === 0) return [];
  const least = kthLargest(
    Float64Array.from(rows, value),
    rows.length,
    Math.min(limit, rows.length),
  );
  const above = rows.filter((row) => value(row) > least);
  const ties = rows.filter((row) => value(row) === least).slice(0, limit - above.length);
  return [...above.sort((a, b) => value(b) - value(a) || a - b), ...ties];
}

/** Cheap conditions first: only flows that pass them are put into words. */
function matches(row: number, query: FlowQuery, around: FlowSurroundings): boolean {
  const { table, ports } = around;
  const { placement, slice, port, words } = query;
  if (placement !== undefined && PLACEMENT_NAMES[table.decision.placement[row]] !== placement) {
    return false;
  }
  const { inPort } = table.matchAt(row);
  if (port !== undefined && inPort !== port && !outPortsOf(table, row).includes(port)) return false;
  if (slice !== undefined && ownerOf(inPort, outPortsOf(table, row), ports)?.slice !== slice) {
    return false;
  }
  if (words.length === 0) return true;
  const text = searchText(row, around);
  return words.every((word) => text.includes(word.toLowerCase()));
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
