import { element, text } from './svg.ts';

/** A place on the page with a scale for each axis. */
export interface Panel {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Minimum and maximum share on the y axis. */
  readonly shares: readonly [number, number];
}

/** Height of a share on the page. */
export function yOf({ top, height, shares: [min, max] }: Panel, share: number): number {
  return top + height * (1 - (share - min) / (max - min));
}

/** The panel's title, and a line and a label for each tenth of the y axis that is shown. */
export function frame(panel: Panel, title: string): string[] {
  const { left, top, width, shares } = panel;
  const [min, max] = shares.map((share) => Math.round(share * 100));
  const step = max - min > 50 ? 20 : 10;
  const lines: string[] = [text(left, top - 10, title, { 'font-weight': 600 })];
  for (let percent = min; percent <= max; percent += step) {
    const y = yOf(panel, percent / 100);
    lines.push(
      element('line', { class: 'grid', x1: left, x2: left + width, y1: y, y2: y }),
      text(left - 6, y + 4, `${percent}%`, { class: 'faint', 'text-anchor': 'end' }),
    );
  }
  return lines;
}

/** A label under the x axis. */
export function xLabel({ top, height }: Panel, x: number, words: string): string {
  return text(x, top + height + 16, words, { class: 'faint', 'text-anchor': 'middle' });
}

/** A ceiling, dashed when it requires foresight. */
export function ceiling(points: readonly (readonly [number, number])[], dashed: boolean): string {
  return element('polyline', {
    class: 'ceiling',
    points: points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' '),
    'stroke-dasharray': dashed ? '2 3' : undefined,
  });
}
