import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { SliceQuota } from '../../engine/model/slice.ts';
import { Activity } from './activity.ts';
import type { YieldToEventLoop } from '../../async/yield-to-event-loop.ts';
import type { Condition } from '../model/condition.ts';
import type { RuleContext } from '../../engine/ports/rule-evaluator.ts';
import { type FactLookup, type FactMemory, FlowView } from '../model/fact.ts';
import type { FactValue } from '../model/fact-value.ts';
import { factNamed } from '../facts/facts.ts';
import { FlowMeter } from './flow-meter.ts';
import { KeyColumns } from './key-column.ts';
import { OutputCache } from '../model/match-facts.ts';
import { PolicyColumns } from './policy-columns.ts';
import { NodeRules } from '../json-rules/node-rules.ts';
import { type PolicySet } from '../model/policy-set.ts';
import { factLookup } from '../facts/fact-lookup.ts';
import { RatesOfChange } from './rate-of-change.ts';
import { ScheduleClock } from '../model/schedule.ts';
import { SliceRanks } from './slice-rank.ts';
import { SliceColumn } from './slice-column.ts';
import { SliceMembership } from './slice-membership.ts';
import type { SliceUse } from '../model/slice.ts';
import { SliceMeter } from './slice-use.ts';
import { factsOf, referencesOf } from '../model/uses.ts';

/**
 * State of a set of policies from tick to tick: activity of flows, rates of change, totals of
 * slices, active schedules, and facts set by node rules. An evaluator has one, updates it once per
 * tick and passes it to its views. Its owner disposes it.
 */
export class PolicyMemory implements FactMemory, Disposable {
  readonly columns = new PolicyColumns();
  readonly activity = new Activity(this.columns.byFlow);
  readonly outputs = new OutputCache();
  readonly slices: SliceMembership;
  readonly keys = new KeyColumns(this.columns.byVersion);
  /** All facts that the policies can use. */
  readonly factNamed: FactLookup;
  readonly #nodeRules: NodeRules;
  readonly #changes: RatesOfChange;
  readonly #schedules: readonly ScheduleClock[];
  readonly #active = new Set<string>();
  readonly #sliceColumn: SliceColumn;
  readonly #sliceMeter: SliceMeter | undefined;
  readonly #sliceRanks: SliceRanks | undefined;
  readonly #flowMeter: FlowMeter | undefined;
  #view: FlowView | undefined;

  constructor(policies: PolicySet) {
    const used = usedFacts(policies);
    this.slices = new SliceMembership(policies.slices);
    this.#sliceColumn = new SliceColumn(this.keys.of('slice'), policies.slices);
    this.factNamed = factLookup(policies);
    this.#schedules = policies.schedules.map((s) => new ScheduleClock(s));
    this.#changes = new RatesOfChange(changingFacts(policies), this.columns.byFlow);
    this.#nodeRules = new NodeRules(policies);
    if (used.has('sliceUse') || used.has('sliceEntries')) {
      this.#sliceMeter = new SliceMeter(this.keys.of('slice'));
    }
    if (used.has('sliceRank')) {
      this.#sliceRanks = new SliceRanks(this.keys.of('rankedSlice'), this.columns.byFlow);
    }
    if (used.has('newFlowsPerSecond') || used.has('vswitchPacketsPerSecond')) {
      this.#flowMeter = new FlowMeter();
    }
  }

  /**
   * Updates the state and evaluates node rules: once per tick, in order, before flow rules are
   * evaluated. Yields with `yieldToEventLoop`, because many new flows take time.
   */
  async update(
    table: FlowTable,
    context: RuleContext,
    yieldToEventLoop: YieldToEventLoop = () => undefined,
  ): Promise<void> {
    this.#view ??= new FlowView(table, context, this);
    const view = this.#view;
    view.table = table;
    view.context = context;
    this.columns.follow(table);
    this.activity.update(table, context.nowMs);
    this.#activate(context.wallMs);
    await this.#sliceColumn.write(view, yieldToEventLoop);
    if (this.#sliceMeter !== undefined) {
      this.#sliceMeter.update(table, await this.keys.of('slice').all(view, yieldToEventLoop));
    }
    if (this.#sliceRanks !== undefined) {
      this.#sliceRanks.update(table, await this.keys.of('rankedSlice').all(view, yieldToEventLoop));
    }
    this.#flowMeter?.update(table, context.nowMs);
    this.#changes.update(view);
    await this.#nodeRules.update(view);
  }

