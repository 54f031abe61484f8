import type { FlowTable } from '../model/flow-table.ts';
import { DescendingOrder } from '../model/descending-order.ts';
import { Choice } from './choice.ts';
import { Contenders } from './contenders.ts';
import { Groups } from './groups.ts';
import { Moves } from './moves.ts';
import type { Plan, PlannerOptions, TableBudget } from './plan.ts';
import { Throughput } from './throughput.ts';
import { TokenBucket } from './token-bucket.ts';

/**
 * Chooses which flows have an entry: in each slice's share of the table the best scores, within
 * what the backend gets through; and moves towards that choice where it gains enough, few moves at
 * a time. Gives the rows it looks at their reason and remembers nothing of a flow: what it needs
 * is in the table.
 *
 * Linear in flows: what is sorted is sorted by radix.
 */
export class Planner {
  readonly #options: PlannerOptions;
  readonly #bucket: TokenBucket;
  readonly #contenders = new Contenders();
  readonly #groups = new Groups();
  readonly #throughput = new Throughput();
  readonly #order = new DescendingOrder();
  readonly #choice = new Choice();
  readonly #moves = new Moves();

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket(options.operations);
  }

  plan(table: FlowTable, tableBudget: TableBudget, nowMs: number): Plan {
    const contenders = this.#contenders;
    const groups = this.#groups;
    const throughput = this.#throughput;
    const choice = this.#choice;
    const { entries } = tableBudget;
    const budget = this.#bucket.available(nowMs);
    groups.begin(tableBudget.slices, entries);
    throughput.begin(table, tableBudget.ports, tableBudget.limits);
    const { minHoldMs } = this.#options;
    contenders.sort({ table, tableBudget, minHoldMs, nowMs, budget, groups, throughput });
    const order = this.#order.sort(contenders.rows, contenders.count, contenders.keys);
    choice.make({ table, contenders, groups, throughput, entries, order });
    this.#moves.plan({ table, contenders, groups, choice, entries, budget });
    const { withdraw, withdrawalCauses, install, swapGain } = this.#moves;
    this.#bucket.take(withdraw.length + install.length);
    return {
      withdraw,
      withdrawalCauses,
      install,
      cutoff: choice.cutoff,
      threshold: choice.threshold,
      swapGain,
      contenders: contenders.pinned + contenders.count,
      budget,
      shares: groups.report(),
      limits: throughput.uses(),
    };
  }
}
