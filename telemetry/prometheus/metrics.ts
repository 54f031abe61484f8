import { Registry } from 'prom-client';
import type { TickReport } from '../../engine/loop/tick-report.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { OffloadBackend } from '../../engine/ports/offload-backend.ts';
import type { TickAccounts } from '../accounts/tick-accounts.ts';
import { accountFamilies } from './account-families.ts';
import { BackendMetrics } from './backend-metrics.ts';
import { type Exposed, Exposition, type MetricsSource } from './exposition.ts';
import { type EntryCheckResult, LoopMetrics } from './loop-metrics.ts';
import { type Descriptors, registerProcessMetrics } from './process-metrics.ts';

/** Sources of the daemon's {@link Metrics}. */
export interface MetricsOptions {
  readonly version: string;
  readonly backends: readonly OffloadBackend[];
  readonly accounts: TickAccounts;
  readonly clock: Clock;
  /** Number of flows with the highest rates that get a series each; 0 by default. */
  readonly topFlows?: number;
  /** File descriptors of the process; left out: not shown. */
  readonly descriptors?: Descriptors;
}

/** All Prometheus metrics of the daemon. */
export class Metrics implements MetricsSource {
  /** Other parts register their metrics here. */
  readonly registry = new Registry();
  readonly backends: BackendMetrics;
  readonly #loop: LoopMetrics;
  readonly #exposition: Exposition;

  constructor({ version, backends, accounts, clock, topFlows = 0, descriptors }: MetricsOptions) {
    registerProcessMetrics(this.registry, version, descriptors);
    this.#loop = new LoopMetrics(this.registry);
    this.backends = new BackendMetrics(this.registry, { backends, accounts, clock });
    const families = accountFamilies(accounts, topFlows);
    this.#exposition = new Exposition(this.registry, families);
  }

  /** Updates the metrics with a tick that the accountant has already added to the accounts. */
  recordTick(report: TickReport, periodMs: number): void {
    this.#loop.recordTick(report, periodMs);
    this.backends.recordBatches(report.batches, report.failures);
  }

  /** Records a check of the installed entries between two readings, and its duration. */
  recordEntryCheck(result: EntryCheckResult, elapsedMs: number): void {
    this.#loop.recordEntryCheck(result, elapsedMs);
  }

  expose(accept?: string): Promise<Exposed> {
    return this.#exposition.expose(accept);
  }
}
