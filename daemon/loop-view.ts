import type { Explanation } from '../engine/loop/tick-report.ts';
import { isHeldAfterMove } from '../engine/planner/contenders.ts';
import type { InputUse } from '../engine/planner/input-gate.ts';
import { formatFlowId } from '../engine/model/flow-id.ts';
import type { OffloadBackend } from '../engine/ports/offload-backend.ts';
import { guestView } from './guest-view.ts';
import { type History, pointOf } from './history.ts';
import type { Config } from '../config/config.ts';
import { connectionsView, connectionView } from '../views/connection-view.ts';
import type {
  ConnectionView,
  FlowPage,
  FlowQuery,
  FlowView,
  LimitsView,
  UnusedView,
  WhyAnswer,
} from '../api/flow-views.ts';
import type { InputView } from '../api/input-view.ts';
import type { BackendView, HookView, StatusView } from '../api/status-view.ts';
import type { HoldView, ReloadView } from '../api/command-views.ts';
import type { DecisionQuery } from '../api/decision-query.ts';
import type { DecisionPage, DecisionRecord } from '../api/decision-record.ts';
import type { HistoryView, NodePoint } from '../api/history-view.ts';
import type { DaemonView } from '../api/view.ts';
import type { DecisionLog } from './decisions/decision-log.ts';
import type { DecisionCollector } from './decisions/collector.ts';
import type { InfluxSink } from './influx/influx-sink.ts';
import { timeSlicedYield, type YieldToEventLoop } from '../async/yield-to-event-loop.ts';
import type { Loop } from './loop.ts';
import type { Node } from './node.ts';
import type { PanicHold } from './panic-hold.ts';
import type { PolicyManager } from './policies/policy-manager.ts';
import { rowsByPrefix } from '../views/flow-prefix.ts';
import { FlowTexts } from '../views/flow-texts.ts';
import { type FlowContext, flowView } from '../views/flow-view.ts';
import { accountsView } from '../views/accounts-view.ts';
import { byPlacement, sliceViews, TrafficByPlace } from '../views/traffic-by-place.ts';
import { finite } from '../views/finite.ts';
import { limitsOfFlow, planView, shareOfFlow, swapGain } from '../views/plan-views.ts';
import { policiesView } from './policies/policies-view.ts';
import { selectFlows } from '../views/select-flows.ts';
import {
  changesView,
  hookView,
  mismatchView,
  portViews,
  ruleView,
  samplesView,
  sourceView,
  virtualFunctionView,
  watchdogView,
} from '../views/tick-views.ts';

const MAX_CANDIDATES = 10;
/** Decisions of the flow that `why` shows. */
const MAX_DECISIONS = 5;

/** Options of {@link LoopView}. */
export interface LoopViewOptions {
  readonly loop: Loop;
  readonly node: Node;
  readonly config: Config;
  readonly policies: PolicyManager;
  readonly decisions: DecisionLog;
  readonly history: History;
  readonly hold: PanicHold;
  /** Undefined: nothing is written to InfluxDB. */
  readonly influx?: InfluxSink | undefined;
  readonly collector?: DecisionCollector | undefined;
  /** Whether the policy files are watched for changes. */
  readonly watching: () => boolean;
  readonly version: string;
  readonly startedAtMs: number;
  readonly now: () => number;
  /** Wall clock, ms since 1970. */
  readonly wall: () => number;
}

/** The running loop as control socket, HTTP server and live table show it. */
export class LoopView implements DaemonView {
  readonly #o: LoopViewOptions;
  readonly #texts = new FlowTexts();
  #pageUrl: string | null = null;

  constructor(options: LoopViewOptions) {
    this.#o = options;
  }

  /** Reports the address of the HTTP server, which starts after the control socket. */
  servesPageAt(url: string): void {
    this.#pageUrl = url;
  }

