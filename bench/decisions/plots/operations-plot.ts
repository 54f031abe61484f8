import { maxWithoutForesight } from '../game/bounds.ts';
import { isOurs } from '../algorithms/norikae.ts';
import type { AlgorithmFigures, SettingFigures } from '../game/figures.ts';
import { grouped } from '../game/groups.ts';
import type { Covered } from './coverage-plot.ts';
import { legend, line, mark } from './theme.ts';
import { ceiling, frame, type Panel, xLabel, yOf } from './panel.ts';
import { document, element, text } from './svg.ts';

const PANEL = { width: 300, height: 210 } as const;
const GAP_X = 60;
const GAP_Y = 66;
const LEFT = 52;
const TOP = 64;
/** Panels in a row. */
const COLUMNS = 2;

/**
 * Coverage against operations: a panel per table, a point per algorithm. Up and to the left is
 * better.
 *
 * @param means figures of one window length and load, means over the inputs
 */
export function operationsPlot(means: readonly SettingFigures[], covered: Covered): string {
  const names = means[0].algorithms.map((a) => a.algorithm).filter((name) => !name.includes('@'));
  const { windowMs, trace } = means[0];
  const rows = Math.ceil(means.length / COLUMNS);
  const legendTop = TOP + rows * (PANEL.height + GAP_Y);
  const flows = Math.round(trace.liveFlows).toLocaleString('en-GB');
  const title = `Share of ${covered.unit} against operations, ${flows} flows (windows of ${windowMs} ms)`;
  return document(
    LEFT + COLUMNS * (PANEL.width + GAP_X),
    legendTop + Math.ceil(names.length / 4) * 20 + 8,
    title,
    'A panel for each table; grey: the most without foresight. Up and to the left is better.',
    [
      text(LEFT, 24, title, { 'font-size': 15, 'font-weight': 600 }),
      ...means.flatMap((figures, i) =>
        panelOf(figures, covered, {
          ...PANEL,
          left: LEFT + (i % COLUMNS) * (PANEL.width + GAP_X),
          top: TOP + Math.floor(i / COLUMNS) * (PANEL.height + GAP_Y),
          shares: sharesOf(figures, covered),
        }),
      ),
      text(LEFT, legendTop - 22, 'operations/s, logarithmic; grey: the most without foresight', {
        class: 'faint',
      }),
      ...legend(names, LEFT, legendTop, 4, 165),
    ],
  );
}

function panelOf(figures: SettingFigures, covered: Covered, panel: Panel): string[] {
  const moving = figures.algorithms.filter((a) => a.operationsPerSecond > 0);
  const operations = moving.map((a) => Math.log10(a.operationsPerSecond));
  const min = Math.floor(Math.min(...operations));
  const max = Math.max(min + 1, Math.ceil(Math.max(...operations)));
  const x = (log: number) => panel.left + (panel.width * (log - min)) / (max - min);
  const bound = yOf(panel, maxWithoutForesight(figures.bounds)[covered.unit]);
  const ticks = Array.from({ length: max - min + 1 }, (_, i) => min + i);
  return [
    ...frame(panel, `${figures.entries.toLocaleString('en-GB')} entries`),
    ...ticks.flatMap((log) => [
      element('line', {
        class: 'grid',
        x1: x(log),
        x2: x(log),
        y1: panel.top,
        y2: panel.top + panel.height,
      }),
      xLabel(panel, x(log), (10 ** log).toLocaleString('en-GB')),
    ]),
    ceiling(
      [
        [panel.left, bound],
        [panel.left + panel.width, bound],
      ],
      false,
    ),
    ...frontiers(moving).map((points) =>
      line(
        points[0].algorithm,
        points.map((a) => [x(Math.log10(a.operationsPerSecond)), yOf(panel, covered.of(a))]),
      ),
    ),
    ...moving
      .toReversed()
      .map((a) =>
        mark(a.algorithm, x(Math.log10(a.operationsPerSecond)), yOf(panel, covered.of(a))),
      ),
  ];
}

/** Ours by bytes and by packets, with each price of an operation, in the order of operations. */
function frontiers(algorithms: readonly AlgorithmFigures[]): AlgorithmFigures[][] {
  const ours = algorithms.filter((a) => isOurs(a.algorithm));
  const kinds = grouped(ours, (a) => a.algorithm.split('@')[0]);
  return [...kinds.values()]
    .filter((kind) => kind.length > 1)
    .map((kind) => kind.toSorted((a, b) => a.operationsPerSecond - b.operationsPerSecond));
}

/** From the tenth below the minimum to the tenth above the ceiling. */
function sharesOf({ algorithms, bounds }: SettingFigures, { unit, of }: Covered): [number, number] {
  const min = Math.min(...algorithms.map(of));
  const max = Math.max(maxWithoutForesight(bounds)[unit], ...algorithms.map(of));
  return [Math.floor(min * 10) / 10, Math.min(1, Math.ceil(max * 10 + 0.01) / 10)];
}
