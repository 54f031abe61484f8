import { SMOOTHING_MS } from '../engine/loop/defaults.ts';
import { DEFAULT_PLANNER } from '../simulation/settings.ts';
import { Forecaster } from '../engine/forecast/forecaster.ts';
import { Placement, RequestedPlacement } from '../engine/model/flow.ts';
import { FlowTable } from '../engine/model/flow-table.ts';
import type { SliceQuota } from '../engine/model/slice.ts';
import { limitsOf } from '../engine/planner/limits.ts';
import type { TableBudget } from '../engine/planner/plan.ts';
import { Planner } from '../engine/planner/planner.ts';
import { updateRates } from '../telemetry/rates.ts';
import { Sfc32 } from '../adapters/emulator/random.ts';
import { cpuMs, median } from './support/measuring.ts';
import { uplink } from './ports.ts';
import { type BenchOptions, type BenchReport, type Comparison, compare } from './support/report.ts';

const ENTRIES = 8192;
const PERIOD_MS = 250;
const SLICES = 16;
const ROUNDS = 25;
/** Warm-up rounds: the table fills, and code is compiled. */
const SETTLING = 10;

/**
 * CPU time of a plan: every flow requests an entry, 8,192 fit, 16 slices share them, and the flows
 * would fill two NIC ports, so that most are checked against the ports' limits. Compared with the
 * obvious implementation: sort all contenders by score as JavaScript objects, and compare the first
 * 8,192 with those placed.
 */
export function run({ quick, signal }: BenchOptions): Promise<BenchReport> {
  const sizes = quick ? [1_000, 10_000] : [10_000, 100_000, 1_000_000];
  const comparisons: Comparison[] = [];
  const notes: string[] = [];
  for (const flows of sizes) {
    signal.throwIfAborted();
    const { planMs, forecastMs, slowestMs, peerMs } = measure(flows);
    comparisons.push(
      compare(`plan, ${flows} candidates`, { ours: planMs, peer: peerMs }, 'ms', 'lower'),
    );
    notes.push(
      `${flows} candidates: plan ${planMs.toFixed(2)} ms (slowest ${slowestMs.toFixed(2)}), ` +
        `forecast ${forecastMs.toFixed(2)} ms, ${((planMs / flows) * 1e6).toFixed(0)} ns a flow`,
    );
  }
  notes.push('peer: an array of objects, sorted by score, the first 8,192 against those placed');
  return Promise.resolve({ name: 'plan', comparisons, notes });
}

/** Medians over the rounds, ms. */
function measure(flows: number) {
  const scene = new Scene(flows);
  const plans: number[] = [];
  const forecasts: number[] = [];
  const peers: number[] = [];
  for (let round = 0; round < SETTLING + ROUNDS; round++) {
    forecasts.push(scene.tick());
    plans.push(scene.plan());
  }
  // Apart from the plans, which must not pay for collecting the objects of the peer.
  for (let round = 0; round < SETTLING + ROUNDS; round++) peers.push(scene.peer());
  const settled = plans.slice(SETTLING);
  return {
    planMs: median(settled),
    slowestMs: Math.max(...settled),
    forecastMs: median(forecasts.slice(SETTLING)),
    peerMs: median(peers.slice(SETTLING)),
  };
}

