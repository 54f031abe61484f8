import { Registry } from 'prom-client';
import type { TickReport } from '../../engine/loop/tick-report.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { OffloadBackend } from '../../engine/ports/offload-backend.ts';
import type { TickAccounts } from '../accounts/tick-accounts.ts';
import { accountFamilies } from './account-families.ts';
import { BackendMetrics } from './backend-metrics.ts';
import { type Exposed, Exposition, type MetricsSource } from './exposition.ts';
import { LoopMetrics } from './loop-metrics.ts';
import { registerProcessMetrics } from './process-metrics.ts';

/** What the daemon's {@link Metrics} are of. */
export interface MetricsOptions {
  readonly version: string;
  readonly backends: readonly OffloadBackend[];
  readonly accounts: TickAccounts;
  readonly clock: Clock;
  /** Flows with the highest rates that get a series of their own; 0 by default. */
  readonly topFlows?: number;
}

/** All that Prometheus is told of the daemon. */
export class Metrics implements MetricsSource {
  /** For the metrics of other parts. */
  readonly registry = new Registry();
  readonly backends: BackendMetrics;
  readonly #loop: LoopMetrics;
  readonly #exposition: Exposition;

  constructor({ version, backends, accounts, clock, topFlows = 0 }: MetricsOptions) {
    registerProcessMetrics(this.registry, version);
    this.#loop = new LoopMetrics(this.registry);
    this.backends = new BackendMetrics(this.registry, { backends, accounts, clock });
    const families = accountFamilies(accounts, topFlows);
    this.#exposition = new Exposition(this.registry, families);
  }

  /** Brings the metrics up to a tick, whose accounts have been made. */
  observe(report: TickReport, periodMs: number): void {
    this.#loop.observe(report, periodMs);
    this.backends.observe(report.batches, report.failures);
  }

  expose(accept?: string): Promise<Exposed> {
    return this.#exposition.expose(accept);
  }
}
