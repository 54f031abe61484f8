import { BackendController } from '../../../engine/loop/backend-controller.ts';
import { AUDIT_MS } from '../../../engine/loop/defaults.ts';
import { DEFAULT_PLANNER } from '../../../simulation/settings.ts';
import type { FactReading } from '../../../engine/model/fact-reading.ts';
import { RequestedPlacement } from '../../../engine/model/flow.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import { ChangeList } from '../../../engine/reconcile/change-list.ts';
import type { Algorithm, Placer, PlacerContext, WindowView } from '../game/algorithm.ts';
import { ObservedFlows } from './observed-flows.ts';
import { TableBackend } from './table-backend.ts';

/**
 * Norikae's own planner: the daemon's flow table, rates, forecast and planner, with the daemon's
 * default settings, applied to the windows. As on a node with scarce bandwidth, where it maximises
 * bytes.
 */
export const NORIKAE: Algorithm = {
  name: 'norikae',
  create: (context) => new Norikae(context, 1),
};

/** The same as on a node with scarce CPU, where it maximises packets. */
export const NORIKAE_PACKETS: Algorithm = {
  name: 'norikae-packets',
  create: (context) => new Norikae(context, 0),
};

/** Parts of the gain of all swaps that are left undone: the price of operations. */
const PRICES = [0.01, 0.03, 0.2, 0.4, 0.6];

/** Ours with other prices of an operation, which trade coverage for operations. */
export const FRONTIER: readonly Algorithm[] = PRICES.flatMap((skippedGains) =>
  [NORIKAE, NORIKAE_PACKETS].map(({ name }) => ({
    name: `${name}@${skippedGains}`,
    create: (context: PlacerContext) =>
      new Norikae(context, name === NORIKAE.name ? 1 : 0, skippedGains),
  })),
);

/** True for ours, with any price of an operation. */
export function isOurs(algorithm: string): boolean {
  return algorithm.startsWith(NORIKAE.name);
}

/**
 * Writes what the shipped default policy writes for a flow to offload; the only effect of a policy
 * in the bench.
 */
function requested(table: FlowTable): void {
  const d = table.decision;
  for (let i = 0; i < table.count; i++) {
    const row = table.rows[i];
    d.requested[row] = RequestedPlacement.offload;
    d.score[row] = table.forecast.worth[row];
    d.scoredByWorth[row] = 1;
  }
}

class Norikae implements Placer {
  readonly #flows: ObservedFlows;
  readonly #changes = new ChangeList();
  readonly #backend: TableBackend;
  readonly #controller: BackendController;
  readonly #signal = new AbortController().signal;
  #nowMs = 0;

  /**
   * @param bitShare share of bits in the worth of flows, from the node's scarcity
   * @param skippedGains as in the planner's options; left out: the daemon's
   */
  constructor(context: PlacerContext, bitShare: number, skippedGains?: number) {
    this.#flows = new ObservedFlows(context, bitShare);
    this.#backend = new TableBackend(context.entries, context.hardware);
    const planner =
      skippedGains === undefined ? DEFAULT_PLANNER : { ...DEFAULT_PLANNER, skippedGains };
    const clock = { now: () => this.#nowMs };
    this.#controller = new BackendController(
      this.#backend,
      { planner, clock, auditMs: AUDIT_MS },
      this.#changes,
    );
  }

  async decide(view: WindowView): Promise<void> {
    this.#nowMs = view.endMs;
    this.#backend.table = view.table;
    this.#flows.update(view);
    const { table } = this.#flows;
    requested(table);
    // The daemon's tick lasts until the operations of its plan are carried out.
    if (view.table.isBusy) return;
    const plan = this.#controller.plan(table, [], NO_PORTS);
    await this.#controller.applyPlan(table, plan, NO_FACTS, this.#signal);
    this.#changes.takeChanges();
  }
}

const NO_PORTS: PortSnapshot = new Map();
const NO_FACTS: ReadonlyMap<number, readonly FactReading[]> = new Map();
