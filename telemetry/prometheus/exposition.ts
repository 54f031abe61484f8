import type { Registry } from 'prom-client';
import {
  FORMATS,
  labelText,
  type MetricFamily,
  type SampleLines,
  TextWriter,
  wantedFormat,
} from './text-format.ts';

/** An answer to a scrape. */
export interface Exposed {
  readonly contentType: string;
  readonly text: string;
}

/** Answers scrapes. */
export interface MetricsSource {
  /** `accept`: what the scraper says it reads; left out: Prometheus's own text format. */
  expose(accept?: string): Promise<Exposed>;
}

/**
 * All that Prometheus is told: a registry's metrics, and families whose values are kept elsewhere.
 *
 * The text is written here and not by the registry, which can write only one format without
 * spoiling its metrics' names for the other, and takes several times as long.
 */
export class Exposition implements MetricsSource {
  readonly #registry: Registry;
  readonly #families: readonly MetricFamily[];

  constructor(registry: Registry, families: readonly MetricFamily[] = []) {
    this.#registry = registry;
    this.#families = families;
  }

  async expose(accept?: string): Promise<Exposed> {
    const format = wantedFormat(accept);
    const registered = await this.#registry.getMetricsAsJSON();
    const writer = new TextWriter(format);
    for (const metric of registered) writer.family(asFamily(metric));
    for (const family of this.#families) writer.family(family);
    return { contentType: FORMATS[format], text: writer.end() };
  }
}

type Registered = Awaited<ReturnType<Registry['getMetricsAsJSON']>>[number];

function asFamily({ name, help, type, values }: Registered): MetricFamily {
  return {
    name,
    help,
    type: typeOf(String(type)),
    write: (lines: SampleLines) => {
      for (const value of values) {
        const sampleName = 'metricName' in value ? String(value.metricName) : name;
        lines.sample(sampleName, labelText(value.labels), value.value);
      }
    },
  };
}

function typeOf(type: string): MetricFamily['type'] {
  return type === 'counter' || type === 'histogram' ? type : 'gauge';
}
