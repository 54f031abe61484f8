import { type FlowId, formatFlowId } from '../../engine/model/flow-id.ts';
import type { CounterSink } from '../../engine/ports/offload-backend.ts';
import type { Rule } from './rule.ts';

/** Flow statistics do not say when a rule's last packet was. */
const NOT_KNOWN = -1;

/** Traffic that rules carried and that has not been reported yet, summed by flow. */
export class UnreportedCounters {
  readonly #sums = new Map<string, { readonly id: FlowId; packets: number; bytes: number }>();

  /**
   * Takes note of a rule's counters as the switch has them now. Counters below the last ones are
   * of a rule that was added again: it counts from zero.
   */
  note(rule: Rule, packets: number, bytes: number): void {
    const restarted = packets < rule.packets || bytes < rule.bytes;
    const more = restarted ? packets : packets - rule.packets;
    const moreBytes = restarted ? bytes : bytes - rule.bytes;
    rule.packets = packets;
    rule.bytes = bytes;
    if (more === 0 && moreBytes === 0) return;
    const key = formatFlowId(rule.spec.id);
    const sum = this.#sums.get(key);
    if (sum === undefined) {
      this.#sums.set(key, { id: rule.spec.id, packets: more, bytes: moreBytes });
    } else {
      sum.packets += more;
      sum.bytes += moreBytes;
    }
  }

  /** Reports and clears everything. */
  tell(sink: CounterSink): void {
    for (const { id, packets, bytes } of this.#sums.values()) {
      sink.carried(id.w0, id.w1, id.w2, id.w3, packets, bytes, NOT_KNOWN);
    }
    this.#sums.clear();
  }
}
