import type { Comparison } from '../model/condition.ts';
import { comparing } from '../operators/compare.ts';
import { decoratedOperator } from '../operators/decorators.ts';
import { MIRRORED } from '../operators/operators.ts';
import { type Needed, suffices } from '../model/extent.ts';
import type { FactLookup, FlowView } from '../model/fact.ts';
import {
  CodeCondition,
  UncachedCondition,
  type FlowTest,
  KeyedCondition,
  NodeCondition,
  CachedCondition,
} from './flow-conditions.ts';
import { ColumnWithColumn, ColumnWithNumber } from './number-conditions.ts';
import { COLUMN_LOOPS, NUMBER_LOOPS } from './number-loops.ts';
import type { RowCondition } from './row-condition.ts';
import { factSide, type Side, sameForAll, valueSide } from './side.ts';
import type { TickColumns } from './tick-columns.ts';

/**
 * A partly compiled {@link RowCondition}. Conditions that depend only on the flow (`flow`) can
 * still be merged with each other.
 */
export type Part =
  | { readonly kind: 'flow'; readonly ports: boolean; readonly test: FlowTest }
  | { readonly kind: 'rows'; readonly condition: RowCondition };

/**
 * Compiles a comparison to the cheapest condition that the sources of its sides permit. `needed`:
 * for how many of a flow's packets it must hold.
 */
export function compileComparison(
  comparison: Comparison,
  needed: Needed,
  factNamed: FactLookup,
  columns: TickColumns,
): Part {
  const left = factSide(comparison, factNamed);
  const right = valueSide(comparison.value, factNamed);
  const operator = decoratedOperator(comparison.operator);
  // Unknown names cannot occur in a checked policy; such a comparison holds for no flow.
  if (left === undefined || right === undefined || operator === undefined) {
    return asRows(new NodeCondition(() => false));
  }
  const compare = comparing(operator);
  const holds = (fact: unknown, value: unknown) => suffices(compare(fact, value), needed);
  const test: FlowTest = (view) => holds(left.read(view), right.read(view));
  if (sameForAll(left) && sameForAll(right)) return asRows(new NodeCondition(test));
  return (
    byFlow(left, right, test, columns) ??
    byKey(left, right, test, columns) ??
    byNumber(left, comparison.operator, right, needed, columns) ??
    byCode(left, right, holds) ??
    asRows(new UncachedCondition(test))
  );
}

export function asRows(condition: RowCondition): Part {
  return { kind: 'rows', condition };
}

/** For facts that depend only on the flow: tested once per flow and value of the node. */
function byFlow(left: Side, right: Side, test: FlowTest, columns: TickColumns): Part | undefined {
  const flow = [left.source, right.source].filter((source) => source.kind === 'flow');
  if (flow.length === 0) return undefined;
  const ports = flow.some((source) => source.ports);
  const other = left.source.kind === 'flow' ? right : left;
  if (flow.length === 2 || other.source.kind === 'constant') return { kind: 'flow', ports, test };
  if (other.source.kind !== 'node') return undefined;
  return asRows(new CachedCondition(columns.rows.byVersion, ports, test, other.read));
}

/**
 * For columns of numbers, in which NaN means that there is no number and every comparison is false.
 * A number that is not known must count as holding if `some` is needed: then flows are tested one by
 * one, except where the number is the node's and so decides for all flows alike.
 */
function byNumber(
  left: Side,
  operator: string,
  right: Side,
  needed: Needed,
  columns: TickColumns,
): Part | undefined {
  const open = (side: Side) => needed === 'some' && side.unknown;
  const a = columnOf(left, columns);
  const b = columnOf(right, columns);
  if ((a !== undefined && open(left)) || (b !== undefined && open(right))) return undefined;
  if (a !== undefined && b !== undefined) {
    const loop = COLUMN_LOOPS.get(operator);
    return loop && asRows(new ColumnWithColumn(a, loop, b));
  }
  if (a !== undefined && sameForAll(right) && right.number) {
    if (open(right) && left.missing) return undefined;
    const loop = NUMBER_LOOPS.get(operator);
    return loop && asRows(new ColumnWithNumber(a, loop, right.read, needed));
  }
  if (b !== undefined && sameForAll(left) && left.number) {
    if (open(left) && right.missing) return undefined;
    const loop = NUMBER_LOOPS.get(MIRRORED.get(operator) ?? '');
    return loop && asRows(new ColumnWithNumber(b, loop, left.read, needed));
  }
  return undefined;
}

function columnOf(side: Side, columns: TickColumns) {
  return side.number ? columns.numbers(side) : undefined;
}

function byKey(left: Side, right: Side, test: FlowTest, columns: TickColumns): Part | undefined {
  const [keyed, other] = left.source.kind === 'keyed' ? [left, right] : [right, left];
  if (keyed.source.kind !== 'keyed') return undefined;
  const { key } = keyed.source;
  const sameKey = other.source.kind === 'keyed' && other.source.key === key;
  if (!sameKey && !sameForAll(other)) return undefined;
  return asRows(new KeyedCondition(columns.keys.of(key), test));
}

function byCode(
  left: Side,
  right: Side,
  holds: (fact: unknown, value: unknown) => boolean,
): Part | undefined {
  if (left.source.kind !== 'code' || !sameForAll(right)) return undefined;
  const { of, names } = left.source;
  const test = (view: FlowView, code: number) => holds(names[code], right.read(view));
  return asRows(new CodeCondition(of, names.length, test));
}
