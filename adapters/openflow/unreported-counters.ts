import { type FlowId, formatFlowId } from '../../engine/model/flow-id.ts';
import type { CounterSink } from '../../engine/ports/offload-backend.ts';
import type { Rule } from './rule.ts';

/** Flow statistics do not include the time of the last packet. */
const NOT_KNOWN = -1;

/** Traffic of rules that has not been reported yet, summed by flow. */
export class UnreportedCounters {
  readonly #sums = new Map<string, { readonly id: FlowId; packets: number; bytes: number }>();

  /**
   * Adds the increase of a rule's counters. Counters below the last ones belong to a rule that was
   * added again, which counts from zero.
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
  report(sink: CounterSink): void {
    for (const { id, packets, bytes } of this.#sums.values()) {
      sink.carried(id.w0, id.w1, id.w2, id.w3, packets, bytes, NOT_KNOWN);
    }
    this.#sums.clear();
  }
}
