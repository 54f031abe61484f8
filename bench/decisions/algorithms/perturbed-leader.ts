import { Sfc32 } from '../../../adapters/emulator/random.ts';
import { Placement } from '../../../engine/model/flow.ts';
import type { Algorithm, Placer, PlacerContext, WindowView } from '../game/algorithm.ts';
import { KeepBest } from './keep-best.ts';
import { ObservedFlows } from './observed-flows.ts';

type Unit = 'bytes' | 'packets';

/** Parameters of {@link perturbedLeader}. */
export interface PerturbedLeaderOptions {
  /** Time in which past traffic loses half of its weight, ms. */
  readonly halfLifeMs?: number;
  /** Standard deviation of the perturbations, in mean amounts of a sender. */
  readonly noise?: number;
}

/** The best of 250, 1,000 and 4,000 ms on a tuning seed; the less noise, the better. */
const HALF_LIFE_MS = 250;
const NOISE = 0.01;
const SEED = 1;

/**
 * Follow the perturbed leader, with switching costs: the flows that have sent most so far are
 * placed, where each flow's sum is perturbed by a Gaussian number that is drawn once, so that
 * leaders change rarely (Mukhopadhyay and Sinha, Online Caching with Optimal Switching Regret, arXiv
 * 2101.07043; Faizal et al., Regret-Optimal Online Caching for Adversarial and Stochastic Arrivals,
 * arXiv 2211.16051). The papers sum without end, for files that do not; here past traffic ages.
 */
export function perturbedLeader(by: Unit, options: PerturbedLeaderOptions = {}): Algorithm {
  return {
    name: `ftpl-${by}`,
    create: (context) => new PerturbedLeader(by, context, options),
  };
}

/**
 * The optimistic one (Mhaisen, Sinha, Paschos and Iosifidis, Optimistic No-Regret Algorithms for
 * Discrete Caching, arXiv 2208.06414): what each flow is expected to send in the next window, here by
 * Norikae's own forecast, is added to what it has sent.
 */
export function optimisticLeader(by: Unit, options: PerturbedLeaderOptions = {}): Algorithm {
  return {
    name: `oftpl-${by}`,
    create: (context) => {
      const flows = new ObservedFlows(context, by === 'bytes' ? 1 : 0);
      return new PerturbedLeader(by, context, options, flows);
    },
  };
}

class PerturbedLeader implements Placer {
  readonly #by: Unit;
  readonly #flows: ObservedFlows | undefined;
  readonly #random = new Sfc32(SEED);
  readonly #sums: Float64Array;
  readonly #perturbations: Float64Array;
  readonly #kept: number;
  readonly #noise: number;
  readonly #best = new KeepBest();

  /** @param flows the forecasts, for optimism */
  constructor(
    by: Unit,
    { flows, windowMs }: PlacerContext,
    { halfLifeMs = HALF_LIFE_MS, noise = NOISE }: PerturbedLeaderOptions,
    forecasts?: ObservedFlows,
  ) {
    this.#by = by;
    this.#flows = forecasts;
    this.#sums = new Float64Array(flows);
    this.#perturbations = new Float64Array(flows);
    this.#kept = 2 ** (-windowMs / halfLifeMs);
    this.#noise = noise;
  }

  decide(view: WindowView): void {
    const { senders, table } = view;
    const amounts = view[this.#by];
    for (const flow of view.born) {
      this.#sums[flow] = 0;
      this.#perturbations[flow] = gaussian(this.#random);
    }
    for (let i = 0; i < table.known.size; i++) this.#sums[table.known.at(i)] *= this.#kept;
    let all = 0;
    for (let i = 0; i < senders.length; i++) {
      this.#sums[senders[i]] += amounts[i];
      all += amounts[i];
    }
    const noise = senders.length === 0 ? 0 : (this.#noise * all) / senders.length;
    const expected = this.#expectations(view);
    this.#best.apply(
      view,
      (flow) => this.#sums[flow] + noise * this.#perturbations[flow] + expected(flow),
    );
    this.#follow(view);
  }

  /** What a flow is expected to send in the next window. */
  #expectations(view: WindowView): (flow: number) => number {
    const flows = this.#flows;
    if (flows === undefined) return () => 0;
    flows.update(view);
    const { packetsPerSecond, bitsPerSecond } = flows.table.forecast;
    const seconds = view.windowMs / 1000;
    return this.#by === 'bytes'
      ? (flow) => (bitsPerSecond[flows.rowOf(flow)] / 8) * seconds
      : (flow) => packetsPerSecond[flows.rowOf(flow)] * seconds;
  }

  /** Tells the forecasts which flows have an entry. */
  #follow({ table }: WindowView): void {
    const flows = this.#flows;
    if (flows === undefined) return;
    const { placement } = flows.table.decision;
    for (let i = 0; i < table.known.size; i++) {
      const flow = table.known.at(i);
      placement[flows.rowOf(flow)] = table.has(flow) ? Placement.offload : Placement.onload;
    }
  }
}

/** A standard normal variate (Box and Muller, 1958). */
function gaussian(random: Sfc32): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()));
  return radius * Math.cos(2 * Math.PI * random.uniform());
}
