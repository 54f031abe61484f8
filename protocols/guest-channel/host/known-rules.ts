import { MAX_RULES } from '../codec/limits.ts';
import type { RuleResult } from '../codec/messages.ts';

/** The rules that a guest may have: those that it was given, and that are not known to be gone. */
export class KnownRules {
  readonly #ids = new Set<number>();

  get ids(): ReadonlySet<number> {
    return this.#ids;
  }

  /**
   * Adds rules that are about to be put; what the guest reports may arrive before its reply is handled.
   *
   * @returns those that were not known; undefined: the guest cannot hold them, and none was added
   */
  add(ids: readonly number[]): readonly number[] | undefined {
    const added = ids.filter((id) => !this.#ids.has(id));
    if (this.#ids.size + added.length > MAX_RULES) return undefined;
    for (const id of added) this.#ids.add(id);
    return added;
  }

  /** Forgets new rules that were refused; one whose replacement was refused may still be there. */
  settle(added: readonly number[], results: readonly RuleResult[]): void {
    const isNew = new Set(added);
    for (const { id, ok } of results) if (!ok && isNew.has(id)) this.#ids.delete(id);
  }

  remove(ids: Iterable<number>): void {
    for (const id of ids) this.#ids.delete(id);
  }

  /** Forgets all others. */
  retain(ids: readonly number[]): void {
    const kept = new Set(ids);
    for (const id of this.#ids) if (!kept.has(id)) this.#ids.delete(id);
  }
}