/** Flows whose rates are drawn in each tick: heavy-tailed, and half of them silent. */
class Scene {
  readonly #table = new FlowTable();
  readonly #planner = new Planner(DEFAULT_PLANNER);
  readonly #forecaster = new Forecaster();
  readonly #random = new Sfc32(1);
  readonly #flows: number;
  readonly #packets: Float64Array;
  readonly #tableBudget: TableBudget = {
    placement: Placement.offload,
    entries: ENTRIES,
    slices: Array.from({ length: SLICES }, (_, n): SliceQuota => sliceNumber(n)),
    ports: PORTS,
    limits: limitsOf(NIC, PORTS, { receiveBitsPerSecond: 15.2e9, sendBitsPerSecond: 11.3e9 }),
    supports: () => true,
  };
  #nowMs = 0;
  /** Moves of the peer, summed so that its work is not optimised away. */
  moved = 0;

  constructor(flows: number) {
    this.#flows = flows;
    this.#packets = new Float64Array(flows);
    this.#table.reserve(flows);
    this.#read();
  }

  /** One reading with rates (not timed), and its forecast. Returns the time of the forecast, ms. */
  tick(): number {
    this.#read();
    updateRates(this.#table, SMOOTHING_MS);
    const elapsedMs = cpuMsOf(() => this.#forecaster.update(this.#table, 0.5));
    const { decision, forecast, rows, count } = this.#table;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      decision.requested[row] = RequestedPlacement.offload;
      decision.score[row] = forecast.worth[row];
      decision.scoredByWorth[row] = 1;
      decision.slice[row] = row % (SLICES + 1);
    }
    return elapsedMs;
  }

  /** Computes and applies one plan. Returns the time of the plan only, ms. */
  plan(): number {
    const moves: { row: number; to: Placement }[] = [];
    const elapsedMs = cpuMsOf(() => {
      const plan = this.#planner.plan(this.#table, this.#tableBudget, this.#nowMs);
      for (const row of plan.withdraw) moves.push({ row, to: Placement.onload });
      for (const row of plan.install) moves.push({ row, to: Placement.offload });
    });
    for (const { row, to } of moves) {
      this.#table.decision.placement[row] = to;
      this.#table.decision.placedSinceMs[row] = this.#nowMs;
    }
    return elapsedMs;
  }

  /** The obvious implementation, on the same scores. Returns its time, ms. */
  peer(): number {
    const { decision, rows, count } = this.#table;
    return cpuMsOf(() => {
      const all = Array.from({ length: count }, (_, i) => {
        const row = rows[i];
        return { row, score: decision.score[row], placed: decision.placement[row] !== 0 };
      });
      all.sort((a, b) => b.score - a.score);
      this.moved +=
        all.slice(0, ENTRIES).filter((c) => !c.placed).length +
        all.slice(ENTRIES).filter((c) => c.placed).length;
    });
  }

  #read(): void {
    const table = this.#table;
    this.#nowMs += PERIOD_MS;
    table.begin(this.#nowMs);
    for (let n = 0; n < this.#flows; n++) {
      const id = { w0: n, w1: n >>> 3, w2: 7, w3: n };
      const found = table.rowOf(id);
      const row = found >= 0 ? found : table.add(id, INWARDS[n & 1], TO_VM);
      const sends = this.#random.uniform() < 0.5;
      if (sends) this.#packets[n] += Math.ceil(this.#random.uniform() ** -1.2);
      table.observe(row, this.#packets[n], this.#packets[n] * 800, sends ? 3 : 800);
    }
    table.end();
  }
}

function cpuMsOf(task: () => void): number {
  const startMs = cpuMs();
  task();
  return cpuMs() - startMs;
}

function sliceNumber(n: number): SliceQuota {
  const guaranteed = { kind: 'share', value: 0.02 } as const;
  const maximum = { kind: 'share', value: 0.5 } as const;
  return { name: `s${n}`, declared: true, weight: 1 + (n % 3), guaranteed, maximum };
}

const NIC = {
  placement: 'offload',
  entries: ENTRIES,
  masks: 32,
  leaseMs: 2000,
  heartbeatMs: 1000,
  heartbeatLimitMs: 1000,
  survivesRestart: true,
  reportsLastPacket: true,
  description: 'of the bench',
} as const;
const PORTS = new Map(['p0', 'p1'].map((name) => [name, uplink(name)]));
const INWARDS = ['p0', 'p1'].map((inPort) => ({ inPort, fields: [], opaque: [] }));
const TO_VM = [{ kind: 'output', port: 'vm1' }] as const;