  status(): StatusView {
    const { loop, node, policies } = this.#o;
    const report = loop.lastReport;
    const traffic = new TrafficByPlace(loop.table, report?.slices.length ?? 0);
    const backends = node.backends.map((backend) => this.#backend(backend));
    const nic = backends.find((b) => b.placement === 'offload');
    return {
      version: this.#o.version,
      pid: process.pid,
      uptimeMs: this.#o.now() - this.#o.startedAtMs,
      node: node.description,
      hostCpu: report?.tick.node.hostCpu ?? null,
      backend: backends.at(0) ?? null,
      backends,
      changes: changesView(node.changes),
      tick: {
        sequence: report?.tick.sequence ?? 0,
        ageMs: report === undefined ? null : this.#o.now() - report.tick.atMs,
        fresh: report?.tick.fresh ?? false,
        elapsedMs: report?.elapsedMs ?? 0,
        periodMs: loop.periodMs,
      },
      sources: (report?.tick.sources ?? []).map(sourceView),
      flows: byPlacement((i) => report?.flows[i] ?? 0),
      bitsPerSecond: byPlacement((i) => traffic.bitsPerSecond[i]),
      packetsPerSecond: byPlacement((i) => traffic.packetsPerSecond[i]),
      ...accountsView(loop.accounts),
      slices: sliceViews(report?.slices ?? [], traffic, nic?.learnedEntries, nic?.shares ?? []),
      ports: report === undefined ? [] : portViews(report),
      policies: policiesView(policies, this.#o.watching()),
      influx: this.#o.influx?.view() ?? null,
      collector: this.#o.collector?.view() ?? null,
      guests: node.guests?.status().map(guestView) ?? null,
      connections: connectionsView(node.connections?.source),
      samples: samplesView(report?.samples),
      held: loop.engine.held,
      heldSince: this.#o.hold.since ?? null,
      pageUrl: this.#pageUrl,
    };
  }

  async flows(
    query: FlowQuery,
    yieldToEventLoop: YieldToEventLoop = timeSlicedYield(),
  ): Promise<FlowPage> {
    const page = await selectFlows(query, this.#context(), this.#texts, yieldToEventLoop);
    this.#texts.keepAlive();
    return page;
  }

  async why(prefix: string): Promise<WhyAnswer> {
    const { loop } = this.#o;
    const report = loop.lastReport;
    if (report === undefined) return { found: false, candidates: [] };
    const idOf = (row: number): string => formatFlowId(loop.table.idAt(row));
    const rows = rowsByPrefix(loop.table, prefix.toLowerCase(), MAX_CANDIDATES);
    if (rows.length !== 1) return { found: false, candidates: rows.map(idOf) };
    // Read before the await of the rules, so that all values are of the same moment.
    const flow = flowView(rows[0], this.#context());
    const remaining = this.#remainingTimes(rows[0]);
    const worth = loop.table.forecast.worth[rows[0]];
    const explanation = await loop.engine.explain(report.tick, rows[0]);
    return {
      found: true,
      why: {
        flow,
        limits: { ...this.#limits(flow, explanation), ...remaining, worth },
        refusal: explanation.refusal ?? null,
        mismatch: mismatchView(explanation, this.#o.now()),
        unused: this.#unused(explanation),
        input: inputOfFlow(explanation, flow.inPort),
        hook: hookOfFlow(explanation, flow.inPort),
        connection: this.#connection(rows[0]),
        rules: explanation.rules.map(ruleView),
        decisions: this.#o.decisions.page({ flow: flow.id, limit: MAX_DECISIONS }).decisions,
      },
    };
  }

  decisions(query: DecisionQuery): DecisionPage {
    return this.#o.decisions.page(query);
  }

  history(): HistoryView {
    return this.#o.history.view();
  }

  point(status?: StatusView): NodePoint | undefined {
    const report = this.#o.loop.lastReport;
    return report === undefined ? undefined : pointOf(status ?? this.status(), this.#o.wall());
  }

  onloadAll(): Promise<HoldView> {
    return this.#o.hold.press();
  }

  resume(): Promise<HoldView> {
    return this.#o.hold.release();
  }

  reload(): Promise<ReloadView> {
    return this.#o.policies.reload();
  }

  onTick(listener: () => void): () => void {
    return this.#o.loop.onTick(listener);
  }

  onDecision(listener: (decision: DecisionRecord) => void): () => void {
    return this.#o.decisions.onRecord(listener);
  }

  #context(): FlowContext {
    const { loop, node } = this.#o;
    return {
      table: loop.table,
      ports: node.ports.current(),
      rules: loop.engine.evaluator.rules,
      slices: loop.lastReport?.slices ?? [],
      nowMs: this.#o.now(),
      isConnection: (row) => node.connections?.rows.at(row) !== undefined,
    };
  }

  #connection(row: number): ConnectionView | null {
    const { loop, node } = this.#o;
    const connection = node.connections?.rows.at(row);
    return connection === undefined ? null : connectionView(loop.table, connection);
  }

  #backend(backend: OffloadBackend): BackendView {
    const { loop } = this.#o;
    const can = backend.capabilities();
    const { used, entries, masksUsed } = backend.capacity();
    const plan = loop.lastReport?.plans.find((p) => p.backend === backend.name);
    return {
      name: backend.name,
      description: can.description,
      placement: can.placement,
      started: loop.started,
      error: loop.errorOf(backend) ?? null,
      used,
      entries,
      learnedEntries: plan?.learnedEntries ?? entries,
      masksUsed,
      masks: finite(can.masks),
      unservedPorts: backend.unservedPorts?.() ?? [],
      watchdog: watchdogView(backend.watchdog?.()),
      virtualFunctions: (backend.virtualFunctions?.() ?? []).map(virtualFunctionView),
      closedPorts: (plan?.inputs ?? [])
        .filter(({ isWorth, saves }) => !isWorth && saves > 0)
        .map(inputView),
      leaseMs: can.leaseMs,
      heartbeatMs: can.heartbeatMs,
      verifiedAgeMs: this.#verifiedAgeMs(backend),
      ...planView(plan),
    };
  }

  #verifiedAgeMs(backend: OffloadBackend): number | null {
    const verification = this.#o.loop.engine.verificationOf(backend);
    return verification === undefined ? null : finite(this.#o.now() - verification.verifiedAtMs);
  }

  /** The limits of the backend that the flow is on or requests; otherwise of the first one. */
  #limits(
    flow: FlowView,
    explanation: Explanation,
  ): Omit<LimitsView, 'holdLeftMs' | 'retryInMs' | 'worth'> {
    const { backends } = this.#o.node;
    const fast = flow.entry === 'fast-path' || flow.requested === 'fast-path';
    const served = fast ? 'fast-path' : 'offload';
    const backend = backends.find((b) => b.capabilities().placement === served) ?? backends.at(0);
    const plan = explanation.plans.find((p) => p.backend === backend?.name);
    const capacity = backend?.capacity();
    return {
      tableUsed: capacity?.used ?? 0,
      tableEntries: capacity?.entries ?? 0,
      learnedEntries: plan?.learnedEntries ?? capacity?.entries ?? 0,
      cutoffScore: plan === undefined ? null : finite(plan.cutoff),
      divided: (plan?.shares.length ?? 0) > 1,
      operationsLeft: plan?.budget ?? null,
      threshold: plan?.threshold ?? null,
      swapGain: plan === undefined ? null : swapGain(plan),
      share: shareOfFlow(plan, flow),
      throughput: limitsOfFlow(plan, flow, this.#o.node.ports.current()),
    };
  }

  #unused({ unused }: Explanation): UnusedView | null {
    if (unused === undefined) return null;
    const { packets, carried, overMs, untilMs } = unused;
    return { packets, carried, overMs, retryInMs: Math.max(0, untilMs - this.#o.now()) };
  }

  #remainingTimes(row: number): Pick<LimitsView, 'holdLeftMs' | 'retryInMs'> {
    const { loop, config } = this.#o;
    const nowMs = this.#o.now();
    const { placedSinceMs, retryAtMs } = loop.table.decision;
    const holdMs = isHeldAfterMove(loop.table, row) ? config.planner.minHoldMs : 0;
    return {
      holdLeftMs: Math.max(0, placedSinceMs[row] + holdMs - nowMs),
      retryInMs: Math.max(0, retryAtMs[row] - nowMs),
    };
  }
}

function inputOfFlow({ plans }: Explanation, inPort: string): InputView | null {
  const use = plans.flatMap(({ inputs }) => inputs).find(({ port }) => port === inPort);
  return use === undefined ? null : inputView(use);
}

function hookOfFlow({ plans }: Explanation, inPort: string): HookView | null {
  return hookView(plans.flatMap(({ portHooks }) => portHooks).find(({ name }) => name === inPort));
}

function inputView({ port, isOpen, saves, costs }: InputUse): InputView {
  return { port, isOpen, saves, costs };
}
