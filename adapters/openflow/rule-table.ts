import { type FlowId, formatFlowId } from '../../engine/model/flow-id.ts';
import type { Rule } from './rule.ts';

/** Our rules, by flow and by cookie. */
export class RuleTable {
  readonly #byFlow = new Map<string, Rule>();
  readonly #byCookie = new Map<bigint, Rule>();

  get size(): number {
    return this.#byFlow.size;
  }

  get(id: FlowId): Rule | undefined {
    return this.#byFlow.get(formatFlowId(id));
  }

  byCookie(cookie: bigint): Rule | undefined {
    return this.#byCookie.get(cookie);
  }

  all(): Iterable<Rule> {
    return this.#byFlow.values();
  }

  /** Adds a rule of a flow without one. */
  add(rule: Rule): void {
    this.#byFlow.set(formatFlowId(rule.spec.id), rule);
    this.#byCookie.set(rule.spec.cookie, rule);
  }

  delete(rule: Rule): void {
    this.#byFlow.delete(formatFlowId(rule.spec.id));
    this.#byCookie.delete(rule.spec.cookie);
  }

  clear(): void {
    this.#byFlow.clear();
    this.#byCookie.clear();
  }
}
