import { type FlowId, formatFlowId } from '../../engine/model/flow-id.ts';
import type { OperationResult } from '../../engine/ports/offload-backend.ts';
import type { FlowModBody, FlowMods } from './flow-mods.ts';
import type { Rule, RuleSpec } from './rule.ts';
import type { RuleTable } from './rule-table.ts';

/** An operation on its way: the messages it takes, and what it changes once they are done. */
export interface Step {
  /** Position among the caller's operations. */
  readonly index: number;
  readonly id: FlowId;
  readonly mods: readonly FlowModBody[];
  readonly outcome: Extract<OperationResult, { ok: true }>['outcome'];
  /** The rule that is put; undefined for a delete. */
  readonly puts: RuleSpec | undefined;
  /** A rule goes whose counters have to be read before. */
  readonly ends: boolean;
  commit(): void;
}

/** Says what an operation takes: a step, or its result when there is nothing to do. */
export type Planned = Step | OperationResult;

/** Plans to take a flow's rule out. */
export function planDelete(index: number, id: FlowId, book: RuleTable, mods: FlowMods): Planned {
  const rule = book.get(id);
  if (rule === undefined) return { ok: true, outcome: 'absent' };
  return {
    index,
    id,
    mods: [mods.remove(rule.spec)],
    outcome: 'deleted',
    puts: undefined,
    ends: true,
    commit: () => book.delete(rule),
  };
}

/** Plans to put a rule. `room`: entries left, what is planned already taken off. */
export function planPut(
  index: number,
  spec: RuleSpec,
  book: RuleTable,
  mods: FlowMods,
  room: number,
): Planned {
  const { id } = spec;
  const rule = book.get(id);
  if (rule === undefined) {
    const holder = book.byCookie(spec.cookie);
    if (holder !== undefined) {
      const detail = `its cookie is that of flow ${formatFlowId(holder.spec.id)}`;
      return { ok: false, refusal: { code: 'device-error', detail } };
    }
    if (room <= 0) {
      const detail = `all ${book.size} rules that the daemon may have are in use`;
      return { ok: false, refusal: { code: 'table-full', detail } };
    }
    const commit = () => book.add(newRule(spec));
    const outcome = 'installed';
    return { index, id, mods: [mods.add(spec)], outcome, puts: spec, ends: false, commit };
  }
  const sameMatch = rule.spec.matchKey === spec.matchKey;
  const same = sameMatch && rule.spec.actionsKey === spec.actionsKey;
  if (same && rule.installed) {
    rule.spec = spec;
    return { ok: true, outcome: 'unchanged' };
  }
  return {
    index,
    id,
    mods: sameMatch ? [mods.addOver(spec)] : [mods.remove(rule.spec), mods.add(spec)],
    outcome: rule.installed ? 'replaced' : 'installed',
    puts: spec,
    ends: !sameMatch,
    commit: () => {
      if (!sameMatch || !rule.installed) {
        rule.packets = 0;
        rule.bytes = 0;
      }
      rule.spec = spec;
      rule.installed = true;
    },
  };
}

/** A rule that has just been put. */
export function newRule(spec: RuleSpec, packets = 0, bytes = 0): Rule {
  return { spec, installed: true, packets, bytes, beatAtMs: performance.now() };
}
