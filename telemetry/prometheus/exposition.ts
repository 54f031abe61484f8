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
  /** `accept`: the scraper's Accept header; left out: Prometheus's text format. */
  expose(accept?: string): Promise<Exposed>;
}

/**
 * All metrics of the daemon: those of a registry, and families whose values are kept elsewhere.
 *
 * The registry does not write the text: it changes its metrics' names for OpenMetrics, so it can
 * serve only one format, and it is several times slower.
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
    for (const metric of registered) writer.writeFamily(asFamily(metric));
    for (const family of this.#families) writer.writeFamily(family);
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
