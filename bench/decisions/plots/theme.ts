import { isOurs } from '../algorithms/norikae.ts';
import { element, text } from './svg.ts';

/** Style of an algorithm; related ones share a colour and differ in dash or fill. */
interface Style {
  readonly colour: string;
  readonly second: boolean;
}

/** Colours of medium lightness, visible on white and on black. */
const LOOKS: ReadonlyMap<string, Style> = new Map([
  ['norikae', { colour: '#e8590c', second: false }],
  ['norikae-packets', { colour: '#e8590c', second: true }],
  ['top-k-bytes', { colour: '#1c7ed6', second: false }],
  ['top-k-packets', { colour: '#1c7ed6', second: true }],
  ['lru', { colour: '#2f9e44', second: false }],
  ['lfu', { colour: '#2f9e44', second: true }],
  ['elephant-trap', { colour: '#ae3ec9', second: false }],
  ['hhf', { colour: '#ae3ec9', second: true }],
  ['ovs', { colour: '#868e96', second: false }],
  ['ovs-rebalancer', { colour: '#868e96', second: true }],
  ['oftpl-bytes', { colour: '#e03131', second: false }],
  ['oftpl-packets', { colour: '#e03131', second: true }],
  ['elephants-tuned', { colour: '#c69000', second: false }],
  ['sflow-elephants', { colour: '#c69000', second: true }],
]);
/** Of opponents without a colour of their own. */
const OTHER: Style = { colour: '#adb5bd', second: false };

function styleOf(algorithm: string): Style {
  return LOOKS.get(algorithm.split('@')[0]) ?? OTHER;
}

/** A line through points; ours is broader. */
export function line(algorithm: string, points: readonly (readonly [number, number])[]): string {
  const { colour, second } = styleOf(algorithm);
  return element('polyline', {
    points: points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' '),
    fill: 'none',
    stroke: colour,
    'stroke-width': isOurs(algorithm) ? 3 : 1.5,
    'stroke-dasharray': second ? '5 3' : undefined,
    'stroke-linejoin': 'round',
  });
}

/** A point; ours is larger. */
export function mark(algorithm: string, x: number, y: number): string {
  const { colour, second } = styleOf(algorithm);
  return element('circle', {
    cx: x,
    cy: y,
    r: isOurs(algorithm) ? 5.5 : 3.5,
    fill: second ? 'none' : colour,
    stroke: colour,
    'stroke-width': 1.8,
  });
}

/** The legend, in rows of `columns`. */
export function legend(
  algorithms: readonly string[],
  left: number,
  top: number,
  columns: number,
  width: number,
): string[] {
  return algorithms.flatMap((algorithm, i) => {
    const x = left + (i % columns) * width;
    const y = top + Math.floor(i / columns) * 20;
    const swatch = line(algorithm, [
      [x, y],
      [x + 26, y],
    ]);
    return [swatch, mark(algorithm, x + 13, y), text(x + 34, y + 4, algorithm)];
  });
}
