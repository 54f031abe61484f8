import type { JsonDocument, JsonPath } from '../../text/json-document.ts';
import type { LinearFunction, SetValue, ScoreSource } from '../model/linear-function.ts';
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
import type { LinearSpec, ComparisonSpec, ConditionSpec } from '../document/policy-document.ts';
import { subjectOf } from '../document/subject.ts';
import { perSecond } from '../model/units.ts';

/** Resolves references, quantities and names of a valid document. */
export class Resolver {
  readonly #document: JsonDocument;
  readonly #names: Names;
  readonly #shared: ReadonlyMap<string, ConditionSpec>;

  constructor(
    document: JsonDocument,
    names: Names,
    shared: Readonly<Record<string, ConditionSpec>>,
  ) {
    this.#document = document;
    this.#names = names;
    this.#shared = new Map(Object.entries(shared));
  }

  /** Conditions of a rule; a reference to a comparison becomes an `all` with one element. */
  root(spec: ConditionSpec, path: JsonPath): RootCondition {
    const condition = this.condition(spec, path);
    return 'operator' in condition ? { all: [condition] } : condition;
  }

  condition(spec: ConditionSpec, path: JsonPath): Condition {
    const { name, priority } = spec;
    const options = {
      ...(name === undefined ? {} : { name }),
      ...(priority === undefined ? {} : { priority }),
    };
    const at = this.#document.placeOf(path);
    if ('all' in spec) {
      const all = spec.all.map((c, i) => this.condition(c, [...path, 'all', i]));
      return { all, ...options, at };
    }
    if ('any' in spec) {
      const any = spec.any.map((c, i) => this.condition(c, [...path, 'any', i]));
      return { any, ...options, at };
    }
    if ('not' in spec) {
      return { not: this.condition(spec.not, [...path, 'not']), ...options, at };
    }
    if ('condition' in spec) {
      const shared = this.#shared.get(spec.condition);
      if (shared === undefined) throw new RangeError(`no shared condition ${spec.condition}`);
      const target = this.condition(shared, ['conditions', spec.condition]);
      return { ...target, name: name ?? target.name ?? spec.condition, ...priorityOf(options) };
    }
    return this.#comparison(spec, { ...options, at });
  }

  /** A linear function of a fact; its bounds are in `unit`. */
  linear(spec: LinearSpec, unit: string | undefined): LinearFunction {
    const number = (value: unknown) => numberIn({ unit }, value);
    const { times } = spec;
    const [plus, atLeast, atMost] = [spec.plus, spec.atLeast, spec.atMost].map(number);
    return {
      kind: 'fact',
      ...this.#reference(spec),
      ...(times === undefined ? {} : { times }),
      ...(plus === undefined ? {} : { plus }),
      ...(atLeast === undefined ? {} : { atLeast }),
      ...(atMost === undefined ? {} : { atMost }),
    };
  }

  score(spec: string | number | LinearSpec | undefined): ScoreSource {
    if (spec === undefined) return DEFAULT_SCORE;
    if (typeof spec === 'number') return { kind: 'number', value: spec };
    return this.linear(typeof spec === 'string' ? { fact: spec } : spec, undefined);
  }

  given(fact: string, spec: number | string | boolean | LinearSpec): SetValue {
    const definition = this.#names.factNamed(fact);
    if (typeof spec === 'object') return this.linear(spec, definition?.unit);
    const number = definition?.type === 'number' ? numberIn(definition, spec) : undefined;
    return { kind: 'value', value: number ?? spec };
  }

  #comparison(
    spec: ComparisonSpec,
    options: Pick<Comparison, 'name' | 'priority' | 'at'>,
  ): Comparison {
    const { operator } = spec;
    const fact = this.#names.factNamed(spec.fact);
    const unit = fact === undefined ? undefined : subjectOf(spec, fact, this.#names).unit;
    const isNumber = fact?.type === 'number' || fact?.type === 'object';
    const change = decoratedOperator(operator)?.operator.operand === 'change';
    const value = isFactReference(spec.value)
      ? this.#reference(spec.value)
      : withNumbers(spec.value, isNumber ? { unit: change ? perSecond(unit) : unit } : undefined);
    const reference = this.#reference(spec);
    // An operator on the change of a fact becomes a comparison of the fact "rateOfChange".
    return change
      ? { fact: 'rateOfChange', params: { of: spec.fact }, operator, value, ...options }
      : { ...reference, operator, value, ...options };
  }

  /** A reference with qualified names of facts and schedules. */
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

/** Score of a rule that names none: what an entry for the flow is expected to bring. */
const DEFAULT_SCORE: ScoreSource = { kind: 'fact', fact: 'worth' };

/** Converts quantities to numbers, including those in lists. */
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
