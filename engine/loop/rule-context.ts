import { PLACEMENT_NAMES } from '../model/flow.ts';
import type { Tick } from '../model/tick.ts';
import type { BackendController } from './backend-controller.ts';
import type { RuleContext } from '../ports/rule-evaluator.ts';

/** What rules can read in a tick besides the flow. */
export function ruleContext(tick: Tick, controllers: readonly BackendController[]): RuleContext {
  const tables = controllers.map(({ backend, reconciler }) => {
    const { entries, used } = backend.capacity();
    return { placement: PLACEMENT_NAMES[reconciler.placement], entries, used };
  });
  const used = tables.reduce((n, t) => n + t.used, 0);
  const entries = tables.reduce((n, t) => n + t.entries, 0);
  return {
    nowMs: tick.atMs,
    wallMs: tick.wallMs,
    node: tick.node,
    ports: tick.ports,
    tableFill: entries === 0 ? 0 : used / entries,
    tables,
  };
}
