import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '../../config/load-config.ts';
import { createNode } from '../../daemon/node.ts';
import { SMOOTHING_MS } from '../../engine/loop/defaults.ts';
import { Engine } from '../../engine/loop/engine.ts';
import type { TickReport } from '../../engine/loop/tick-report.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { createEvaluator } from '../../policy/compiled/create-evaluator.ts';
import { parsePolicies } from '../../policy/parse/parse-policies.ts';
import { HostWatch } from '../../telemetry/host-watch.ts';
import { Observer } from '../../telemetry/observer.ts';

import { ManualClock } from './manual-clock.ts';
import { recordingLog } from './quiet-log.ts';

const EXAMPLE = join(packageRoot(), 'config', 'emulated.json');

/** The node, policies and settings of `npm start`, driven by a clock of the test. */
class EmulatedDemo {
  readonly #signal = new AbortController().signal;
  readonly #clock = new ManualClock(1_000);
  readonly #config = parseConfig(readFileSync(EXAMPLE, 'utf8'), EXAMPLE);
  readonly #node = createNode(this.#config, this.#clock, recordingLog().log);
  readonly #observer: Observer;
  readonly #engine: Engine;

  constructor() {
    const { poll, planner } = this.#config;
    const { flows, ports, host, backends } = this.#node;
    const clock = this.#clock;
    const timeoutMs = poll.timeoutMs;
    this.#observer = new Observer({
      flows,
      ports,
      host: new HostWatch({
        host,
        ports,
        clock,
        periodMs: 1000,
        timeoutMs,
        vswitchPackets: () => this.#observer.table.totals.vswitchPackets,
      }),
      backends,
      clock,
      period: poll,
      timeoutMs,
      smoothingMs: SMOOTHING_MS,
    });
    const { minHoldMs, operationsPerSecond: perSecond, burst, ...bandwidth } = planner;
    const policies = this.#config.policies.map((file) => ({
      file,
      text: readFileSync(file, 'utf8'),
    }));
    this.#engine = new Engine({
      evaluator: createEvaluator(parsePolicies(policies), clock),
      planner: { minHoldMs, operations: { perSecond, burst } },
      bandwidth,
      backends,
      clock,
      auditMs: 30_000,
    });
  }

  async start(): Promise<void> {
    await this.#node.ports.start(this.#signal);
    for (const backend of this.#node.backends) {
      await backend.start(this.#node.ports.current(), this.#signal);
      await backend.renewLease(this.#clock.now());
    }
  }

  /** One period of the daemon. */
  async tick(): Promise<TickReport> {
    this.#clock.advance(this.#config.poll.periodMs);
    const report = await this.#engine.onTick(
      await this.#observer.observe(this.#signal),
      this.#signal,
    );
    for (const backend of this.#node.backends) {
      await backend.renewLease(this.#clock.now());
    }
    return report;
  }
}

/** Use of the demonstration's table. */
export interface TableUse {
  /** Least number of entries in use after the first ten seconds. */
  readonly minUsed: number;
  readonly refused: number;
  readonly operations: number;
  /** Share of all bytes that the table carried, 0 to 1. */
  readonly carriedShare: number;
}

/** Runs the demonstration for some seconds. */
export async function useOfTable(seconds: number): Promise<TableUse> {
  const demo = new EmulatedDemo();
  await demo.start();
  let minUsed = Number.POSITIVE_INFINITY;
  let refused = 0;
  let applied = 0;
  let carriedShare = 0;
  for (let tick = 1; tick <= seconds * 4; tick++) {
    const { plans, operations, tick: read } = await demo.tick();
    if (tick >= 40) minUsed = Math.min(minUsed, plans[0].capacity.used);
    refused += operations.filter(({ kind, result }) => kind === 'put' && !result.ok).length;
    applied += operations.length;
    const { vswitchBytes, carriedBytes } = read.table.totals;
    carriedShare = carriedBytes / (carriedBytes + vswitchBytes);
  }
  return { minUsed, refused, operations: applied, carriedShare };
}
