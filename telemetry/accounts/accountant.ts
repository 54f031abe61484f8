import { SAMPLE_RESULTS, type SampleCounts } from '../../engine/loop/sampler.ts';
import type { TickReport } from '../../engine/loop/tick-report.ts';
import { pathOf, pathReasonOf } from '../../engine/model/carriage.ts';
import {
  Placement,
  PLACEMENT_NAMES,
  RequestedPlacement,
  REQUESTED_PLACEMENT_NAMES,
} from '../../engine/model/flow.ts';
import type { FlowTable, PathTotals } from '../../engine/model/flow-table.ts';
import type { SliceQuota } from '../../engine/model/slice.ts';
import type { RuleInfo } from '../../engine/ports/rule-evaluator.ts';
import { Ledger } from './ledger.ts';
import { PlacementCounters } from './placement-counters.ts';
import { OperationCounters } from './operation-counters.ts';
import { PortTotals } from './port-totals.ts';
import { RowMemory } from './row-memory.ts';
import { SliceCounters } from './slice-counters.ts';
import { tableAccount } from './table-accounts.ts';
import type { PathUses, SampleCount, TickAccounts, TopFlow } from './tick-accounts.ts';
import { RunningTimeHistogram } from './time-histogram.ts';
import { TopRows } from './top-flows.ts';

/** Bounds of the accounts. */
export interface AccountantOptions {
  /** Number of flows with the highest rates to list; 0 by default. */
  readonly topFlows?: number;
  /** Slices, ports and rules with an account each; the rest are summed up as `other`. */
  readonly maxNamed?: number;
}

const MAX_NAMED = 256;
/** Seconds: from the reaction to a monitored rule change to that of a slow poll. */
const REACTION_BOUNDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** By requested placement: 1 for those that need an entry. */
const REQUESTS_ENTRY = new Uint8Array(REQUESTED_PLACEMENT_NAMES.length);
REQUESTS_ENTRY[RequestedPlacement.offload] = 1;
REQUESTS_ENTRY[RequestedPlacement.fastPath] = 1;

/**
 * Computes the {@link TickAccounts} of each tick in one pass over the live flows, without
 * allocations per flow.
 */
export class Accountant {
  readonly #rows = new RowMemory();
  readonly #paths = new Ledger(1);
  readonly #slices: SliceCounters;
  readonly #ports: PortTotals;
  readonly #moves: PlacementCounters;
  readonly #operations = new OperationCounters();
  readonly #reactions = new RunningTimeHistogram(REACTION_BOUNDS);
  readonly #top: TopRows;
  readonly #accounts: Mutable<TickAccounts>;
  readonly #maxNamed: number;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #totals: PathTotals | undefined;

