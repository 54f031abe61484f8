import type { NodePoint } from '../../api/history-view.ts';
import { timeOfDay } from '../../text/format.ts';
import type { PathTone } from '../text/words.ts';
import type uPlot from '../vendor/uplot.js';

/** A series of a chart. */
export interface ChartLine {
  readonly name: string;
  readonly tone: PathTone;
  /** The value at a point; null: not known. */
  readonly of: (point: NodePoint) => number | null;
}

/** Content and size of a chart. */
interface ChartDrawing {
  readonly lines: readonly ChartLine[];
  readonly stacked: boolean;
  readonly text: (value: number) => string;
  readonly height: number;
  /** Maximum of the scale; undefined: from the values. */
  readonly top: number | undefined;
  readonly width: number;
  /** Called with the index of the point under the cursor; null: no point. */
  readonly point: (index: number | null) => void;
}

/** uPlot's options for a chart in the page's colours and font. */
export function chartOptions(chart: ChartDrawing): uPlot.Options {
  const { lines, stacked, text, height, top, width, point } = chart;
  const colour = colours();
  const font = `11px ${colour('--font')}`;
  const grid = { stroke: colour('--hairline'), width: 1 };
  const axis = { stroke: colour('--ink-3'), font, grid, ticks: { show: false }, gap: 4 };
  return {
    width,
    height,
    padding: [8, 22, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'node' },
      y: false,
      drag: { x: false, y: false, setScale: false },
      points: { size: 7, width: 2, fill: colour('--surface') },
    },
    scales: { y: { range: (_, __, max) => [0, top ?? Math.max(1, max * 1.08)] } },
    axes: [
      {
        ...axis,
        size: 28,
        space: 72,
        values: (_, times) => times.map((seconds) => timeOfDay(1000 * seconds)),
      },
      { ...axis, size: 74, space: 44, values: (_, values) => values.map(text) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        stroke: colour(`--${line.tone}`),
        width: 1.75,
        points: { show: false },
        ...(stacked ? { fill: colour(`--${line.tone}-wash`) } : {}),
      })),
    ],
    bands: stacked
      ? lines.slice(1).map((_, i) => ({
          series: [i + 2, i + 1],
          fill: colour(`--${lines[i + 1]?.tone}-wash`),
        }))
      : [],
    hooks: { setCursor: [(plot) => point(plot.cursor.idx ?? null)] },
  };
}

/** Values of custom properties. */
function colours(): (name: string) => string {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(name).trim();
}
