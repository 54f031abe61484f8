import type { FlowActions } from '../../engine/model/action.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import {
  FIELD_BITS,
  type FieldMatch,
  type FieldName,
  fieldBytes,
} from '../../engine/model/match.ts';
import type { PortInfo } from '../../engine/model/port.ts';
import type { RuleContext } from '../../engine/ports/rule-evaluator.ts';
import { JsonRulesEvaluator } from '../support/json-rules/json-rules-evaluator.ts';
import { parsePolicies } from '../../policy/parse/parse-policies.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** An exact match on each field; values are bytes or a number. */
export function exactly(
  values: Partial<Record<FieldName, number | readonly number[]>>,
): FieldMatch[] {
  return Object.entries(FIELD_BITS).flatMap(([name, bits]) => {
    const field = isFieldName(name) ? name : undefined;
    const value = field === undefined ? undefined : values[field];
    if (field === undefined || value === undefined) return [];
    const length = fieldBytes(field);
    const mask = new Uint8Array(length).fill(0xff);
    mask[0] = 0xff >> (length * 8 - bits);
    return [
      {
        field,
        value: typeof value === 'number' ? big(value, length) : Uint8Array.from(value),
        mask,
      },
    ];
  });
}

function isFieldName(name: string): name is FieldName {
  return name in FIELD_BITS;
}

function big(value: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Math.floor(value / 256 ** (length - 1 - i)) % 256);
}

/** A flow for {@link read}. */
export interface Flow {
  readonly inPort?: string;
  readonly fields?: readonly FieldMatch[];
  readonly opaque?: boolean;
  readonly actions?: FlowActions;
  readonly packets?: number;
  readonly bytes?: number;
  readonly packetsPerSecond?: number;
  readonly lastPacketsPerSecond?: number;
  readonly bitsPerSecond?: number;
  readonly worth?: number;
  readonly placement?: number;
}

/** Reads `flows` into the table at `nowMs`; in a new table, flow i is row i. */
export function readInto(table: FlowTable, nowMs: number, flows: readonly Flow[]): void {
  table.begin(nowMs);
  flows.forEach((flow, i) => {
    const id = { w0: 7, w1: 0, w2: 0, w3: i };
    const opaque = flow.opaque ? [{ name: 'recirc_id', text: '0x1' }] : [];
    const match = { inPort: flow.inPort ?? 'vm1', fields: flow.fields ?? [], opaque };
    const found = table.rowOf(id);
    const actions = flow.actions ?? [{ kind: 'output', port: 'vm2' }];
    const row = found >= 0 ? found : table.add(id, match, actions);
    table.observe(row, flow.packets ?? 0, flow.bytes ?? 0, 0);
    table.rates.packetsPerSecond[row] = flow.packetsPerSecond ?? 0;
    table.rates.lastPacketsPerSecond[row] = flow.lastPacketsPerSecond ?? flow.packetsPerSecond ?? 0;
    table.rates.bitsPerSecond[row] = flow.bitsPerSecond ?? 0;
    table.rates.lastBitsPerSecond[row] = flow.bitsPerSecond ?? 0;
    table.forecast.worth[row] = flow.worth ?? 0;
    if (flow.placement !== undefined) table.decision.placement[row] = flow.placement;
  });
  table.end();
}

/** A table that holds `flows`, read at 1,000 ms. */
export function tableOf(flows: readonly Flow[]): FlowTable {
  const table = new FlowTable();
  readInto(table, 1000, flows);
  return table;
}

export function portInfo(port: Partial<PortInfo> & { readonly name: string }): PortInfo {
  return {
    uuid: `uuid-${port.name}`,
    ifindex: 1,
    bridge: 'br0',
    kind: 'vm',
    mac: undefined,
    vm: undefined,
    slice: undefined,
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
    ...port,
  };
}

export function contextOf(change: Partial<RuleContext> = {}): RuleContext {
  return {
    nowMs: 1000,
    node: { hostCpu: undefined, portLoad: new Map() },
    ports: new Map(),
    tableFill: 0,
    ...change,
  };
}

/** A policy document's text with these rules. */
export function policyText(rules: readonly unknown[], name = 'p'): string {
  return JSON.stringify({ name, version: '1', rules }, null, 2);
}

/** A rule with these conditions. */
export function rule(name: string, conditions: unknown, more: Record<string, unknown> = {}) {
  return { name, conditions, event: { type: 'offload' }, ...more };
}

/** An evaluator of policy texts on a stopped clock; unreachable rules are allowed. */
export function evaluatorOf(...texts: readonly string[]): JsonRulesEvaluator {
  const documents = texts.map((text, i) => ({ file: `p${i}.json`, text }));
  return new JsonRulesEvaluator(parsePolicies(documents, { unreachable: 'allow' }), {
    clock: new ManualClock(),
  });
}

/** A signal that never aborts. */
export function never(): AbortSignal {
  return new AbortController().signal;
}
