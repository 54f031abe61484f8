import { type FlowId, formatFlowId } from '../model/flow-id.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { sameActions } from '../model/same-actions.ts';
import { sameMatch } from '../model/same-match.ts';
import type { FlowLookup, FoundFlow } from '../ports/flow-lookup.ts';
import type { ConnectionRows } from './connection-rows.ts';

/** Flows per call; the vSwitch is asked for their megaflows, each once, in calls of its own. */
const MAX_FLOWS = 4096;

type Found = FoundFlow | undefined;

/**
 * Reads single flows, connections among them: a connection is there as long as each megaflow of its chain is
 * as it was in the last reading. Conntrack is not asked.
 */
export class ConnectionLookup implements FlowLookup {
  readonly name: string;
  readonly maxFlows = MAX_FLOWS;
  readonly isPartial = true;
  readonly #megaflows: FlowLookup;
  readonly #rows: ConnectionRows;

  constructor(megaflows: FlowLookup, rows: ConnectionRows) {
    this.name = megaflows.name;
    this.#megaflows = megaflows;
    this.#rows = rows;
  }

  async read(ids: readonly FlowId[], signal: AbortSignal): Promise<readonly Found[]> {
    const { table } = this.#rows;
    if (table === undefined) return this.#readAll(ids, signal);
    // A reading may change rows during the calls.
    const chains = ids.map((id) => this.#rows.at(table.rowOf(id))?.resolution.chain);
    const before = ids.map((id) => specOf(table, id));
    const asked = new Map<string, FlowId>();
    for (const [i, id] of ids.entries()) {
      for (const one of chains[i] ?? [id]) asked.set(formatFlowId(one), one);
    }
    const kept = new Map(Array.from(asked, ([name, id]) => [name, specOf(table, id)]));
    const found = await this.#readAll([...asked.values()], signal);
    const now = new Map(Array.from(asked.keys(), (name, i) => [name, found[i]]));
    const isKept = (id: FlowId): boolean => {
      const name = formatFlowId(id);
      return isSame(kept.get(name), now.get(name));
    };
    return ids.map((id, i) => {
      const chain = chains[i];
      if (chain === undefined) return now.get(formatFlowId(id));
      return chain.every(isKept) ? before[i] : undefined;
    });
  }

  close(): Promise<void> {
    return this.#megaflows.close();
  }

  async #readAll(ids: readonly FlowId[], signal: AbortSignal): Promise<readonly Found[]> {
    const { maxFlows } = this.#megaflows;
    const found: Found[] = [];
    for (let from = 0; from < ids.length; from += maxFlows) {
      found.push(...(await this.#megaflows.read(ids.slice(from, from + maxFlows), signal)));
    }
    return found;
  }
}

function specOf(table: FlowTable, id: FlowId): Found {
  const row = table.rowOf(id);
  return row === -1 ? undefined : { match: table.matchAt(row), actions: table.actionsAt(row) };
}

function isSame(a: Found, b: Found): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    sameActions(a.actions, b.actions) &&
    sameMatch(a.match, b.match)
  );
}
