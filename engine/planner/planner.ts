import type { FlowTable } from '../model/flow-table.ts';
import { findFillers } from './fillers.ts';
import { Choice } from './choice.ts';
import { Contenders } from './contenders.ts';
import { Groups } from './groups.ts';
import { Moves } from './moves.ts';
import type { Plan, PlannerOptions, TableBudget } from './plan.ts';
import { Throughput } from './throughput.ts';
import { TokenBucket } from './token-bucket.ts';

/**
 * Chooses which flows have an entry: the best scores in each slice's share of the table, within the
 * backend's throughput limits. Plans a bounded number of moves towards that choice, if they gain
 * enough. Sets the reasons of the rows, and keeps no state per flow: all of it is in the table.
 *
 * Linear in flows: of many, only the best are sorted, by a radix sort.
 */
export class Planner {
  readonly #options: PlannerOptions;
  readonly #bucket: TokenBucket;
  readonly #contenders = new Contenders();
  readonly #groups = new Groups();
  readonly #throughput = new Throughput();
  readonly #choice = new Choice();
  readonly #moves: Moves;

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket(options.operations);
    this.#moves = new Moves(options.skippedGains);
  }

  /** Charges operations that applying a plan took beyond those planned. */
  chargeOperations(count: number): void {
    this.#bucket.spend(count);
  }

  plan(table: FlowTable, tableBudget: TableBudget, nowMs: number): Plan {
    const contenders = this.#contenders;
    const groups = this.#groups;
    const throughput = this.#throughput;
    const choice = this.#choice;
    const { entries } = tableBudget;
    const budget = this.#bucket.available(nowMs);
    groups.startPlan(tableBudget.slices, entries);
    throughput.startSums(table, tableBudget.ports, tableBudget.limits);
    const { minHoldMs } = this.#options;
    contenders.classify({ table, tableBudget, minHoldMs, nowMs, budget, groups, throughput });
    choice.choose({ table, contenders, groups, throughput, entries });
    this.#moves.planMoves({ table, contenders, groups, choice, entries, budget });
    const { withdraw, withdrawalCauses, install, replaced, swapGain } = this.#moves;
    const planned = withdraw.length + install.length;
    this.#bucket.spend(planned);
    const spares = Math.min(choice.spareCount, Math.max(0, budget - planned));
    const { worth } = choice;
    const left = budget - planned;
    const fillers = { table, entries, contenders, choice, groups, withdraw, worth, budget: left };
    return {
      withdraw,
      withdrawalCauses,
      install,
      replaced,
      spares: choice.spares.subarray(0, spares),
      fillersFor: (refused, share) => findFillers(fillers, refused, share),
      cutoff: choice.cutoff,
      threshold: choice.threshold,
      swapGain,
      contenders: contenders.pinned + contenders.count,
      budget,
      shares: groups.sliceShares(),
      limits: throughput.limitUses(),
    };
  }
}
