import type { AlgorithmFigures, SettingFigures } from '../game/figures.ts';
import { maxWithoutForesight } from '../game/bounds.ts';
import { grouped } from '../game/groups.ts';
import { legend, line, mark } from './theme.ts';
import { ceiling, frame, type Panel, xLabel, yOf } from './panel.ts';
import { document, text } from './svg.ts';

const PANEL = { width: 240, height: 230, top: 64, shares: [0, 1] } as const;
const GAP = 56;
const LEFT = 52;

/** A measure of coverage. */
export interface Covered {
  readonly unit: 'bytes' | 'packets';
  readonly of: (a: AlgorithmFigures) => number;
}

/**
 * Coverage by table size: a panel per load, a line per algorithm, ceilings in grey.
 *
 * @param means figures of one window length, means over the inputs
 */
export function coveragePlot(means: readonly SettingFigures[], covered: Covered): string {
  const loads = [...grouped(means, (f) => f.load).values()];
  const width = Math.max(740, LEFT + loads.length * (PANEL.width + GAP));
  const names = means[0].algorithms.map((a) => a.algorithm);
  const { windowMs } = means[0];
  const legendTop = PANEL.top + PANEL.height + 52;
  const height = legendTop + Math.ceil(names.length / 4) * 20 + 10;
  const title = `Share of ${covered.unit} on the table, by its size (windows of ${windowMs} ms)`;
  return document(
    width,
    height,
    title,
    'A panel for each number of flows; grey lines are ceilings.',
    [
      text(LEFT, 24, title, { 'font-size': 15, 'font-weight': 600 }),
      ...loads.flatMap((figures, i) => panelOf(figures, covered, LEFT + i * (PANEL.width + GAP))),
      text(
        LEFT,
        legendTop - 14,
        'entries; grey: the most without foresight; dotted: the reachable bound and the clairvoyant',
        {
          class: 'faint',
        },
      ),
      ...legend(names, LEFT, legendTop + 4, 4, 165),
    ],
  );
}

function panelOf(figures: readonly SettingFigures[], covered: Covered, left: number): string[] {
  const panel: Panel = { ...PANEL, left };
  const x = (i: number) => left + (PANEL.width * (i + 0.5)) / figures.length;
  const points = (share: (f: SettingFigures) => number) =>
    figures.map((f, i) => [x(i), yOf(panel, share(f))] as const);
  const names = figures[0].algorithms.map((a) => a.algorithm);
  const curves = names
    .map((name, at) => ({ name, points: points((f) => covered.of(f.algorithms[at])) }))
    // Ours is drawn last, above the others.
    .toReversed();
  return [
    ...frame(panel, titleOf(figures[0])),
    ...figures.map((f, i) => xLabel(panel, x(i), f.entries.toLocaleString('en-GB'))),
    ceiling(
      points(({ bounds }) => bounds.clairvoyant[covered.unit]),
      true,
    ),
    ceiling(
      points(({ bounds }) => bounds.reachable[covered.unit]),
      true,
    ),
    ceiling(
      points(({ bounds }) => maxWithoutForesight(bounds)[covered.unit]),
      false,
    ),
    ...curves.map((curve) => line(curve.name, curve.points)),
    ...curves.flatMap((curve) => curve.points.map(([px, py]) => mark(curve.name, px, py))),
  ];
}

function titleOf({ trace }: SettingFigures): string {
  const flows = (count: number) => Math.round(count).toLocaleString('en-GB');
  return `${flows(trace.liveFlows)} flows, ${flows(trace.sendingFlows)} sending`;
}
