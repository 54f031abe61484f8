import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Batch } from '../../engine/loop/tick-report.ts';
import { WITHHELD_CAUSES, type WithheldCause } from '../../engine/loop/verification.ts';
import type { BackendFailure } from '../../engine/loop/backend-failure.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { OffloadBackend } from '../../engine/ports/offload-backend.ts';
import type { TickAccounts } from '../accounts/tick-accounts.ts';
import { registerVfMetrics } from './vf-metrics.ts';
import { registerWatchdogMetrics } from './watchdog-metrics.ts';

const RENEWALS = ['renewed', 'failed', 'withheld'] as const;

/** Result of a due renewal; `untilMs`: end of the renewed lease, ms of the clock. */
export type RenewalRecord =
  | { readonly result: 'renewed'; readonly untilMs: number }
  | { readonly result: 'withheld'; readonly cause: WithheldCause }
  | { readonly result: 'failed' };

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
  readonly #withheld: Counter;
  /** In ms of the clock. */
  readonly #leaseUntilMs = new Map<string, number>();
  readonly #verifiedAtMs = new Map<string, number>();

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
    registerWatchdogMetrics(registry, backends);
    registerVfMetrics(registry, backends);
    const portHooks = new Gauge({
      name: 'norikae_port_hook',
      help: 'Where a backend takes the packets of a port that it serves, always 1: the hook (xdp, tcx, cls_bpf, flower or emulator) and the reason for it as one word.',
      labelNames: ['backend', 'port', 'hook', 'reason'],
      registers,
      collect: () => {
        portHooks.reset();
        for (const b of backends) {
          for (const { name, hook, reason } of b.portHooks?.() ?? []) {
            portHooks.set({ backend: b.name, port: name, hook, reason }, 1);
          }
        }
      },
    });
    perBackend(
      'open_ports',
      'Ports from which the backend receives packets: those with entries that save more than receiving costs. Ports of other devices than veth and tap are always open.',
      (b) => b.inputPorts?.().filter(({ isOpen }) => isOpen).length ?? 0,
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
    perBackend(
      'verification_age_seconds',
      'Time since the vSwitch was asked for the flows that all entries were last compared with; NaN before the first comparison. The lease ends when it reaches norikae_lease_seconds.',
      (b) => (this.#clock.now() - (this.#verifiedAtMs.get(b.name) ?? Number.NaN)) / 1000,
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
    this.#withheld = new Counter({
      name: 'norikae_lease_withheld_total',
      help: 'Due renewals of a lease that were withheld, by cause: why the entries are not known to be correct.',
      labelNames: ['backend', 'cause'],
      registers,
    });
    for (const { name: backend } of backends) {
      for (const cause of WITHHELD_CAUSES) this.#withheld.inc({ backend, cause }, 0);
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

  /**
   * Records the result of a due renewal of a backend's lease.
   *
   * @param verifiedAtMs as of Verification
   */
  recordRenewal(backend: string, renewal: RenewalRecord, verifiedAtMs: number): void {
    const { result } = renewal;
    if (Number.isFinite(verifiedAtMs)) this.#verifiedAtMs.set(backend, verifiedAtMs);
    this.#renewals.inc({ backend, result });
    if (result === 'renewed') this.#leaseUntilMs.set(backend, renewal.untilMs);
    if (result === 'withheld') this.#withheld.inc({ backend, cause: renewal.cause });
  }

  /** Learned entries as of the last plan; the declared capacity before the first. */
  #learnedEntries(backend: OffloadBackend): number {
    const table = this.#accounts.tables.find((t) => t.backend === backend.name);
    return table?.learnedEntries ?? backend.capacity().entries;
  }

  #leaseLeftSeconds(backend: OffloadBackend): number {
    const untilMs = this.#leaseUntilMs.get(backend.name) ?? Number.NEGATIVE_INFINITY;
    return Math.max(0, (untilMs - this.#clock.now()) / 1000);
  }
}
