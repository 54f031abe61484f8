import { Counter, Gauge, type Registry } from 'prom-client';
import type { WriterState } from './writer-state.ts';
import type { WriterNames } from './writer-status-log.ts';

/** Metrics of a writer: `norikae_influx`, InfluxDB, `points`. */
export interface WriterMetricNames extends WriterNames {
  readonly prefix: string;
  /** What can be missing on the server. */
  readonly resource: string;
}

/** Registers Prometheus metrics of a writer, read from its state at each scrape. */
export function observeWriter(
  registry: Registry,
  { prefix, server, items, resource }: WriterMetricNames,
  state: () => WriterState,
): void {
  const capital = items.charAt(0).toUpperCase() + items.slice(1);
  const registers = [registry];
  gauge(`queue_${items}`, `${capital} in the queue to ${server}.`, (s) => s.queuedLines);
  gauge('queue_bytes', `Bytes in the queue to ${server}.`, (s) => s.queuedBytes);
  gauge(
    'last_success_timestamp_seconds',
    `Time of the last successful write to ${server}, seconds since 1970; 0 before the first.`,
    (s) => (s.lastSuccessMs ?? 0) / 1000,
  );
  counter(`${items}_written_total`, `${capital} that ${server} accepted.`, [], (s) => ({
    '': s.written,
  }));
  counter(
    `${items}_dropped_total`,
    `Lost ${items} by cause: the queue was full (queue), ${server} rejected them (refused), or the ` +
      'daemon ended before they were written (end).',
    ['cause'],
    (s) => s.dropped,
  );
  counter(
    'request_failures_total',
    `Failed requests to ${server}, which are repeated: no connection (unreachable), no answer in ` +
      `time (timeout), invalid credentials (unauthorized), no such ${resource} (missing), ` +
      'or another error (busy).',
    ['kind'],
    (s) => s.failures,
  );

  function gauge(name: string, help: string, value: (state: WriterState) => number): void {
    const made: Gauge = new Gauge({
      name: `${prefix}_${name}`,
      help,
      registers,
      collect: () => made.set(value(state())),
    });
  }

  function counter(
    name: string,
    help: string,
    labelNames: readonly string[],
    values: (state: WriterState) => Readonly<Record<string, number>>,
  ): void {
    const made: Counter = new Counter({
      name: `${prefix}_${name}`,
      help,
      labelNames: [...labelNames],
      registers,
      collect: () => {
        made.reset();
        for (const [value, count] of Object.entries(values(state()))) {
          made.inc(Object.fromEntries(labelNames.map((label) => [label, value])), count);
        }
      },
    });
  }
}
