import { type FlowId, formatFlowId } from '../../engine/model/flow-id.ts';
import type { OperationResult } from '../../engine/ports/offload-backend.ts';
import type { FlowModBody, FlowMods } from './flow-mods.ts';
import type { Rule, RuleSpec } from './rule.ts';
import type { RuleTable } from './rule-table.ts';

/** A planned operation: its messages, and the change of the table once they are executed. */
export interface Step {
  /** Position among the caller's operations. */
  readonly index: number;
  readonly id: FlowId;
  readonly mods: readonly FlowModBody[];
  readonly outcome: Extract<OperationResult, { ok: true }>['outcome'];
  /** The rule to install; undefined for a delete. */
  readonly puts: RuleSpec | undefined;
  /** A rule is removed, so its counters must be read first. */
  readonly ends: boolean;
  commit(): void;
}

/** A step, or the result of an operation that needs none. */
export type Planned = Step | OperationResult;

/** Plans the removal of a flow's rule. */
export function planDelete(
  index: number,
  id: FlowId,
  ruleTable: RuleTable,
  mods: FlowMods,
): Planned {
  const rule = ruleTable.get(id);
  if (rule === undefined) return { ok: true, outcome: 'absent' };
  return {
    index,
    id,
    mods: [mods.remove(rule.spec)],
    outcome: 'deleted',
    puts: undefined,
    ends: true,
    commit: () => ruleTable.delete(rule),
  };
}

/** Plans the installation of a rule. `room`: free entries, less those already planned. */
export function planPut(
  index: number,
  spec: RuleSpec,
  ruleTable: RuleTable,
  mods: FlowMods,
  room: number,
): Planned {
  const { id } = spec;
  const rule = ruleTable.get(id);
  if (rule === undefined) {
    const holder = ruleTable.byCookie(spec.cookie);
    if (holder !== undefined) {
      const detail = `its cookie is that of flow ${formatFlowId(holder.spec.id)}`;
      return { ok: false, refusal: { code: 'device-error', detail } };
    }
    if (room <= 0) {
      const detail = `all ${ruleTable.size} rules are in use`;
      return { ok: false, refusal: { code: 'table-full', detail } };
    }
    const commit = () => ruleTable.add(newRule(spec));
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
    mods: sameMatch ? [mods.addOrReplace(spec)] : [mods.remove(rule.spec), mods.add(spec)],
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

/** A newly installed rule. */
export function newRule(spec: RuleSpec, packets = 0, bytes = 0): Rule {
  return { spec, installed: true, packets, bytes, beatAtMs: performance.now() };
}
