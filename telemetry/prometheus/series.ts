import { labelText, type MetricFamily } from './text-format.ts';

/** One series: its label text, and the object that holds its values. */
export interface Series<T> {
  readonly labels: string;
  readonly of: T;
}

/** A series whose values are read from `of`. */
export function series<T>(labels: Parameters<typeof labelText>[0], of: T): Series<T> {
  return { labels: labelText(labels), of };
}

/**
 * The series of a list, rebuilt only when `read` returns another list. Between scrapes usually
 * only the values change.
 */
export class SeriesList<S, T> {
  readonly #read: () => readonly S[];
  readonly #expand: (item: S) => readonly Series<T>[];
  #of: readonly S[] | undefined;
  #series: readonly Series<T>[] = [];

  constructor(read: () => readonly S[], expand: (item: S) => readonly Series<T>[]) {
    this.#read = read;
    this.#expand = expand;
  }

  get all(): readonly Series<T>[] {
    const now = this.#read();
    if (now !== this.#of) this.#series = now.flatMap((item) => this.#expand(item));
    this.#of = now;
    return this.#series;
  }
}

/** A counter or gauge with one sample per series of a list. */
export function familyOf<S, T>(
  head: Pick<MetricFamily, 'name' | 'help'> & { readonly type: 'counter' | 'gauge' },
  list: SeriesList<S, T>,
  value: (of: T) => number,
): MetricFamily {
  return {
    ...head,
    write: (lines) => {
      for (const { labels, of } of list.all) lines.sample(head.name, labels, value(of));
    },
  };
}

/** A counter or gauge with one sample and no labels. */
export function familyOfOne(
  head: Pick<MetricFamily, 'name' | 'help'> & { readonly type: 'counter' | 'gauge' },
  value: () => number,
): MetricFamily {
  return { ...head, write: (lines) => lines.sample(head.name, '', value()) };
}
