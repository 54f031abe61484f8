import { PromQueryFormat, DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';

/** The data source of all panels, selected by the dashboard's variable. */
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** One expression of a panel. */
export interface Query {
  /** PromQL. `$instance`, `$slice` and `$port` are the dashboard's variables. */
  readonly expr: string;
  /** Names its series, with labels as `{{label}}`. */
  readonly legend?: string;
}

/** A metric of the selected instance, with further matchers. */
export function of(metric: string, ...matchers: readonly string[]): string {
  return `${metric}{${['instance="$instance"', ...matchers].join(',')}}`;
}

/** Rate per second of a counter of the selected instance. */
export function rate(metric: string, ...matchers: readonly string[]): string {
  return `rate(${of(metric, ...matchers)}[$__rate_interval])`;
}

/** A sum by labels. */
export function sumBy(labels: string, expression: string): string {
  return `sum by (${labels}) (${expression})`;
}

/** A quantile of a histogram of the selected instance, grouped by the labels in `by`. */
export function quantile(q: number, metric: string, by = ''): string {
  const labels = by === '' ? 'le' : `le, ${by}`;
  return `histogram_quantile(${q}, ${sumBy(labels, rate(`${metric}_bucket`))})`;
}

/** Series over time. */
export function overTime({ expr, legend = '' }: Query, refId: string): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(refId)
    .datasource(DATASOURCE)
    .expr(expr)
    .legendFormat(legend)
    .range();
}

/** The current values as rows of a table. */
export function asTable({ expr }: Query, refId: string): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(refId)
    .datasource(DATASOURCE)
    .expr(expr)
    .format(PromQueryFormat.Table)
    .instant();
}
