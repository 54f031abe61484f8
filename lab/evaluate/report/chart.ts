import { axisTo } from '../../../replay/report/html/axis.ts';
import { coordinate, escaped } from '../../../replay/report/html/markup.ts';

const WIDTH = 360;
const HEIGHT = 230;
const LEFT = 70;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 40;

/** A value over the number of VMs, with its spread. */
export interface ChartPoint {
  readonly vms: number;
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

/** A line of a chart. */
export interface ChartLine {
  readonly name: string;
  /** Class of its colour. */
  readonly colour: string;
  readonly points: readonly ChartPoint[];
}

/** A figure from elsewhere: a point, or a line across the chart. */
export interface ChartMark {
  readonly name: string;
  readonly value: number;
  readonly vms: number | undefined;
}

/** A chart of lines over the number of VMs, at equal distances. */
export interface VmChart {
  readonly title: string;
  readonly caption: string;
  readonly lines: readonly ChartLine[];
  readonly marks: readonly ChartMark[];
  /** The text of a value on its axis. */
  readonly text: (value: number) => string;
}

/** The chart as a figure with an SVG picture. */
export function vmChart(chart: VmChart): string {
  const { title, caption, lines, marks, text } = chart;
  const vms = [...new Set(lines.flatMap((line) => line.points.map((point) => point.vms)))];
  const steps = vms.toSorted((a, b) => a - b);
  const values = [
    ...lines.flatMap((line) => line.points.map((point) => point.max)),
    ...marks.map((mark) => mark.value),
  ];
  const axis = axisTo(Math.max(0, ...values));
  const y = (value: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / axis.max);
  const x = (count: number): number =>
    LEFT + ((steps.indexOf(count) + 0.5) * (WIDTH - LEFT - RIGHT)) / steps.length;
  const at = (value: number): string => coordinate(y(value));
  const grid = axis.marks.map(
    (mark) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(mark)}" y2="${at(mark)}"/>` +
      `<text class="mark end" x="${LEFT - 6}" y="${coordinate(y(mark) + 4)}">${escaped(text(mark))}</text>`,
  );
  const numbers = steps.map(
    (count) =>
      `<text class="mark middle" x="${coordinate(x(count))}" y="${HEIGHT - 22}">${count}</text>`,
  );
  const drawn = lines.map((line) => {
    const path = line.points.map((p) => `${coordinate(x(p.vms))},${at(p.value)}`).join(' ');
    const dots = line.points.map(({ vms: count, value, min, max }) => {
      const label = `${line.name}, ${count} VMs: ${text(value)} (${text(min)} to ${text(max)})`;
      const across = coordinate(x(count));
      return (
        `<line class="spread" x1="${across}" x2="${across}" y1="${at(min)}" y2="${at(max)}"/>` +
        `<circle cx="${across}" cy="${at(value)}" r="4"><title>${escaped(label)}</title></circle>`
      );
    });
    return `<g class="${line.colour}"><polyline points="${path}"/>${dots.join('')}</g>`;
  });
  const study = marks.map(({ name, value, vms: count }) => {
    const label = `<title>${escaped(`${name}: ${text(value)}`)}</title>`;
    return count === undefined
      ? `<line class="study" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(value)}" y2="${at(value)}">${label}</line>`
      : `<path class="study" d="M${coordinate(x(count))} ${coordinate(y(value) - 6)}l6 6l-6 6l-6-6z">${label}</path>`;
  });
  const keys = [
    ...lines.map((line) => `<span class="key ${line.colour}"><i></i>${escaped(line.name)}</span>`),
    ...marks.map(
      ({ name, value }) =>
        `<span class="key mark-key"><i></i>${escaped(`${name}: ${text(value)}`)}</span>`,
    ),
  ];
  return `<figure class="card"><figcaption><strong>${escaped(title)}</strong> ${escaped(caption)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">${[...grid, ...numbers, ...drawn, ...study].join('')}<text class="mark middle" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 6}">VMs</text></svg>
<div class="legend">${keys.join('')}</div></figure>`;
}