  constructor({ topFlows = 0, maxNamed = MAX_NAMED }: AccountantOptions = {}) {
    this.#maxNamed = maxNamed;
    this.#slices = new SliceCounters(maxNamed);
    this.#ports = new PortTotals(maxNamed);
    this.#moves = new PlacementCounters(maxNamed);
    this.#top = new TopRows(topFlows);
    this.#accounts = {
      sequence: 0,
      atMs: 0,
      wallMs: undefined,
      seconds: 0,
      flows: PLACEMENT_NAMES.map(() => 0),
      paths: this.#paths.usesOf(0),
      coverage: { bytes: undefined, packets: undefined },
      cpuSavedCores: undefined,
      slices: [],
      ports: [],
      portLoad: new Map(),
      tables: [],
      bitShare: 0,
      moves: this.#moves.moves,
      causes: this.#moves.causes,
      rules: [],
      reasons: this.#moves.reasons,
      refusals: [],
      operations: [],
      samples: [],
      reactions: this.#reactions,
      top: [],
    };
  }

  /** Accounts as of the last tick. */
  get accounts(): TickAccounts {
    return this.#accounts;
  }

  /**
   * Adds a tick to the accounts. Call it before the next reading changes the tick's table.
   *
   * @param rules rules that `decision.rule` refers to, starting at 1
   */
  account(report: TickReport, rules: readonly RuleInfo[]): TickAccounts {
    const { tick } = report;
    const { table } = tick;
    this.#rows.followTable(table);
    this.#slices.followSlices(report.slices);
    this.#ports.followPorts(table, tick.ports);
    this.#moves.followRules(rules);
    this.#addTraffic(table);
    this.#countFlows(table);
    this.#countChanges(report);
    this.#countOperations(report);
    const a = this.#accounts;
    a.sequence = tick.sequence;
    a.atMs = tick.atMs;
    a.wallMs = tick.wallMs;
    a.flows = report.flows;
    a.coverage = coverage(a.paths);
    a.cpuSavedCores = cpuSaved(a.paths, tick.node.packetCost);
    a.slices = this.#slices.accounts;
    a.ports = this.#ports.accounts;
    a.portLoad = tick.node.portLoad;
    a.tables = report.plans.map((plan) => tableAccount(plan, this.#maxNamed));
    a.bitShare = report.bitShare;
    a.rules = this.#moves.rules;
    a.refusals = this.#operations.refusals;
    a.operations = this.#operations.operations;
    a.samples = sampleCounts(report.samples);
    a.top = this.#topFlows(table, report.slices);
    return a;
  }

  /** Adds the traffic since the last reading, if the table has been read since. */
  #addTraffic(table: FlowTable): void {
    if (table.readAtMs === this.#readAtMs) return;
    const first = this.#totals === undefined;
    const seconds = first ? 0 : (table.readAtMs - this.#readAtMs) / 1000;
    this.#readAtMs = table.readAtMs;
    const { rows, count } = table;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      this.#rows.seen[row] = 1;
      // Traffic from before the first reading is not counted.
      if (first) this.#rows.storeCounters(table, row);
      else this.#attribute(table, row);
    }
    // Flows that left in this reading: a backend may have carried their last packets.
    for (const row of table.removed) {
      if (!first && this.#rows.seen[row] === 1) this.#attribute(table, row);
    }
    this.#addPathTotals(table.totals);
    this.#paths.publish(1, seconds);
    this.#slices.publishTraffic(seconds);
    this.#ports.publishTraffic(seconds);
    this.#accounts.seconds = seconds;
  }

  /** Adds the traffic of a row's flow since the last reading to its slice and its ports. */
  #attribute(table: FlowTable, row: number): void {
    const t = table.traffic;
    const r = this.#rows;
    const packets = t.vswitchPackets[row] - r.vswitchPackets[row];
    const carried = t.carriedPackets[row] - r.carriedPackets[row];
    // Most flows are silent in most ticks.
    if (packets === 0 && carried === 0) return;
    const slice = this.#slices.slotOf(table.decision.slice[row]);
    if (packets > 0) {
      const bytes = t.vswitchBytes[row] - r.vswitchBytes[row];
      this.#slices.addSliceTraffic(slice, Placement.onload, bytes, packets);
      this.#ports.addFlowTraffic(table, row, Placement.onload, bytes, packets);
    }
    if (carried > 0) {
      const bytes = t.carriedBytes[row] - r.carriedBytes[row];
      this.#slices.addSliceTraffic(slice, t.carrier[row], bytes, carried);
      this.#ports.addFlowTraffic(table, row, t.carrier[row], bytes, carried);
    }
    r.storeCounters(table, row);
  }

  #addPathTotals(now: PathTotals): void {
    const last = this.#totals ?? now;
    const paths = this.#paths;
    const fastBytes = now.fastPathBytes - last.fastPathBytes;
    const fastPackets = now.fastPathPackets - last.fastPathPackets;
    const bytes = now.carriedBytes - last.carriedBytes;
    const packets = now.carriedPackets - last.carriedPackets;
    const vswitchBytes = now.vswitchBytes - last.vswitchBytes;
    const vswitchPackets = now.vswitchPackets - last.vswitchPackets;
    paths.addTraffic(0, Placement.onload, vswitchBytes, vswitchPackets);
    paths.addTraffic(0, Placement.offload, bytes - fastBytes, packets - fastPackets);
    paths.addTraffic(0, Placement.fastPath, fastBytes, fastPackets);
    this.#totals = { ...now };
  }

  /** Counts live flows by rule, reason, slice and placement. */
  #countFlows(table: FlowTable): void {
    const d = table.decision;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      const placement = d.placement[row];
      this.#moves.countDecision(d.rule[row], pathReasonOf(table, row));
      if (placement === Placement.onload && REQUESTS_ENTRY[d.requested[row]] === 1) {
        this.#moves.countWaiting(d.reason[row]);
      }
      this.#slices.countSliceFlow(this.#slices.slotOf(d.slice[row]), pathOf(table, row));
    }
  }

  /** Counts changes of placement and records the time to a flow's first entry. */
  #countChanges({ tick, changes, elapsedMs }: TickReport): void {
    const { table } = tick;
    const endedMs = tick.atMs + elapsedMs;
    for (const change of changes) {
      this.#moves.countChange(change);
      if (change.to === 'onload' || change.to === 'gone') continue;
      const { row, id } = change;
      if (table.rowOf(id) !== row || this.#rows.placed[row] === 1) continue;
      this.#rows.placed[row] = 1;
      this.#reactions.observe((endedMs - table.traffic.firstSeenMs[row]) / 1000);
    }
  }

  #countOperations({ tick, operations, plans }: TickReport): void {
    for (const { backend } of plans) this.#operations.addBackend(backend);
    for (const operation of operations) {
      this.#operations.countOperation(operation);
      const refused = operation.kind === 'put' && !operation.result.ok && operation.row >= 0;
      if (refused) this.#moves.countRefusal(tick.table.decision.rule[operation.row]);
    }
  }

  #topFlows(table: FlowTable, slices: readonly SliceQuota[]): readonly TopFlow[] {
    const { rates, decision } = table;
    return Array.from(this.#top.findTop(table), (row) => ({
      row,
      id: table.idAt(row),
      bitsPerSecond: rates.bitsPerSecond[row],
      packetsPerSecond: rates.packetsPerSecond[row],
      placement: PLACEMENT_NAMES[pathOf(table, row)],
      slice: sliceName(slices, decision.slice[row]),
      inPort: table.matchAt(row).inPort,
    }));
  }
}

function coverage(paths: PathUses): TickAccounts['coverage'] {
  const share = (of: 'bitsPerSecond' | 'packetsPerSecond'): number | undefined => {
    const all = paths.reduce((sum, p) => sum + p[of], 0);
    return all > 0 ? 1 - paths[Placement.onload][of] / all : undefined;
  };
  return { bytes: share('bitsPerSecond'), packets: share('packetsPerSecond') };
}

/** Saved CPUs; `packetCost` in ns. */
function cpuSaved(paths: PathUses, packetCost: number | undefined): number | undefined {
  if (packetCost === undefined) return undefined;
  const offVswitch = paths.reduce((sum, p) => sum + p.packetsPerSecond, 0);
  return ((offVswitch - paths[Placement.onload].packetsPerSecond) * packetCost) / 1e9;
}

function sliceName(slices: readonly SliceQuota[], slice: number): string | undefined {
  return slice === 0 ? undefined : slices.at(slice - 1)?.name;
}

function sampleCounts(counts: SampleCounts | undefined): readonly SampleCount[] {
  if (counts === undefined) return [];
  return SAMPLE_RESULTS.map((result) => ({ result, count: counts[result] }));
}
