/** The two text formats that Prometheus reads. */
export const FORMATS = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openMetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const;

export type TextFormat = keyof typeof FORMATS;

/** All samples of one name. */
export interface MetricFamily {
  /** With `_total` for a counter. */
  readonly name: string;
  /** Understandable without other context; without quotes. */
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  write(lines: SampleLines): void;
}

/** Where a family writes its samples. */
export interface SampleLines {
  /** `name`: the family's, for a histogram with a suffix; `labels`: see {@link labelText}. */
  sample(name: string, labels: string, value: number): void;
}

/** Labels as text, such as `{port="eth0"}`; empty without labels. Empty labels are left out. */
export function labelText(labels: Readonly<Record<string, string | number | undefined>>): string {
  const pairs = Object.entries(labels)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Writes families as text. */
export class TextWriter implements SampleLines {
  readonly #format: TextFormat;
  #text = '';

  constructor(format: TextFormat) {
    this.#format = format;
  }

  /** Writes a family; a family without samples is left out. */
  writeFamily(family: MetricFamily): void {
    const before = this.#text;
    const name = this.#familyName(family);
    const head = `# HELP ${name} ${family.help}\n# TYPE ${name} ${family.type}\n`;
    this.#text += head;
    const started = this.#text.length;
    family.write(this);
    if (this.#text.length === started) this.#text = before;
  }

  sample(name: string, labels: string, value: number): void {
    this.#text += `${name}${labels} ${numberText(value)}\n`;
  }

  /** Completes the text and returns it. */
  end(): string {
    return this.#format === 'openMetrics' ? `${this.#text}# EOF\n` : this.#text;
  }

  /** OpenMetrics names a counter's family without the suffix of its samples. */
  #familyName({ name, type }: MetricFamily): string {
    return this.#format === 'openMetrics' && type === 'counter'
      ? name.replace(/_total$/, '')
      : name;
  }
}

/**
 * The format that an Accept header requests: OpenMetrics only if it is named with at least the
 * quality of plain text, so that a browser's wildcard does not get it.
 */
export function wantedFormat(accept: string | undefined): TextFormat {
  let openMetrics = 0;
  let plain = 0;
  for (const part of (accept ?? '').split(',')) {
    const [type, ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const quality = parameters.find((p) => p.startsWith('q='));
    const wanted = quality === undefined ? 1 : Number.parseFloat(quality.slice(2));
    const version = parameters.find((p) => p.startsWith('version='));
    if (type === 'text/plain') plain = Math.max(plain, wanted);
    if (type !== 'application/openmetrics-text') continue;
    if (version === undefined || version === 'version=1.0.0') {
      openMetrics = Math.max(openMetrics, wanted);
    }
  }
  return openMetrics > 0 && openMetrics >= plain ? 'openMetrics' : 'prometheus';
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

function escaped(text: string): string {
  return /[\\"\n]/.test(text)
    ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    : text;
}
