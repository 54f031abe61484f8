import { axisTo, timeMarks } from './axis.ts';
import { coordinate, escaped } from './markup.ts';

/** One line or area of a chart: a value per bucket; null for a gap. */
export interface Series {
  readonly name: string;
  /** CSS class of the colour. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

/** A chart over time. */
export interface TimeChart {
  readonly title: string;
  /** Explains what the chart shows. */
  readonly caption: string;
  /** `areas` are stacked. */
  readonly kind: 'lines' | 'areas';
  readonly series: readonly Series[];
  /** Starts of the buckets since the trace's start, their width, and the total duration, ms. */
  readonly atMs: readonly number[];
  readonly bucketMs: number;
  readonly durationMs: number;
  /** Start of the trace, ms since 1970; undefined if unknown. */
  readonly startedMs: number | undefined;
  /** Formats a value. */
  readonly text: (value: number) => string;
  /** Minimum upper end of the axis, so that charts can share a scale. */
  readonly minTop?: number;
  /** A horizontal line, such as the size of the table. */
  readonly limit?: { readonly value: number; readonly name: string };
}

const WIDTH = 440;
const HEIGHT = 220;
const LEFT = 76;
const RIGHT = 10;
const TOP = 10;
const BOTTOM = 26;

/** Renders a chart as SVG in a figure. The page's script shows the values under the pointer. */
export function timeChart(chart: TimeChart): string {
  const { series, kind, atMs, limit } = chart;
  const tops = kind === 'areas' ? stacked(series) : series.map((s) => s.values);
  const largest = Math.max(0, chart.minTop ?? 0, ...tops.flat().map((v) => v ?? 0));
  const axis = axisTo(Math.max(largest, limit?.value ?? 0));
  const x = (ms: number): number =>
    LEFT + ((WIDTH - LEFT - RIGHT) * ms) / Math.max(1, chart.durationMs);
  const y = (value: number): number =>
    TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.min(1, value / axis.max));
  const middle = (i: number): number => x(Math.min(atMs[i] + chart.bucketMs / 2, chart.durationMs));

  const grid = axis.marks
    .map((mark) => {
      const at = coordinate(y(mark));
      return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/><text class="mark end" x="${LEFT - 6}" y="${coordinate(y(mark) + 4)}">${escaped(chart.text(mark))}</text>`;
    })
    .join('');
  const times = timeMarks(chart.durationMs, chart.startedMs)
    .map(
      ({ atMs: ms, text }) =>
        `<text class="mark middle" x="${coordinate(x(ms))}" y="${HEIGHT - 8}">${escaped(text)}</text>`,
    )
    .join('');
  const shapes = series
    .map((s, i) => {
      const points = tops[i].map((v, at) =>
        v === null ? undefined : ([middle(at), y(v)] as const),
      );
      if (kind === 'lines') return `<path class="line ${s.colour}" d="${linePath(points)}"/>`;
      const below = i === 0 ? tops[0].map(() => 0) : tops[i - 1];
      const floor = below.map((v, at) => (v === null ? undefined : ([middle(at), y(v)] as const)));
      return `<path class="area ${s.colour}" d="${areaPath(points, floor)}"/>`;
    })
    // The lowest area is drawn last, so that edges of the others do not show through.
    .toReversed()
    .join('');
  const limitLine =
    limit === undefined
      ? ''
      : `<line class="limit" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${coordinate(y(limit.value))}" y2="${coordinate(y(limit.value))}"><title>${escaped(limit.name)}</title></line>`;
  const readings = atMs.map((_, i) => series.map((s) => shown(s.values[i], chart.text)));
  const data = JSON.stringify({ x: atMs.map((_, i) => Math.round(middle(i) * 10) / 10), readings });
  const legend = series
    .map((s) => `<span class="key ${s.colour}"><i></i>${escaped(s.name)} <b></b></span>`)
    .join('');
  return `<figure class="card"><figcaption><strong>${escaped(chart.title)}</strong> ${escaped(chart.caption)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(`${chart.title}: ${chart.caption}`)}" data-chart="${escaped(data)}">${grid}${times}${shapes}${limitLine}<line class="pointer" y1="${TOP}" y2="${HEIGHT - BOTTOM}" x1="-9" x2="-9"/></svg>
<div class="legend">${legend}</div></figure>`;
}

function shown(value: number | null, text: (value: number) => string): string {
  return value === null ? '-' : text(value);
}

/** Upper edge of each area; null where an area at or below it has no value. */
function stacked(series: readonly Series[]): readonly (readonly (number | null)[])[] {
  const sums = (series[0]?.values ?? []).map((): number | null => 0);
  return series.map(({ values }) => {
    values.forEach((value, i) => {
      const sum = sums[i];
      sums[i] = value === null || sum === null ? null : sum + value;
    });
    return [...sums];
  });
}

type Point = readonly [number, number];

function linePath(points: readonly (Point | undefined)[]): string {
  let path = '';
  let down = false;
  for (const point of points) {
    if (point !== undefined) path += `${down ? 'L' : 'M'}${at(point)}`;
    // A single point is a line of length 0, visible through its round caps.
    if (point !== undefined && !down) path += `L${at(point)}`;
    down = point !== undefined;
  }
  return path;
}

function areaPath(
  top: readonly (Point | undefined)[],
  floor: readonly (Point | undefined)[],
): string {
  let path = '';
  for (let from = 0; from < top.length; ) {
    if (top[from] === undefined) {
      from++;
      continue;
    }
    let to = from;
    while (to < top.length && top[to] !== undefined) to++;
    const edge = [...top.slice(from, to), ...floor.slice(from, to).toReversed()];
    path += `M${edge.flatMap((p) => (p === undefined ? [] : [at(p)])).join('L')}Z`;
    from = to;
  }
  return path;
}

function at([x, y]: Point): string {
  return `${coordinate(x)} ${coordinate(y)}`;
}
