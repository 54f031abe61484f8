import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
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
  const value = sortValue(query.sort, around);
  rows.sort((a, b) => value(b) - value(a) || a - b);
  return {
    total: table.count,
    matching: rows.length,
    flows: rows.slice(0, query.limit).map((row) => flowView(row, around)),
  };
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
  const view = flowView(row, around);
  const text = [view.id, view.match, view.actions, view.vm ?? '', view.reason.code].join(' ');
  return words.every((word) => text.toLowerCase().includes(word.toLowerCase()));
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
