import type { TickReport } from '../../engine/loop/tick-report.ts';
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
import type { PathUses, TickAccounts, TopFlow } from './tick-accounts.ts';
import { RunningTimeHistogram } from './time-histogram.ts';
import { TopRows } from './top-flows.ts';

/** What is kept apart, and how many. */
export interface AccountantOptions {
  /** Flows with the highest rates to name; 0 by default. */
  readonly topFlows?: number;
  /** Slices, ports and rules that are kept apart; what is beyond is summed up as `other`. */
  readonly most?: number;
}

const MOST = 256;
/** From what a monitored rule change takes to what a slow poll does, seconds. */
const REACTION_BOUNDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

type Kept<T> = { -readonly [K in keyof T]: T[K] };

/** By requested: 1 for those that only an entry fulfils. */
const ASKS_FOR_ENTRY = new Uint8Array(REQUESTED_PLACEMENT_NAMES.length);
ASKS_FOR_ENTRY[RequestedPlacement.offload] = 1;
ASKS_FOR_ENTRY[RequestedPlacement.fastPath] = 1;

/**
 * Makes the {@link TickAccounts} of each tick: one pass over the live flows, and nothing allocated
 * for a flow.
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
  readonly #accounts: Kept<TickAccounts>;
  readonly #most: number;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #totals: PathTotals | undefined;

  constructor({ topFlows = 0, most = MOST }: AccountantOptions = {}) {
    this.#most = most;
    this.#slices = new SliceCounters(most);
    this.#ports = new PortTotals(most);
    this.#moves = new PlacementCounters(most);
    this.#top = new TopRows(topFlows);
    this.#accounts = {
      sequence: 0,
      atMs: 0,
      wallMs: undefined,
      seconds: 0,
      flows: PLACEMENT_NAMES.map(() => 0),
      paths: this.#paths.of(0),
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
      reactions: this.#reactions,
      top: [],
    };
  }

  /** The accounts as of the last tick. */
  get accounts(): TickAccounts {
    return this.#accounts;
  }

  /**
   * Takes a tick into account; its table must not have been read anew since.
   *
   * @param rules those that `decision.rule` counts, from 1
   */
  account(report: TickReport, rules: readonly RuleInfo[]): TickAccounts {
    const { tick } = report;
    const { table } = tick;
    this.#rows.begin(table);
    this.#slices.begin(report.slices);
    this.#ports.begin(table, tick.ports);
    this.#moves.begin(rules);
    this.#traffic(table);
    this.#flows(table);
    this.#changes(report);
    this.#carriedOut(report);
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
    a.tables = report.plans.map((plan) => tableAccount(plan, this.#most));
    a.bitShare = report.bitShare;
    a.rules = this.#moves.rules;
    a.refusals = this.#operations.refusals;
    a.operations = this.#operations.operations;
    a.top = this.#topFlows(table, report.slices);
    return a;
  }

  /** Adds what was sent since the last reading; nothing when there was none. */
  #traffic(table: FlowTable): void {
    if (table.readAtMs === this.#readAtMs) return;
    const first = this.#totals === undefined;
    const seconds = first ? 0 : (table.readAtMs - this.#readAtMs) / 1000;
    this.#readAtMs = table.readAtMs;
    const { rows, count } = table;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      this.#rows.met[row] = 1;
      // What flows sent before anybody looked is not ours to count.
      if (first) this.#rows.take(table, row);
      else this.#attribute(table, row);
    }
    // The last packets that a backend carried of flows that left in this reading.
    for (const row of table.removed) {
      if (!first && this.#rows.met[row] === 1) this.#attribute(table, row);
    }
    this.#sumUp(table.totals);
    this.#paths.settle(1, seconds);
    this.#slices.settle(seconds);
    this.#ports.settle(seconds);
    this.#accounts.seconds = seconds;
  }

  /** Adds what a row's flow sent since the last reading to its slice and its ports. */
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
      this.#slices.add(slice, Placement.onload, bytes, packets);
      this.#ports.add(table, row, Placement.onload, bytes, packets);
    }
    if (carried > 0) {
      const bytes = t.carriedBytes[row] - r.carriedBytes[row];
      this.#slices.add(slice, t.carrier[row], bytes, carried);
      this.#ports.add(table, row, t.carrier[row], bytes, carried);
    }
    r.take(table, row);
  }

  #sumUp(now: PathTotals): void {
    const last = this.#totals ?? now;
    const paths = this.#paths;
    const fastBytes = now.fastPathBytes - last.fastPathBytes;
    const fastPackets = now.fastPathPackets - last.fastPathPackets;
    const bytes = now.carriedBytes - last.carriedBytes;
    const packets = now.carriedPackets - last.carriedPackets;
    const vswitchBytes = now.vswitchBytes - last.vswitchBytes;
    const vswitchPackets = now.vswitchPackets - last.vswitchPackets;
    paths.add(0, Placement.onload, vswitchBytes, vswitchPackets);
    paths.add(0, Placement.offload, bytes - fastBytes, packets - fastPackets);
    paths.add(0, Placement.fastPath, fastBytes, fastPackets);
    this.#totals = { ...now };
  }

  /** Counts live flows by what was decided. */
  #flows(table: FlowTable): void {
    const d = table.decision;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      const placement = d.placement[row];
      this.#moves.count(d.rule[row], d.reason[row]);
      if (placement === Placement.onload && ASKS_FOR_ENTRY[d.requested[row]] === 1) {
        this.#moves.waits(d.reason[row]);
      }
      this.#slices.count(this.#slices.slotOf(d.slice[row]), placement);
    }
  }

  /** Counts changes of placement, and the time to a flow's first entry. */
  #changes({ tick, changes, elapsedMs }: TickReport): void {
    const { table } = tick;
    const endedMs = tick.atMs + elapsedMs;
    for (const change of changes) {
      this.#moves.changed(change);
      if (change.to === 'onload' || change.to === 'gone') continue;
      const { row, id } = change;
      if (table.rowOf(id) !== row || this.#rows.placed[row] === 1) continue;
      this.#rows.placed[row] = 1;
      this.#reactions.observe((endedMs - table.traffic.firstSeenMs[row]) / 1000);
    }
  }

  #carriedOut({ tick, operations, plans }: TickReport): void {
    for (const { backend } of plans) this.#operations.meet(backend);
    for (const operation of operations) {
      this.#operations.count(operation);
      const refused = operation.kind === 'put' && !operation.result.ok && operation.row >= 0;
      if (refused) this.#moves.refused(tick.table.decision.rule[operation.row]);
    }
  }

  #topFlows(table: FlowTable, slices: readonly SliceQuota[]): readonly TopFlow[] {
    const { rates, decision } = table;
    return Array.from(this.#top.find(table), (row) => ({
      row,
      id: table.idAt(row),
      bitsPerSecond: rates.bitsPerSecond[row],
      packetsPerSecond: rates.packetsPerSecond[row],
      placement: PLACEMENT_NAMES[decision.placement[row]],
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

/** CPUs; `packetCost` in ns. */
function cpuSaved(paths: PathUses, packetCost: number | undefined): number | undefined {
  if (packetCost === undefined) return undefined;
  const offVswitch = paths.reduce((sum, p) => sum + p.packetsPerSecond, 0);
  return ((offVswitch - paths[Placement.onload].packetsPerSecond) * packetCost) / 1e9;
}

function sliceName(slices: readonly SliceQuota[], slice: number): string | undefined {
  return slice === 0 ? undefined : slices.at(slice - 1)?.name;
}
