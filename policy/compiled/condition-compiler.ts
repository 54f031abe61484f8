import type { Condition } from '../model/condition.ts';
import { type Needed, oppositeOf } from '../model/extent.ts';
import type { FactLookup } from '../model/fact.ts';
import { EveryOf, NotOf, SomeOf } from './combinations.ts';
import { asRows, compileComparison, type Part } from './comparison-compiler.ts';
import { CachedCondition } from './flow-conditions.ts';
import type { RowCondition } from './row-condition.ts';
import type { TickColumns } from './tick-columns.ts';

/**
 * Compiles checked conditions to conditions over rows. It generates no code: a condition becomes
 * a tree of objects, each with a loop over rows.
 */
export class ConditionCompiler {
  readonly #factNamed: FactLookup;
  readonly #columns: TickColumns;

  constructor(factNamed: FactLookup, columns: TickColumns) {
    this.#factNamed = factNamed;
    this.#columns = columns;
  }

  /** `needed`: for how many of a flow's packets the condition must hold. */
  compile(condition: Condition, needed: Needed): RowCondition {
    return this.#finished(this.#part(condition, needed));
  }

  #part(condition: Condition, needed: Needed): Part {
    if ('all' in condition) return this.#group(condition.all, 'all', needed);
    if ('any' in condition) return this.#group(condition.any, 'any', needed);
    if ('not' in condition) return negated(this.#part(condition.not, oppositeOf(needed)));
    return compileComparison(condition, needed, this.#factNamed, this.#columns);
  }

  /** Merges children that depend only on the flow, at the position of the first. */
  #group(children: readonly Condition[], key: 'all' | 'any', needed: Needed): Part {
    const parts = children.map((child) => this.#part(child, needed));
    const flow = parts.filter((part) => part.kind === 'flow');
    const tests = flow.map((part) => part.test);
    const merged: Part = {
      kind: 'flow',
      ports: flow.some((part) => part.ports),
      test:
        key === 'all'
          ? (view) => tests.every((test) => test(view))
          : (view) => tests.some((test) => test(view)),
    };
    if (flow.length === parts.length) return merged;
    const kept = parts
      .filter((part) => part.kind === 'rows' || part === flow[0])
      .map((part) => this.#finished(part === flow[0] ? merged : part));
    return asRows(key === 'all' ? new EveryOf(kept) : new SomeOf(kept));
  }

  #finished(part: Part): RowCondition {
    if (part.kind === 'rows') return part.condition;
    return new CachedCondition(this.#columns.rows.byVersion, part.ports, part.test);
  }
}

function negated(part: Part): Part {
  if (part.kind === 'rows') return asRows(new NotOf(part.condition));
  return { ...part, test: (view) => !part.test(view) };
}
