import { Counter, Gauge, type Registry } from 'prom-client';

/** One policy in force. */
export interface PolicyInForce {
  readonly name: string;
  readonly revision: string;
  readonly mode: string;
}

/** Prometheus metrics of policies and their reloads. */
export class PolicyMetrics {
  readonly #reloads: Counter;
  readonly #info: Gauge;
  readonly #successful: Gauge;
  readonly #successAt: Gauge;

  /** @param results all possible results, so that each has a series from the start */
  constructor(registry: Registry, results: readonly string[]) {
    const registers = [registry];
    this.#reloads = new Counter({
      name: 'norikae_policy_reloads_total',
      help: 'Reloads of the policy files, by result.',
      labelNames: ['result'],
      registers,
    });
    for (const result of results) this.#reloads.inc({ result }, 0);
    this.#info = new Gauge({
      name: 'norikae_policy_info',
      help: 'Policies in force, always 1: name, revision (hash of the text) and mode (enforce or shadow).',
      labelNames: ['policy', 'revision', 'mode'],
      registers,
    });
    this.#successful = new Gauge({
      name: 'norikae_policy_last_reload_successful',
      help: '1 when the last reload succeeded; 0 while older policies are in force.',
      registers,
    });
    this.#successAt = new Gauge({
      name: 'norikae_policy_last_reload_success_timestamp_seconds',
      help: 'Time at which policies last came into force, seconds since 1970.',
      registers,
    });
  }

  /** Sets the policies in force since `atMs`, ms since 1970. */
  setPoliciesInForce(policies: readonly PolicyInForce[], atMs: number): void {
    this.#info.reset();
    for (const { name, revision, mode } of policies) {
      this.#info.set({ policy: name, revision, mode }, 1);
    }
    this.#successful.set(1);
    this.#successAt.set(atMs / 1000);
  }

  /** Counts a reload. */
  countReload(result: string): void {
    this.#reloads.inc({ result });
  }

  /** The last reload failed; older policies stay in force. */
  markReloadFailed(): void {
    this.#successful.set(0);
  }
}
