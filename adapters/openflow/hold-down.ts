import { type FlowId, formatFlowId } from '../../engine/model/flow-id.ts';
import type { Refusal } from '../../engine/model/refusal.ts';

/** How long a flow is left to the rules of others after they changed, ms. */
const HOLD_MS = 2_000;

/** Flows that get no rule for a short time, because rules of another controller that apply to them changed. */
export class HoldDown {
  readonly #until = new Map<string, number>();

  add(ids: readonly FlowId[]): void {
    const nowMs = performance.now();
    for (const [flow, untilMs] of this.#until) if (untilMs <= nowMs) this.#until.delete(flow);
    for (const id of ids) this.#until.set(formatFlowId(id), nowMs + HOLD_MS);
  }

  /** Why the flow may have no rule now; undefined when it may. */
  refusal(id: FlowId): Refusal | undefined {
    if (this.#until.size === 0) return undefined;
    const flow = formatFlowId(id);
    const leftMs = (this.#until.get(flow) ?? 0) - performance.now();
    if (leftMs > 0) {
      const seconds = (leftMs / 1000).toFixed(1);
      const detail = `another owner changed the switch's rules for it; left to them for ${seconds} s more`;
      return { code: 'device-error', detail };
    }
    this.#until.delete(flow);
    return undefined;
  }
}
