import { type FlowId, formatFlowId } from '../../engine/model/flow-id.ts';
import type { Refusal } from '../../engine/model/refusal.ts';

/** Time for which a flow gets no rule after other controllers' rules for it changed, ms. */
const HOLD_MS = 2_000;

/**
 * Flows that temporarily get no rule, because another controller changed rules that apply to them.
 */
export class HoldDown {
  readonly #until = new Map<string, number>();

  add(ids: readonly FlowId[]): void {
    const nowMs = performance.now();
    for (const [flow, untilMs] of this.#until) if (untilMs <= nowMs) this.#until.delete(flow);
    for (const id of ids) this.#until.set(formatFlowId(id), nowMs + HOLD_MS);
  }

  /** Why the flow gets no rule now, or undefined. */
  refusal(id: FlowId): Refusal | undefined {
    if (this.#until.size === 0) return undefined;
    const flow = formatFlowId(id);
    const leftMs = (this.#until.get(flow) ?? 0) - performance.now();
    if (leftMs > 0) {
      const seconds = (leftMs / 1000).toFixed(1);
      const detail = `another controller changed its rules in the switch; no rule for another ${seconds} s`;
      return { code: 'device-error', detail };
    }
    this.#until.delete(flow);
    return undefined;
  }
}
