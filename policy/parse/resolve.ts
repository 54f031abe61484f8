import type { JsonDocument, JsonPath } from '../../text/json-document.ts';
import type { FollowedFact, GivenValue, ScoreSource } from '../model/amount.ts';
import {
  type Comparison,
  type Condition,
  type FactReference,
  isFactReference,
  type RootCondition,
} from '../model/condition.ts';
import { decoratedOperator } from '../operators/decorators.ts';
import type { FactParams } from '../model/fact.ts';
import { numberIn } from '../check/literal-check.ts';
import { fullName, type Names } from '../document/names.ts';
import type {
  WrittenAmount,
  WrittenComparison,
  WrittenCondition,
} from '../document/policy-document.ts';
import { subjectOf } from '../document/subject.ts';
import { perSecond } from '../model/units.ts';

/** Makes what evaluators take of what an author wrote, in a document without a mistake. */
export class Resolver {
  readonly #document: JsonDocument;
  readonly #names: Names;
  readonly #shared: ReadonlyMap<string, WrittenCondition>;

  constructor(
    document: JsonDocument,
    names: Names,
    shared: Readonly<Record<string, WrittenCondition>>,
  ) {
    this.#document = document;
    this.#names = names;
    this.#shared = new Map(Object.entries(shared));
  }

  /** The conditions of a rule: a bare comparison, behind a reference, becomes an `all` of one. */
  root(written: WrittenCondition, path: JsonPath): RootCondition {
    const condition = this.condition(written, path);
    return 'operator' in condition ? { all: [condition] } : condition;
  }

  condition(written: WrittenCondition, path: JsonPath): Condition {
    const { name, priority } = written;
    const words = {
      ...(name === undefined ? {} : { name }),
      ...(priority === undefined ? {} : { priority }),
    };
    const at = this.#document.placeOf(path);
    if ('all' in written) {
      const all = written.all.map((c, i) => this.condition(c, [...path, 'all', i]));
      return { all, ...words, at };
    }
    if ('any' in written) {
      const any = written.any.map((c, i) => this.condition(c, [...path, 'any', i]));
      return { any, ...words, at };
    }
    if ('not' in written) {
      return { not: this.condition(written.not, [...path, 'not']), ...words, at };
    }
    if ('condition' in written) {
      const shared = this.#shared.get(written.condition);
      if (shared === undefined) throw new RangeError(`no shared condition ${written.condition}`);
      const target = this.condition(shared, ['conditions', written.condition]);
      return { ...target, name: name ?? target.name ?? written.condition, ...priorityOf(words) };
    }
    return this.#comparison(written, { ...words, at });
  }

  /** The number that a score or a node rule's value follows; bounds are in `unit`. */
  amount(written: WrittenAmount, unit: string | undefined): FollowedFact {
    const number = (value: unknown) => numberIn({ unit }, value);
    const { times } = written;
    const [plus, atLeast, atMost] = [written.plus, written.atLeast, written.atMost].map(number);
    return {
      kind: 'fact',
      ...this.#reference(written),
      ...(times === undefined ? {} : { times }),
      ...(plus === undefined ? {} : { plus }),
      ...(atLeast === undefined ? {} : { atLeast }),
      ...(atMost === undefined ? {} : { atMost }),
    };
  }

  score(written: string | number | WrittenAmount | undefined): ScoreSource {
    if (written === undefined) return DEFAULT_SCORE;
    if (typeof written === 'number') return { kind: 'number', value: written };
    return this.amount(typeof written === 'string' ? { fact: written } : written, undefined);
  }

  given(fact: string, written: number | string | boolean | WrittenAmount): GivenValue {
    const definition = this.#names.factNamed(fact);
    if (typeof written === 'object') return this.amount(written, definition?.unit);
    const number = definition?.type === 'number' ? numberIn(definition, written) : undefined;
    return { kind: 'value', value: number ?? written };
  }

  #comparison(
    written: WrittenComparison,
    words: Pick<Comparison, 'name' | 'priority' | 'at'>,
  ): Comparison {
    const { operator } = written;
    const fact = this.#names.factNamed(written.fact);
    const unit = fact === undefined ? undefined : subjectOf(written, fact, this.#names).unit;
    const isNumber = fact?.type === 'number' || fact?.type === 'object';
    const change = decoratedOperator(operator)?.operator.operand === 'change';
    const value = isFactReference(written.value)
      ? this.#reference(written.value)
      : withNumbers(
          written.value,
          isNumber ? { unit: change ? perSecond(unit) : unit } : undefined,
        );
    const reference = this.#reference(written);
    // What asks for the change of a fact looks at the fact "rateOfChange".
    return change
      ? { fact: 'rateOfChange', params: { of: written.fact }, operator, value, ...words }
      : { ...reference, operator, value, ...words };
  }

  /** A reference with the names that facts and schedules have outside of the policy. */
  #reference({ fact, params, path }: FactReference): FactReference {
    const { policy, ownFacts } = this.#names;
    return {
      fact: ownFacts.includes(fact) ? fullName(policy, fact) : fact,
      ...(params === undefined ? {} : { params: this.#params(fact, params) }),
      ...(path === undefined ? {} : { path }),
    };
  }

  #params(fact: string, params: FactParams): FactParams {
    const { schedule } = params;
    if (fact !== 'scheduleActive' || typeof schedule !== 'string') return params;
    return { schedule: fullName(this.#names.policy, schedule) };
  }
}

/** What a rule that names no score goes by: what an entry for the flow is expected to bring. */
const DEFAULT_SCORE: ScoreSource = { kind: 'fact', fact: 'worth' };

/** Quantities as numbers, in lists too. */
function withNumbers(
  value: unknown,
  of: { readonly unit: string | undefined } | undefined,
): unknown {
  if (of === undefined) return value;
  if (Array.isArray(value)) return value.map((element: unknown) => withNumbers(element, of));
  return numberIn(of, value) ?? value;
}

function priorityOf({ priority }: { readonly priority?: number }): { readonly priority?: number } {
  return priority === undefined ? {} : { priority };
}
