import { timeOfDay } from '../text/format.js';
import { html, useEffect, useMemo, useRef, useState } from '../vendor/preact.js';
import uPlot from '../vendor/uplot.js';
import { chartOptions } from './chart-options.js';

/** @import { NodePoint } from '../../api/view.ts' */

/**
 * What is drawn of each point; null: not known.
 *
 * @typedef {{
 *   readonly name: string,
 *   readonly tone: 'vswitch' | 'nic' | 'fast',
 *   readonly of: (point: NodePoint) => number | null,
 * }} ChartLine
 */

/**
 * A chart over the last minutes: lines, or areas on top of each other. Its heading has the values
 * of now or, while somebody points at a moment, of then.
 *
 * @param {{
 *   readonly title: string,
 *   readonly points: readonly NodePoint[],
 *   readonly lines: readonly ChartLine[],
 *   readonly stacked: boolean,
 *   readonly text: (value: number) => string,
 *   readonly height: number,
 *   readonly top: number | undefined,
 * }} props `top`: the scale's end; undefined: what the values need
 */
export function Chart({ title, points, lines, stacked, text, height, top }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const plot = useRef(/** @type {uPlot | undefined} */ (undefined));
  const [pointed, setPointed] = useState(/** @type {number | null} */ (null));
  const dark = useDarkness();

  const data = useMemo(() => columns(points, lines, stacked), [points, lines, stacked]);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const width = element.clientWidth;
    const options = chartOptions({ lines, stacked, text, height, top, width, point: setPointed });
    const made = new uPlot(options, data, element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
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

/**
 * @param {readonly NodePoint[]} points
 * @param {readonly ChartLine[]} lines
 * @param {boolean} stacked
 * @returns {uPlot.AlignedData}
 */
function columns(points, lines, stacked) {
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

/**
 * The chart for who does not see it: what is now, and between what it was.
 *
 * @param {string} title
 * @param {readonly NodePoint[]} points
 * @param {readonly ChartLine[]} lines
 * @param {(value: number) => string} text
 */
function summary(title, points, lines, text) {
  const first = points.at(0);
  if (first === undefined) return `${title}: nothing yet`;
  const parts = lines.map((line) => {
    const values = points.map(line.of).filter((value) => value !== null);
    const last = values.at(-1);
    if (last === undefined) return `${line.name} not known`;
    const [least, most] = [Math.min(...values), Math.max(...values)].map(text);
    return `${line.name} ${text(last)} now, between ${least} and ${most}`;
  });
  return `${title} since ${timeOfDay(first.timeMs)}: ${parts.join('; ')}`;
}

/**
 * @param {number | null} value
 * @param {(value: number) => string} text
 */
function valueText(value, text) {
  return value === null ? '-' : text(value);
}

/** Whether the page is dark now: a canvas does not change its colours by itself. */
function useDarkness() {
  const query = useMemo(() => matchMedia('(prefers-color-scheme: dark)'), []);
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const changed = () => setDark(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, [query]);
  return dark;
}
