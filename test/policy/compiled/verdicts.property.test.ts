import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import type { ConditionTrace, RuleContext } from '../../../engine/ports/rule-evaluator.ts';
import {
  contextOf,
  evaluatorOf,
  exactly,
  never,
  policyText,
  portInfo,
  tableOf,
} from '../fixture.ts';

/*
 * Compares the verdicts of json-rules-engine, configured as in the evaluator, with a small model of
 * docs/policies.md over plain values.
 */

/** Packets with and without a value, and a value that is not known. */
const OPEN: unique symbol = Symbol('open');
const UNKNOWN: unique symbol = Symbol('not known');

type Value = number | string | readonly string[] | undefined | typeof OPEN | typeof UNKNOWN;
type Facts = Readonly<Record<string, Value>>;
type Tree =
  | { readonly all: readonly Tree[]; readonly priority?: number }
  | { readonly any: readonly Tree[]; readonly priority?: number }
  | { readonly not: Tree; readonly priority?: number }
  | {
      readonly fact: string;
      readonly operator: string;
      readonly value: unknown;
      readonly priority?: number;
    };

/** Extents as numbers: 0 for no packet, 1 for some of them or not known, 2 for all packets. */
function modelExtent(tree: Tree, facts: Facts): number {
  if ('all' in tree) return Math.min(...tree.all.map((child) => modelExtent(child, facts)));
  if ('any' in tree) return Math.max(...tree.any.map((child) => modelExtent(child, facts)));
  if ('not' in tree) return 2 - modelExtent(tree.not, facts);
  const left = facts[tree.fact];
  if (tree.value === null) {
    if (left === OPEN) return 1;
    return (tree.operator === 'equal') === (left === undefined || left === UNKNOWN) ? 2 : 0;
  }
  const right = modelValue(tree.value, facts);
  if (left === undefined || right === undefined) return 0;
  if ([left, right].some((side) => side === OPEN || side === UNKNOWN)) return 1;
  return modelCompare(left, tree.operator, right) ? 2 : 0;
}

/** Whether a rule holds: a prohibition if it may, a permission only for all packets. */
function modelHolds(tree: Tree, type: number, facts: Facts): boolean {
  const prohibits = types[type] === 'onload' || types[type] === 'slow-path';
  return modelExtent(tree, facts) >= (prohibits ? 1 : 2);
}

function modelValue(value: unknown, facts: Facts): unknown {
  if (typeof value === 'object' && value !== null && 'fact' in value) {
    return facts[String(value.fact)];
  }
  return value;
}

function modelCompare(left: Value, operator: string, right: unknown): boolean {
  const order = Number(left) - Number(right);
  switch (operator) {
    case 'equal':
      return Object.is(left, right);
    case 'notEqual':
      return !Object.is(left, right);
    case 'lessThan':
      return order < 0;
    case 'lessThanInclusive':
      return order <= 0;
    case 'greaterThan':
      return order > 0;
    case 'greaterThanInclusive':
      return order >= 0;
    case 'in':
      return [right].flat().includes(left);
    case 'notIn':
      return ![right].flat().includes(left);
    case 'contains':
      return [left].flat().some((v) => v === right);
    case 'doesNotContain':
      return [left].flat().every((v) => v !== right);
    default:
      throw new Error(`the model has no operator ${operator}`);
  }
}

const small = fc.integer({ min: 0, max: 4 });
/** Excludes comparisons such as less than 0, which are refused. */
const bound = fc.integer({ min: 1, max: 4 });
const word = fc.constantFrom('a', 'b', 'c');
const always = ['packetsPerSecond', 'lastPacketsPerSecond'];
const maybe = ['tcpDst', 'udpDst'];
/** Facts with the same unit, which can be compared with each other. */
const alike = [always, maybe];
const equality = fc.constantFrom('equal', 'notEqual');
const ordering = fc.constantFrom(
  'lessThan',
  'lessThanInclusive',
  'greaterThan',
  'greaterThanInclusive',
);
const membership = fc.constantFrom('in', 'notIn');

/** A comparison; `sure`: only of facts that are never missing. */
function comparison(sure: boolean): fc.Arbitrary<Tree> {
  const numbers = sure ? always : [...always, ...maybe];
  const fact = fc.constantFrom(...numbers);
  const pairs = alike
    .filter((facts) => !sure || facts === always)
    .flatMap(([a, b]) => [
      [a, b],
      [b, a],
    ]);
  const options: fc.Arbitrary<Tree>[] = [
    fc.record({ fact, operator: equality, value: small }),
    fc.record({ fact, operator: ordering, value: bound }),
    fc.record({
      fact,
      operator: membership,
      value: fc.uniqueArray(small, { minLength: 1, maxLength: 3 }),
    }),
    fc
      .tuple(fc.constantFrom(...pairs), fc.oneof(equality, ordering))
      .map(([[left, right], operator]) => ({ fact: left, operator, value: { fact: right } })),
    fc.record({
      fact: fc.constant('outPorts'),
      operator: fc.constantFrom('contains', 'doesNotContain'),
      value: word,
    }),
    fc.record({ fact: fc.constantFrom(...maybe), operator: equality, value: fc.constant(null) }),
  ];
  if (!sure) {
    options.push(
      fc.record({
        fact: fc.constantFrom('vm', 'slice', 'outPort'),
        operator: equality,
        value: word,
      }),
      fc.record({
        fact: fc.constantFrom('vm', 'outPort'),
        operator: equality,
        value: fc.constant({ fact: 'slice' }),
      }),
      fc.record({
        fact: fc.constantFrom('vm', 'slice'),
        operator: membership,
        value: fc.constant({ fact: 'outPorts' }),
      }),
    );
  }
  return withPriority(fc.oneof(...options));
}

