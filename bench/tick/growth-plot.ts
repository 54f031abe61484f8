import { document, element, text } from '../decisions/plots/svg.ts';
import type { SizeFigures } from './figures.ts';

const PANEL = { width: 300, height: 230, top: 60 } as const;
const LEFT = 70;
const GAP = 90;

interface Curve {
  readonly title: string;
  readonly colour: string;
  readonly valueOf: (figures: SizeFigures) => number;
  readonly textOf: (value: number) => string;
}

const CURVES: readonly Curve[] = [
  {
    title: 'Time of a tick',
    colour: '#e8590c',
    valueOf: ({ stages }) => stages.total,
    textOf: (value) => (value < 1_000 ? `${value} ms` : `${value / 1_000} s`),
  },
  {
    title: 'RSS of the process, without the dump',
    colour: '#1c7ed6',
    valueOf: ({ ownMb }) => ownMb,
    textOf: (value) => (value < 1_000 ? `${value} MB` : `${value / 1_000} GB`),
  },
];

/** Time and memory over the number of flows, both axes logarithmic. */
export function growthPlot(figures: readonly SizeFigures[]): string {
  const width = LEFT + CURVES.length * (PANEL.width + GAP) - GAP + 40;
  const height = PANEL.top + PANEL.height + 50;
  const title = 'A tick over the number of flows';
  return document(width, height, title, 'Time and memory; both axes are logarithmic.', [
    text(LEFT, 24, title, { 'font-size': 15, 'font-weight': 600 }),
    ...CURVES.flatMap((curve, i) => panelOf(figures, curve, LEFT + i * (PANEL.width + GAP))),
  ]);
}

function panelOf(figures: readonly SizeFigures[], curve: Curve, left: number): string[] {
  const { title, colour, valueOf, textOf } = curve;
  const values = figures.map(valueOf);
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  const y = (value: number): number =>
    PANEL.top + PANEL.height * (1 - (Math.log10(value) - low) / Math.max(1, high - low));
  const x = (i: number): number => left + (PANEL.width * (i + 0.5)) / figures.length;
  const decades = Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n));
  const points = values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const bottom = PANEL.top + PANEL.height;
  return [
    text(left, PANEL.top - 12, title, { 'font-weight': 600 }),
    ...decades.flatMap((value) => [
      element('line', {
        class: 'grid',
        x1: left,
        x2: left + PANEL.width,
        y1: y(value),
        y2: y(value),
      }),
      text(left - 6, y(value) + 4, textOf(value), { class: 'faint', 'text-anchor': 'end' }),
    ]),
    element('polyline', { points, fill: 'none', stroke: colour, 'stroke-width': 2.5 }),
    ...figures.flatMap(({ flows }, i) => [
      element('circle', { cx: x(i), cy: y(values[i]), r: 4, fill: colour }),
      text(x(i), y(values[i]) - 10, textOf(rounded(values[i])), { 'text-anchor': 'middle' }),
      text(x(i), bottom + 18, flows.toLocaleString('en-GB'), {
        class: 'faint',
        'text-anchor': 'middle',
      }),
    ]),
    text(left + PANEL.width / 2, bottom + 38, 'flows', { class: 'faint', 'text-anchor': 'middle' }),
  ];
}

/** To two digits. */
function rounded(value: number): number {
  return Number(value.toPrecision(2));
}
