import type { PlanNumbers, TickReport } from '../engine/loop/tick-report.ts';
import { PLACEMENT_NAMES } from '../engine/model/flow.ts';
import { FlowTable } from '../engine/model/flow-table.ts';
import { Accountant } from '../telemetry/accounts/accountant.ts';
import type { TickAccounts } from '../telemetry/accounts/tick-accounts.ts';
import { updateRates } from '../telemetry/rates.ts';
import { median } from './support/measuring.ts';
import { vmPort } from './ports.ts';

export const SLICES = 100;
export const PORTS = 64;
const RULES = 20;
const PERIOD_MS = 250;

/** A synthetic node whose counters grow. */
export class NodeScene {
  readonly table = new FlowTable();
  readonly #accountant = new Accountant({ topFlows: 100 });
  readonly #flows: number;
  readonly #times: number[] = [];
  readonly #ports = new Map(Array.from({ length: PORTS }, (_, n) => [`vm${n}`, vmPort(`vm${n}`)]));
  readonly #slices = Array.from({ length: SLICES }, (_, n) => ({
    name: `slice-${n}`,
    declared: true,
    weight: 1,
    guaranteed: undefined,
    maximum: undefined,
  }));
  readonly #rules = Array.from({ length: RULES }, (_, n) => ({
    name: `policy/rule-${n}`,
    requested: 1 as const,
    priority: n,
  }));
  readonly #plan = plan(this.#slices.map((slice) => slice.name));
  #sequence = 0;

  constructor(flows: number) {
    this.#flows = flows;
    this.table.reserve(flows);
  }

  get accounts(): TickAccounts {
    return this.#accountant.accounts;
  }

  tick(): TickReport {
    this.#read(++this.#sequence * PERIOD_MS);
    const report = this.#report();
    const startedMs = performance.now();
    this.#accountant.account(report, this.#rules);
    this.#times.push(performance.now() - startedMs);
    return report;
  }

  medianAccountMs(): number {
    return median(this.#times);
  }

  #read(nowMs: number): void {
    const { table } = this;
    table.begin(nowMs);
    for (let n = 0; n < this.#flows; n++) {
      const id = { w0: n, w1: n >>> 3, w2: 7, w3: n };
      let row = table.rowOf(id);
      if (row < 0) {
        const match = { inPort: `vm${n % PORTS}`, fields: [], opaque: [] };
        row = table.add(id, match, [{ kind: 'output', port: `vm${(n + 1) % PORTS}` }]);
      }
      const packets = this.#sequence * (1 + (n % 97));
      table.observe(row, packets, packets * 700, 0);
      const d = table.decision;
      d.slice[row] = 1 + (n % SLICES);
      d.rule[row] = n % (RULES + 1);
      d.placement[row] = n % 12 === 0 ? 1 : 0;
      if (d.placement[row] === 1) table.carried(row, 50 + (n % 31), 40_000, nowMs);
    }
    table.end();
    updateRates(table, 1000);
  }

  #report(): TickReport {
    const { table } = this;
    return {
      tick: {
        sequence: this.#sequence,
        atMs: table.readAtMs,
        table,
        node: { hostCpu: 0.5, portLoad: new Map() },
        ports: this.#ports,
        sources: [],
        flowsFresh: true,
        fresh: true,
      },
      evaluation: undefined,
      samples: undefined,
      bitShare: 0,
      slices: this.#slices,
      plans: [this.#plan],
      changes: [],
      operations: [],
      failures: [],
      flows: PLACEMENT_NAMES.map(() => 0),
      held: false,
      permission: { may: 'move' },
      batches: [],
      stages: { enforceMs: 0, rulesMs: 0, planMs: 0, applyMs: 0 },
      endedAtMs: table.readAtMs,
      elapsedMs: 0,
    };
  }
}

/** A table that is divided among slices, and limited by each port in both directions. */
function plan(slices: readonly string[]): PlanNumbers {
  const parts = { weight: 1, guaranteed: 8, maximum: 800, wanted: 90, share: 80, used: 80 };
  const limits = Array.from({ length: PORTS }, (_, n) => `vm${n}`).flatMap((name) =>
    (['receive', 'send'] as const).map((kind) => ({
      name: `${name} ${kind}`,
      scope: { kind, port: name },
      packetsPerSecond: Number.POSITIVE_INFINITY,
      bitsPerSecond: 1e10,
      hard: false,
      expectedPacketsPerSecond: 1e5,
      expectedBitsPerSecond: 1e9,
    })),
  );
  return {
    unservedPorts: 0,
    watchdog: undefined,
    virtualFunctions: undefined,
    portHooks: [],
    verifiedAtMs: 0,
    inputs: [],
    backend: 'nic',
    placement: 'offload',
    capacity: { entries: 8192, used: 8100, masks: 16, masksUsed: 3 },
    learnedEntries: 8110,
    cutoff: 100,
    threshold: 12,
    swapGain: 340,
    contenders: 9000,
    budget: 100,
    shares: [undefined, ...slices].map((slice) => ({ slice, ...parts })),
    limits,
  };
}
