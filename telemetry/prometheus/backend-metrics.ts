import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Batch } from '../../engine/loop/tick-report.ts';
import type { BackendFailure } from '../../engine/loop/backend-controller.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { OffloadBackend } from '../../engine/ports/offload-backend.ts';
import type { TickAccounts } from '../accounts/tick-accounts.ts';

const RENEWALS = ['renewed', 'failed', 'withheld'] as const;

/** Sources of {@link BackendMetrics}. */
export interface BackendMetricsOptions {
  readonly backends: readonly OffloadBackend[];
  readonly accounts: TickAccounts;
  readonly clock: Clock;
}

/** Prometheus metrics of the backends: tables, time to apply plans, failures, leases. */
export class BackendMetrics {
  readonly #backends: readonly OffloadBackend[];
  readonly #accounts: TickAccounts;
  readonly #clock: Clock;
  readonly #applySeconds: Histogram;
  readonly #failures: Counter;
  readonly #failing: Gauge;
  readonly #renewals: Counter;
  readonly #renewedAtMs = new Map<string, number>();

  constructor(registry: Registry, { backends, accounts, clock }: BackendMetricsOptions) {
    this.#backends = backends;
    this.#accounts = accounts;
    this.#clock = clock;
    const registers = [registry];
    const labelNames = ['backend'];
    const perBackend = (
      name: string,
      help: string,
      value: (of: OffloadBackend) => number,
    ): void => {
      const gauge: Gauge = new Gauge({
        name: `norikae_${name}`,
        help,
        labelNames,
        registers,
        collect: () => {
          for (const b of backends) gauge.set({ backend: b.name }, value(b));
        },
      });
    };
    perBackend(
      'table_entries',
      'Declared entries of the backend. norikae_table_learned_entries is how many fit.',
      (b) => b.capabilities().entries,
    );
    perBackend(
      'table_learned_entries',
      'Entries that the planner counts on: the declared entries, or fewer after the table refused some as full. Without refusals the number grows again.',
      (b) => this.#learnedEntries(b),
    );
    perBackend('table_entries_used', 'Entries in use.', (b) => b.capacity().used);
    perBackend('table_entries_free', 'Free entries: learned minus used.', (b) =>
      Math.max(0, this.#learnedEntries(b) - b.capacity().used),
    );
    perBackend('table_masks_used', 'Distinct masks in use.', (b) => b.capacity().masksUsed);
    perBackend(
      'unserved_ports',
      'Ports that the backend does not serve although it is meant to: norikae status says why.',
      (b) => b.unservedPorts?.().length ?? 0,
    );
    perBackend(
      'lease_seconds',
      'Time after which a backend sends all traffic to the vSwitch when its lease is not renewed.',
      (b) => b.capabilities().leaseMs / 1000,
    );
    perBackend(
      'lease_left_seconds',
      'Remaining time of the lease; 0 when it has expired or was never renewed, and all traffic is on the vSwitch.',
      (b) => this.#leaseLeftSeconds(b),
    );
    this.#applySeconds = new Histogram({
      name: 'norikae_apply_duration_seconds',
      help: 'Time that a backend took to apply one plan.',
      labelNames,
      buckets: [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
      registers,
    });
    this.#failures = new Counter({
      name: 'norikae_backend_failures_total',
      help: 'Ticks in which the backend failed as a whole; the next tick retries.',
      labelNames,
      registers,
    });
    this.#failing = new Gauge({
      name: 'norikae_backend_failing',
      help: '1 when the backend failed in the last tick.',
      labelNames,
      registers,
    });
    this.#renewals = new Counter({
      name: 'norikae_lease_renewals_total',
      help: 'Due renewals of a lease: done, failed at the backend, or withheld because the entries are not known to be correct.',
      labelNames: ['backend', 'result'],
      registers,
    });
    for (const { name: backend } of backends) {
      this.#applySeconds.zero({ backend });
      this.#failures.inc({ backend }, 0);
      this.#failing.set({ backend }, 0);
      for (const result of RENEWALS) this.#renewals.inc({ backend, result }, 0);
    }
  }

  recordBatches(batches: readonly Batch[], failures: readonly BackendFailure[]): void {
    for (const { backend, elapsedMs } of batches) {
      this.#applySeconds.observe({ backend }, elapsedMs / 1000);
    }
    const failed = new Set(failures.map((f) => f.backend));
    for (const { name: backend } of this.#backends) {
      this.#failing.set({ backend }, failed.has(backend) ? 1 : 0);
      if (failed.has(backend)) this.#failures.inc({ backend });
    }
  }

  /** Records the result of a due renewal of a backend's lease. */
  recordRenewal(backend: string, result: (typeof RENEWALS)[number]): void {
    this.#renewals.inc({ backend, result });
    if (result === 'renewed') this.#renewedAtMs.set(backend, this.#clock.now());
  }

  /** Learned entries as of the last plan; the declared capacity before the first. */
  #learnedEntries(backend: OffloadBackend): number {
    const table = this.#accounts.tables.find((t) => t.backend === backend.name);
    return table?.learnedEntries ?? backend.capacity().entries;
  }

  #leaseLeftSeconds(backend: OffloadBackend): number {
    const renewedMs = this.#renewedAtMs.get(backend.name);
    if (renewedMs === undefined) return 0;
    const leftMs = renewedMs + backend.capabilities().leaseMs - this.#clock.now();
    return Math.max(0, leftMs / 1000);
  }
}
