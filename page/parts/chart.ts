import type { NodePoint } from '../../api/history-view.ts';
import { timeOfDay } from '../../text/format.ts';
import { html, useEffect, useMemo, useRef, useState, type VNode } from '../vendor/preact.js';
import uPlot from '../vendor/uplot.js';
import { chartOptions, type ChartLine } from './chart-options.ts';

interface ChartProps {
  readonly title: string;
  readonly points: readonly NodePoint[];
  readonly lines: readonly ChartLine[];
  readonly stacked: boolean;
  readonly text: (value: number) => string;
  readonly height: number;
  /** Maximum of the scale; undefined: from the values. */
  readonly top: number | undefined;
}

/**
 * A chart of the last minutes with lines or stacked areas. Its heading shows the latest values or, while
 * the cursor is over a point, that point's.
 */
export function Chart({ title, points, lines, stacked, text, height, top }: ChartProps): VNode {
  const place = useRef<HTMLElement | null>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [pointed, setPointed] = useState<number | null>(null);
  const dark = useDarkness();

  const data = useMemo(() => columns(points, lines, stacked), [points, lines, stacked]);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const width = element.clientWidth;
    const options = chartOptions({ lines, stacked, text, height, top, width, point: setPointed });
    const created = new uPlot(options, data, element);
    plot.current = created;
    const observer = new ResizeObserver(() =>
      created.setSize({ width: element.clientWidth, height }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      created.destroy();
      plot.current = undefined;
    };
  }, [lines, dark, top]);
  useEffect(() => plot.current?.setData(data), [data]);

  const shown = (pointed === null ? undefined : points[pointed]) ?? points.at(-1);
  return html`
    <figure class="card chart">
      <figcaption class="card-head">
        <h3>${title}</h3>
        <p class="then">${pointed !== null && shown !== undefined && timeOfDay(shown.timeMs)}</p>
      </figcaption>
      <ul class="legend">
        ${lines.map(
          (line) => html`
            <li key=${line.name} class=${line.tone}>
              <span class="key" aria-hidden="true"></span>${line.name}
              <strong>${shown === undefined ? '-' : valueText(line.of(shown), text)}</strong>
            </li>
          `,
        )}
      </ul>
      <div
        class="plot"
        ref=${place}
        role="img"
        aria-label=${summary(title, points, lines, text)}
      ></div>
    </figure>
  `;
}

function columns(
  points: readonly NodePoint[],
  lines: readonly ChartLine[],
  stacked: boolean,
): uPlot.AlignedData {
  const sums = new Float64Array(points.length);
  const values = lines.map((line) =>
    points.map((point, i) => {
      const value = line.of(point);
      if (!stacked) return value;
      sums[i] = (sums[i] ?? 0) + (value ?? 0);
      return sums[i];
    }),
  );
  return [points.map((point) => point.timeMs / 1000), ...values];
}

/** The chart as text for screen readers: latest value and range of each line. */
function summary(
  title: string,
  points: readonly NodePoint[],
  lines: readonly ChartLine[],
  text: (value: number) => string,
): string {
  const first = points.at(0);
  if (first === undefined) return `${title}: nothing yet`;
  const parts = lines.map((line) => {
    const values = points.map(line.of).filter((value) => value !== null);
    const last = values.at(-1);
    if (last === undefined) return `${line.name} not known`;
    const [min, max] = [Math.min(...values), Math.max(...values)].map(text);
    return `${line.name} ${text(last)} now, between ${min} and ${max}`;
  });
  return `${title} since ${timeOfDay(first.timeMs)}: ${parts.join('; ')}`;
}

function valueText(value: number | null, text: (value: number) => string): string {
  return value === null ? '-' : text(value);
}

/** Whether the page is dark; a canvas has to be redrawn when that changes. */
function useDarkness(): boolean {
  const query = useMemo(() => matchMedia('(prefers-color-scheme: dark)'), []);
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const changed = (): void => setDark(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, [query]);
  return dark;
}
