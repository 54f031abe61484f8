import fc from 'fast-check';
import type { Comparison, Condition, RootCondition } from '../../../policy/model/condition.ts';
import { DECORATORS } from '../../../policy/operators/decorators.ts';
import type { FactDefinition, FactParams, FlowView } from '../../../policy/model/fact.ts';
import { memberOf } from '../../../policy/model/linear-function.ts';
import { type OperandKind, OPERATORS } from '../../../policy/operators/operators.ts';

/*
 * Random conditions over the whole catalogue of facts and operators. They are generated as sketches
 * of numbers, which fast-check can shrink, and become conditions in a scene. A fact is mostly
 * compared with a value that it has there, so that about half of the comparisons hold. Sketches
 * need not be valid policies: the evaluators must agree on invalid conditions as well.
 */

/** A comparison before values are chosen. */
interface ComparisonSketch {
  readonly fact: number;
  readonly params: number;
  readonly operator: number;
  /** Selects a value, and whether it is changed slightly, null, or of another type. */
  readonly values: readonly number[];
  readonly odd: number;
  readonly decorators: readonly number[];
  /** Index of another fact to compare with. */
  readonly other: number | undefined;
  readonly priority: number | undefined;
}

export type Sketch =
  | { readonly all: readonly Sketch[]; readonly priority: number | undefined }
  | { readonly any: readonly Sketch[]; readonly priority: number | undefined }
  | { readonly not: Sketch }
  | ComparisonSketch;

const priority = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 3 });
const index = fc.nat({ max: 0xffff });

const comparisonSketch: fc.Arbitrary<ComparisonSketch> = fc.record({
  fact: index,
  params: index,
  operator: index,
  values: fc.array(index, { minLength: 1, maxLength: 3 }),
  odd: fc.nat({ max: 40 }),
  decorators: fc.oneof(
    { weight: 6, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(index, { minLength: 1, maxLength: 2 }) },
  ),
  other: fc.option(index, { nil: undefined, freq: 4 }),
  priority,
});

/** Sketches of a rule's `conditions`, nested up to four levels. */
export const rootSketch: fc.Arbitrary<Sketch> = fc.letrec<{ root: Sketch; any: Sketch }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', maxDepth: 3, depthIdentifier: 'condition' },
    { weight: 3, arbitrary: comparisonSketch },
    { weight: 1, arbitrary: tie('root') },
  ),
  root: fc.oneof(
    { depthIdentifier: 'condition' },
    {
      weight: 3,
      arbitrary: fc.record({ all: fc.array(tie('any'), { minLength: 1, maxLength: 3 }), priority }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ any: fc.array(tie('any'), { minLength: 1, maxLength: 3 }), priority }),
    },
    { weight: 1, arbitrary: fc.record({ not: tie('any') }) },
  ),
})).root;

/** Setting in which sketches become conditions. */
export interface Setting {
  readonly view: FlowView;
  /** Rows whose values are used. */
  readonly rows: readonly number[];
  /** Facts that can be used. */
  readonly facts: readonly FactDefinition[];
  /** Whether to compare sometimes with null or a value of another type. */
  readonly odd: boolean;
}

/** The condition of a sketch in a setting. */
export function rootOf(sketch: Sketch, setting: Setting): RootCondition {
  const condition = conditionOf(sketch, setting);
  return 'operator' in condition ? { all: [condition] } : condition;
}

function conditionOf(sketch: Sketch, setting: Setting): Condition {
  const own = 'priority' in sketch && sketch.priority !== undefined ? sketch.priority : undefined;
  const more = own === undefined ? {} : { priority: own };
  if ('all' in sketch) return { all: sketch.all.map((s) => conditionOf(s, setting)), ...more };
  if ('any' in sketch) return { any: sketch.any.map((s) => conditionOf(s, setting)), ...more };
  if ('not' in sketch) return { not: conditionOf(sketch.not, setting) };
  return { ...comparisonOf(sketch, setting), ...more };
}

