import type { Seeded } from '../../../support/seeded.ts';
import { type Comparison, comparison } from './comparisons.ts';
import { amount, signedAmount } from './quantities.ts';

/** A condition of a document. */
export type ConditionSpec =
  | Comparison
  | { readonly condition: string }
  | ({ readonly all: readonly ConditionSpec[] } & ConditionOptions)
  | ({ readonly any: readonly ConditionSpec[] } & ConditionOptions)
  | ({ readonly not: ConditionSpec } & ConditionOptions);

/** Properties that do not affect the verdict. */
interface ConditionOptions {
  readonly name?: string;
  readonly priority?: number;
}

/** Root of a rule's conditions. */
export type RootSpec = Exclude<ConditionSpec, Comparison>;

export interface RuleSpec {
  readonly name: string;
  readonly priority?: number;
  readonly conditions: RootSpec;
  readonly event: { readonly type: string };
}

/** A policy document. */
export interface PolicySpec {
  readonly name: string;
  readonly version: string;
  readonly facts: Readonly<
    Record<string, { readonly type: 'number'; readonly unit: string; readonly initial: number }>
  >;
  readonly conditions: Readonly<Record<string, RootSpec>>;
  readonly rules: readonly RuleSpec[];
}

const MAX_DEPTH = 6;
/** Shared conditions; `sure` uses only facts that are never missing, so it can be inside "not". */
const SHARED = ['sure', 'plain', 'nested'];

/** A policy with this number of rules. */
export function generatedPolicy(random: Seeded, rules: number): PolicySpec {
  const fact = (unit: 'bit/s' | 'packet/s') =>
    ({
      type: 'number',
      unit,
      initial: random.chance(0.5) ? amount(random, unit) : signedAmount(random, unit),
    }) as const;
  return {
    name: 'generated',
    version: '1',
    facts: { limit: fact('bit/s'), floor: fact('packet/s') },
    conditions: {
      sure: group(random, 2, { sure: true, negated: false, shared: [] }),
      plain: group(random, 1, { sure: false, negated: false, shared: [] }),
      nested: group(random, 2, { sure: false, negated: false, shared: ['sure', 'plain'] }),
    },
    rules: Array.from({ length: rules }, (_, i) => ({
      name: `r${i}`,
      ...(random.chance(0.7) ? { priority: random.pick([1, 2, 3, 10, 1_000_000]) } : {}),
      conditions: root(random),
      event: { type: random.pick(['offload', 'onload', 'fast-path', 'slow-path']) },
    })),
  };
}

interface Context {
  /** Uses only facts that are never missing. */
  readonly sure: boolean;
  /** Inside an odd number of "not", where facts that can be missing are refused. */
  readonly negated: boolean;
  /** Shared conditions that it can reference. */
  readonly shared: readonly string[];
}

function root(random: Seeded): RootSpec {
  const context = { sure: false, negated: false, shared: SHARED };
  if (random.chance(0.05)) return { condition: random.pick(SHARED) };
  return group(random, random.pick([1, 1, 2, 3, 4, MAX_DEPTH]), context);
}

function group(random: Seeded, depth: number, context: Context): RootSpec {
  const children = (): readonly ConditionSpec[] =>
    Array.from({ length: random.pick([1, 1, 2, 2, 3]) }, () => written(random, depth - 1, context));
  const noted = note(random);
  switch (random.pick(['all', 'all', 'any', 'any', 'not'])) {
    case 'all':
      return { all: children(), ...noted };
    case 'any':
      return { any: children(), ...noted };
    default:
      return {
        not: written(random, depth - 1, { ...context, negated: !context.negated }),
        ...noted,
      };
  }
}

function written(random: Seeded, depth: number, context: Context): ConditionSpec {
  const shared = context.shared.filter((name) => name === 'sure' || !context.negated);
  if (shared.length > 0 && random.chance(0.08)) return { condition: random.pick(shared) };
  if (depth > 0 && random.chance(0.45)) return group(random, depth, context);
  return { ...comparison(random, context.sure || context.negated), ...note(random) };
}

function note(random: Seeded): ConditionOptions {
  return {
    ...(random.chance(0.1) ? { priority: random.between(1, 5) } : {}),
    ...(random.chance(0.1) ? { name: 'any name' } : {}),
  };
}
