import { Counter, type Registry } from 'prom-client';

/** Where decision records can be lost. */
const PLACES = ['tick', 'file'] as const;

/** Prometheus metrics of decision records. */
export class DecisionMetrics {
  readonly #records: Counter;
  readonly #lost: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#records = new Counter({
      name: 'norikae_decisions_total',
      help: 'Decision records: changes of placement, and what shadow policies would have changed.',
      labelNames: ['mode'],
      registers,
    });
    this.#lost = new Counter({
      name: 'norikae_decisions_lost_total',
      help: 'Decision records that were lost: too many in a tick, or not written to the file.',
      labelNames: ['at'],
      registers,
    });
    for (const mode of ['enforce', 'shadow']) this.#records.inc({ mode }, 0);
    for (const at of PLACES) this.#lost.inc({ at }, 0);
  }

  countRecord(mode: 'enforce' | 'shadow'): void {
    this.#records.inc({ mode });
  }

  countLost(at: (typeof PLACES)[number], records: number): void {
    this.#lost.inc({ at }, records);
  }
}