function comparisonOf(sketch: ComparisonSketch, setting: Setting): Comparison {
  const { facts } = setting;
  const subject = subjectOf(pick(facts, sketch.fact), sketch.params);
  const { type } = subject.fact;
  const kind = type === 'object' ? 'number' : type;
  const fitting = OPERATORS.filter((o) => o.facts.includes(kind));
  const operator = pick(fitting, sketch.operator);
  const words = sketch.decorators.map((i) => pick(DECORATORS, i).name);
  const one = (shift: number) => valueOf(sketch, shift, subject, operator.operand, setting);
  const lists = words.includes('someValue') || words.includes('everyValue');
  return {
    ...subject.reference,
    operator: [...words, operator.name].join(':'),
    value:
      sketch.other !== undefined
        ? otherOf(sketch.other, sketch.params, kind, facts)
        : lists
          ? [one(0), one(1)]
          : one(0),
  };
}

/** A fact with its parameters and path. */
interface Subject {
  readonly fact: FactDefinition;
  readonly reference: {
    readonly fact: string;
    readonly params?: FactParams;
    readonly path?: string;
  };
}

function subjectOf(fact: FactDefinition, choice: number): Subject {
  const names = Object.keys(fact.params ?? {});
  const params = Object.fromEntries(
    names.map((name) => [name, pick(PARAMS[name] ?? [''], choice)]),
  );
  const member = fact.members === undefined ? undefined : pick(Object.keys(fact.members), choice);
  return {
    fact,
    reference: {
      fact: fact.name,
      ...(names.length === 0 ? {} : { params }),
      ...(member === undefined ? {} : { path: `$.${member}` }),
    },
  };
}

/** Arguments for each parameter of any fact. */
const PARAMS: Readonly<Record<string, readonly string[]>> = {
  port: ['vm1', 'eth0', 'gone'],
  placement: ['offload', 'fast-path'],
  slice: ['gold', 'p/bronze', 'none'],
  timezone: ['UTC'],
  schedule: ['p/now', 'p/never'],
  of: ['packetsPerSecond', 'bytes', 'hostCpu', 'inPortBitsPerSecond'],
};

function otherOf(choice: number, params: number, kind: string, facts: readonly FactDefinition[]) {
  const same = facts.filter((f) => (f.type === 'object' ? 'number' : f.type) === kind);
  return subjectOf(pick(same, choice), params).reference;
}

function valueOf(
  sketch: ComparisonSketch,
  shift: number,
  { fact, reference }: Subject,
  operand: OperandKind,
  { view, rows, odd }: Setting,
): unknown {
  if (odd && sketch.odd === 40) return null;
  if (odd && sketch.odd === 39) return pick(['x', 5, true, [], ['x', 5]], sketch.values[0]);
  const seen = rows.flatMap((row) => {
    view.row = row;
    const value = memberOf(fact.read(view, reference.params ?? {}), reference.path);
    return value === undefined ? [] : [value];
  });
  const near = sketch.values.map((choice) => {
    const value: unknown = seen.length === 0 ? undefined : pick(seen, choice + shift);
    if (typeof value === 'number') return value + [0, 0, 1, -1][choice % 4];
    return value ?? (fact.type === 'number' ? 5 : 'x');
  });
  switch (operand) {
    case 'same':
    case 'number':
    case 'change':
      return near[0];
    case 'list':
      return near;
    case 'element':
      return near.flat()[0] ?? 'vm1';
    case 'range':
      return [near[0], near.at(-1)].toSorted((a, b) => Number(a) - Number(b));
    case 'subnet':
      return sketch.odd % 2 === 0 ? pick(SUBNETS, sketch.values[0]) : SUBNETS.slice(1);
    case 'pattern':
    default:
      return pick(PATTERNS, sketch.values[0]);
  }
}

const SUBNETS = ['10.0.0.0/8', '10.1.0.0/16', '10.2.0.1', 'fd00::/16'];
const PATTERNS = ['^vm', '1$', '^(?:gold|web)$', 'o'];

function pick<T>(from: readonly T[], choice: number): T {
  return from[choice % from.length];
}
