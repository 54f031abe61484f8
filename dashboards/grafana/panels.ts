import {
  BigValueColorMode,
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { asTable, DATASOURCE, overTime, type Query } from './queries.ts';

/** Options of all panels. */
interface Common {
  readonly title: string;
  /** What the panel shows and what to look for. */
  readonly description: string;
  readonly queries: readonly Query[];
  /** Grafana's name of the unit: `bps`, `pps`, `percentunit`, `s`, `short`. */
  readonly unit: string;
  /** Columns of 24. */
  readonly width?: number;
  /** Values from which colours apply. */
  readonly thresholds?: readonly Threshold[];
}

/** Green below `warn`, then yellow; red from `bad`. */
export function highIsBad(warn: number, bad: number): readonly Threshold[] {
  return [
    { value: null, color: 'green' },
    { value: warn, color: 'yellow' },
    { value: bad, color: 'red' },
  ];
}

/** Red below `warn`, then yellow; green from `good`. */
export function lowIsBad(warn: number, good: number): readonly Threshold[] {
  return [
    { value: null, color: 'red' },
    { value: warn, color: 'yellow' },
    { value: good, color: 'green' },
  ];
}

/** Lines over time, or areas on top of each other. */
export function lines(
  options: Common & {
    readonly stacked?: boolean;
    readonly max?: number;
    /** Values may be below 0. */
    readonly signed?: boolean;
  },
): TimeSeriesBuilder {
  const { title, description, queries, unit, width = 12, stacked = false } = options;
  const panel = new TimeSeriesBuilder()
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .unit(unit)
    .span(width)
    .height(8)
    .lineWidth(1)
    .fillOpacity(stacked ? 40 : 5)
    .showPoints(VisibilityMode.Never)
    .stacking(new StackingConfigBuilder().mode(stacked ? StackingMode.Normal : StackingMode.None))
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(
      new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending),
    )
    .targets(queries.map((query, i) => overTime(query, refId(i))));
  if (options.signed !== true) panel.min(0);
  if (options.max !== undefined) panel.max(options.max);
  if (options.thresholds !== undefined) panel.thresholds(steps(options.thresholds));
  return panel;
}

/** One large number, with its history behind it. */
export function number(options: Common): StatBuilder {
  const { title, description, queries, unit, width = 4, thresholds } = options;
  return new StatBuilder()
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .unit(unit)
    .span(width)
    .height(4)
    .graphMode(BigValueGraphMode.Area)
    .colorMode(BigValueColorMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .thresholds(steps(thresholds ?? [{ value: null, color: 'text' }]))
    .targets(queries.map((query, i) => overTime(query, refId(i))));
}

/** Rows of labels and current values, with a column for each query, named by its legend. */
export function table(options: Common): TableBuilder {
  const { title, description, queries, unit, width = 12 } = options;
  const hidden = ['Time', '__name__', 'instance', 'job'].map((name) => [name, true] as const);
  const names = queries.flatMap(({ legend }, i) =>
    legend === undefined ? [] : [[`Value #${refId(i)}`, legend] as const],
  );
  const panel = new TableBuilder()
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .unit(unit)
    .span(width)
    .height(8)
    .targets(queries.map((query, i) => asTable(query, refId(i))));
  if (queries.length > 1) panel.withTransformation({ id: 'merge', options: {} });
  const renameByName = names.length === 0 ? {} : { renameByName: Object.fromEntries(names) };
  return panel.withTransformation({
    id: 'organize',
    options: { excludeByName: Object.fromEntries(hidden), ...renameByName },
  });
}

function steps(thresholds: readonly Threshold[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...thresholds]);
}

function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}
