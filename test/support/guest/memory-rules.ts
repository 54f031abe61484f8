import type { RuleTable } from '../../../guest/agent/rule-table.ts';
import type { RuleCounters, RuleResult } from '../../../protocols/guest-channel/codec/messages.ts';
import type { GuestRule } from '../../../protocols/guest-channel/codec/rule.ts';

/** The rules of a guest in memory. Steps are recorded in order, for tests of the order. */
export class MemoryRules implements RuleTable {
  readonly rules = new Map<number, GuestRule>();
  readonly traffic = new Map<number, readonly [packets: number, bytes: number]>();
  /** `put receive 1`, `delete 2`. */
  readonly steps: string[] = [];
  /** Ids that are refused, and why. */
  readonly refused = new Map<number, string>();

  get receive(): ReadonlySet<number> {
    return this.#idsOf('receive');
  }

  get transmit(): ReadonlySet<number> {
    return this.#idsOf('transmit');
  }

  async adopt(): Promise<void> {
    await this.deleteTransmit();
  }

  async put(rules: readonly GuestRule[]): Promise<readonly RuleResult[]> {
    return rules.map((rule): RuleResult => {
      const why = this.refused.get(rule.id);
      if (why !== undefined) return { id: rule.id, ok: false, why };
      this.rules.set(rule.id, rule);
      this.steps.push(`put ${rule.direction} ${rule.id}`);
      return { id: rule.id, ok: true };
    });
  }

  async delete(ids: readonly number[]): Promise<number> {
    const there = ids.filter((id) => this.rules.delete(id));
    this.steps.push(...there.map((id) => `delete ${id}`));
    return there.length;
  }

  retain(kept: ReadonlySet<number>): Promise<number> {
    return this.delete([...this.transmit, ...this.receive].filter((id) => !kept.has(id)));
  }

  /** Ids of rules whose devices do not work any more. */
  readonly unusable: number[] = [];

  dropUnusable(): Promise<number> {
    return this.delete(this.unusable.splice(0));
  }

  deleteTransmit(): Promise<number> {
    return this.delete([...this.transmit]);
  }

  async counters(): Promise<readonly RuleCounters[]> {
    return [...this.rules.keys()]
      .toSorted((a, b) => a - b)
      .map((id) => [id, ...(this.traffic.get(id) ?? ([0, 0] as const))]);
  }

  #idsOf(direction: GuestRule['direction']): ReadonlySet<number> {
    return new Set(
      [...this.rules.values()].filter((r) => r.direction === direction).map(({ id }) => id),
    );
  }
}
