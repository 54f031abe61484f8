import type { SampleCounts } from '../engine/loop/sampler.ts';
import type { Explanation, TickReport } from '../engine/loop/tick-report.ts';
import { REQUESTED_PLACEMENT_NAMES } from '../engine/model/flow.ts';
import type { SourceStatus } from '../engine/model/tick.ts';
import type { ChangeMonitor } from '../engine/ports/change-monitor.ts';
import type {
  PortHook,
  VirtualFunctionState,
  WatchdogState,
} from '../engine/ports/offload-backend.ts';
import type { RuleTrace } from '../engine/ports/rule-evaluator.ts';
import type { RuleView, WhyView } from '../api/flow-views.ts';
import type {
  ChangesView,
  HookView,
  PortView,
  SamplesView,
  SourceView,
  VirtualFunctionView,
  WatchdogView,
} from '../api/status-view.ts';
import { finite } from './finite.ts';

/** The state of the flow monitors; null: not configured. */
export function changesView(changes: ChangeMonitor | undefined): ChangesView | null {
  if (changes === undefined) return null;
  const { name } = changes;
  return { name, active: changes.active(), problem: changes.problem() ?? null };
}

/** Samples by result; null: none are taken. */
export function samplesView(counts: SampleCounts | undefined): SamplesView | null {
  if (counts === undefined) return null;
  const { 'not-comparable': notComparable, ...others } = counts;
  return { ...others, notComparable };
}

/** What a sample found wrong with the flow's entry; null: nothing, or it is no longer held for it. */
export function mismatchView({ mismatch }: Explanation, nowMs: number): WhyView['mismatch'] {
  if (mismatch === undefined) return null;
  return { detail: mismatch.detail, heldMs: Math.max(0, mismatch.untilMs - nowMs) };
}

/** The ports of a tick with their load, and where backends take their packets. */
export function portViews({ tick, plans }: TickReport): readonly PortView[] {
  const hooks = new Map(plans.flatMap(({ portHooks }) => portHooks).map((at) => [at.name, at]));
  return [...tick.ports.values()].map((port) => {
    const load = tick.node.portLoad.get(port.name);
    return {
      name: port.name,
      kind: port.kind,
      vm: port.vm ?? null,
      slice: port.slice ?? null,
      rxBitsPerSecond: load?.rxBitsPerSecond ?? null,
      txBitsPerSecond: load?.txBitsPerSecond ?? null,
      linkBitsPerSecond: port.linkBitsPerSecond ?? null,
      hook: hookView(hooks.get(port.name)),
    };
  });
}

/** The hook of a port; null if no backend serves it. */
export function hookView(at: PortHook | undefined): HookView | null {
  return at === undefined ? null : { hook: at.hook, reason: at.reason, why: at.why };
}

/** The watchdog of a backend's lease; null: it has none. */
export function watchdogView(watchdog: WatchdogState | undefined): WatchdogView | null {
  if (watchdog === undefined) return null;
  const { isAlive, pid, readAgeMs, leaseLeftMs, removedEntries } = watchdog;
  return {
    alive: isAlive,
    pid: pid === 0 ? null : pid,
    readAgeMs: finite(readAgeMs),
    leaseLeftMs,
    removedEntries,
  };
}

/** The virtual function of a port. */
export function virtualFunctionView({
  isOpen,
  ...state
}: VirtualFunctionState): VirtualFunctionView {
  return { ...state, open: isOpen };
}

/** A source as of a tick. */
export function sourceView(source: SourceStatus): SourceView {
  return {
    ...source,
    ageMs: finite(source.ageMs),
    error: source.error ?? null,
    note: source.note ?? null,
  };
}

/** A rule's verdict on a flow. */
export function ruleView(trace: RuleTrace): RuleView {
  const { rule, verdict, condition } = trace;
  return {
    name: rule.name,
    priority: rule.priority,
    requested: REQUESTED_PLACEMENT_NAMES[rule.requested],
    shadow: rule.mode === 'shadow',
    verdict,
    condition,
  };
}