function withPriority(tree: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> {
  const priority = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 3 });
  return fc.tuple(tree, priority).map(([t, p]) => (p === undefined ? t : { ...t, priority: p }));
}

function group(depth: number, sure: boolean): fc.Arbitrary<Tree> {
  const child = depth === 0 ? comparison(sure) : fc.oneof(comparison(sure), group(depth - 1, sure));
  const negated =
    depth === 0 ? comparison(true) : fc.oneof(comparison(true), group(depth - 1, true));
  const children = fc.array(child, { minLength: 1, maxLength: 4 });
  return withPriority(
    fc.oneof(
      children.map((all) => ({ all })),
      children.map((any) => ({ any })),
      negated.map((not) => ({ not })),
    ),
  );
}

const types = ['offload', 'onload', 'fast-path', 'slow-path'];
const rules = fc
  .array(
    fc.record({
      conditions: group(2, false),
      type: fc.integer({ min: 0, max: 3 }),
      priority: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((list) => list.map((r, i) => ({ ...r, name: `r${i}` })));

const flows = fc.array(
  fc.record({
    packetsPerSecond: small,
    lastPacketsPerSecond: small,
    tcpDst: fc.option(small, { nil: undefined }),
    udpDst: fc.option(small, { nil: undefined }),
    outPorts: fc.array(word, { maxLength: 2 }),
    inPort: word,
  }),
  { minLength: 1, maxLength: 6 },
);
const node = fc.record({
  ports: fc.array(
    fc.record({
      name: word,
      vm: fc.option(word, { nil: undefined }),
      slice: fc.option(word, { nil: undefined }),
    }),
  ),
});

interface Scene {
  readonly table: FlowTable;
  readonly context: RuleContext;
  readonly facts: readonly Facts[];
}

const scene: fc.Arbitrary<Scene> = fc.tuple(flows, node).map(([list, { ports }]) => {
  const known = new Map(ports.map((p) => [p.name, portInfo(p)]));
  const table = tableOf(
    list.map((f) => ({
      ...f,
      fields: exactly({
        ...(f.tcpDst === undefined ? {} : { tcp_dst: f.tcpDst }),
        ...(f.udpDst === undefined ? {} : { udp_dst: f.udpDst }),
      }),
      actions: f.outPorts.map((port) => ({ kind: 'output', port })),
    })),
  );
  const facts = list.map((f): Facts => {
    const port = known.get(f.inPort);
    // A match on a port of one protocol excludes packets of the other.
    const tcpDst = f.tcpDst ?? (f.udpDst === undefined ? OPEN : undefined);
    const udpDst = f.udpDst ?? (f.tcpDst === undefined ? OPEN : undefined);
    const vm = port?.vm ?? UNKNOWN;
    const slice = port === undefined ? UNKNOWN : port.slice;
    return { ...f, tcpDst, udpDst, outPort: f.outPorts[0], vm, slice };
  });
  const context = contextOf({ ports: known });
  return { table, context, facts };
});

type Rules = typeof rules extends fc.Arbitrary<infer R> ? R : never;

function evaluatorFor(list: Rules) {
  return evaluatorOf(
    policyText(
      list.map(({ name, conditions, type, priority }) => ({
        name,
        conditions,
        priority,
        event: { type: types[type] },
      })),
    ),
  );
}

describe('verdicts of random rules on random flows', () => {
  it('equal those of the model, and the first rule that holds decides', async () => {
    await fc.assert(
      fc.asyncProperty(rules, scene, async (list, { table, context, facts }) => {
        await evaluatorFor(list).evaluate(table, context, never());
        for (const [row, values] of facts.entries()) {
          const inOrder = list.toSorted((a, b) => b.priority - a.priority);
          const first = inOrder.findIndex((r) => modelHolds(r.conditions, r.type, values));
          assert.equal(table.decision.rule[row], first + 1);
          assert.equal(table.decision.requested[row], first < 0 ? 0 : inOrder[first].type + 1);
        }
      }),
      { numRuns: 600 },
    );
  });

  it('are explained condition by condition', async () => {
    await fc.assert(
      fc.asyncProperty(rules, scene, async (list, { table, context, facts }) => {
        const traces = await evaluatorFor(list).explain(table, 0, context);
        const inOrder = list.toSorted((a, b) => b.priority - a.priority);
        assert.equal(traces.length, list.length);
        for (const [i, trace] of traces.entries()) {
          assert.equal(trace.verdict, trace.condition.verdict);
          assert.equal(trace.verdict, modelHolds(inOrder[i].conditions, inOrder[i].type, facts[0]));
          sameTree(trace.condition, inOrder[i].conditions, facts[0]);
        }
      }),
      { numRuns: 300 },
    );
  });
});

function sameTree(trace: ConditionTrace, tree: Tree, facts: Facts): void {
  assert.equal(trace.extent, ['none', 'some', 'all'][modelExtent(tree, facts)]);
  if (trace.kind === 'compare') {
    assert('fact' in tree);
    const value = facts[tree.fact];
    const states = new Map<unknown, string>([
      [OPEN, 'open'],
      [UNKNOWN, 'unknown'],
      [undefined, 'none'],
    ]);
    assert.equal(trace.state, states.get(value) ?? 'value');
    if (trace.state === 'value') assert.deepEqual(trace.actual, value);
    assert.equal(trace.operator, tree.operator);
    return;
  }
  const children =
    'all' in tree ? tree.all : 'any' in tree ? tree.any : 'not' in tree ? [tree.not] : [];
  assert.equal(trace.of.length, children.length);
  for (const [i, child] of children.entries()) sameTree(trace.of[i], child, facts);
}