  /** True if a fact in use compares a flow with the others of its slice. */
  get comparesFlows(): boolean {
    return this.#sliceMeter !== undefined || this.#sliceRanks !== undefined;
  }

  /**
   * Includes rows that appeared since the last update: gives them their slices. Everything else stays as
   * of that update.
   */
  include(table: FlowTable, rows: Int32Array, context: RuleContext): void {
    this.#view ??= new FlowView(table, context, this);
    this.#view.table = table;
    this.#view.context = context;
    this.columns.follow(table);
    this.#sliceColumn.include(this.#view, rows);
  }

  [Symbol.dispose](): void {
    this.columns[Symbol.dispose]();
  }

  /** Whether the schedule `policy/schedule` was active at the last update. */
  scheduleActive(name: string): boolean {
    return this.#active.has(name);
  }

  /** Slices by value of `decision.slice`, from 1. */
  get sliceQuotas(): readonly SliceQuota[] {
    return this.#sliceColumn.quotas;
  }

  /** Totals of a slice; undefined if it has no flow. */
  useOf(slice: string | undefined): SliceUse | undefined {
    return this.#sliceMeter?.of(slice);
  }

  /** Rank of the view's flow in its slice, from 1. */
  sliceRank(view: FlowView): number | undefined {
    return this.#sliceRanks?.of(view.row);
  }

  /** Change of a fact for the view's flow, per second. */
  changeOf(fact: string, view: FlowView): number | undefined {
    return this.#changes.of(fact, view.row);
  }

  /** Flows first seen since the update before the last, per second. */
  get newFlowsPerSecond(): number | undefined {
    return this.#flowMeter?.newFlowsPerSecond;
  }

  /** Packets through the vSwitch since the update before the last, per second. */
  get vswitchPacketsPerSecond(): number | undefined {
    return this.#flowMeter?.vswitchPacketsPerSecond;
  }

  /** Value of the policy's fact `policy/fact`, as node rules last set it. */
  given(fact: string): FactValue {
    return this.#nodeRules.valueOf(fact);
  }

  #activate(wallMs: number | undefined): void {
    this.#active.clear();
    if (wallMs === undefined) return;
    for (const clock of this.#schedules) {
      if (clock.activeAt(wallMs)) this.#active.add(clock.schedule.name);
    }
  }
}

/** Names of the facts that rules of `policies` use. */
function usedFacts(policies: PolicySet): ReadonlySet<string> {
  const used = new Set(conditionsOf(policies).flatMap(factsOf));
  for (const { score } of policies.rules) if (score.kind === 'fact') used.add(score.fact);
  for (const { value } of policies.nodeRules) if (value.kind === 'fact') used.add(value.fact);
  for (const { name } of changingFacts(policies)) used.add(name);
  return used;
}

function conditionsOf(policies: PolicySet): readonly Condition[] {
  return [...policies.rules, ...policies.nodeRules].map((rule) => rule.conditions);
}

/** Facts whose rate of change is used. */
function changingFacts(policies: PolicySet) {
  const sources = [
    ...policies.rules.map((r) => r.score),
    ...policies.nodeRules.map((r) => r.value),
  ];
  const references = [
    ...conditionsOf(policies).flatMap(referencesOf),
    ...sources.flatMap((s) => (s.kind === 'fact' ? [s] : [])),
  ].filter((r) => r.fact === 'rateOfChange');
  const names = new Set(references.map((r) => String(r.params?.of)));
  return [...names].flatMap((name) => factNamed(name) ?? []);
}
