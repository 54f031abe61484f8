/** Position of a box, px from the corner of the picture. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** All boxes; `across`: lines run from left to right rather than from top to bottom. */
export interface Boxes {
  readonly width: number;
  readonly height: number;
  readonly across: boolean;
  readonly byName: ReadonlyMap<string, Box>;
}

/** An end of a link. */
export type Side = 'from' | 'to';

/** Measures every element with `data-box`, and puts the hub between paths and uplinks. */
export function measured(ground: HTMLElement): Boxes {
  const frame = ground.getBoundingClientRect();
  const byName = new Map<string, Box>();
  for (const element of ground.querySelectorAll('[data-box]')) {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    byName.set(element.getAttribute('data-box') ?? '', {
      left: left - frame.left,
      top: top - frame.top,
      right: right - frame.left,
      bottom: bottom - frame.top,
    });
  }
  const paths = around([...byName].filter(([name]) => name.startsWith('path:')));
  const uplinks = around([...byName].filter(([name]) => name.startsWith('uplink:')));
  const across = uplinks === undefined || paths === undefined || paths.right <= uplinks.left;
  if (paths !== undefined && uplinks !== undefined) {
    byName.set('hub', across ? between(paths, uplinks) : below(paths, uplinks));
  }
  return { width: frame.width, height: frame.height, across, byName };
}

function around(boxes: readonly (readonly [string, Box])[]): Box | undefined {
  if (boxes.length === 0) return undefined;
  return {
    left: Math.min(...boxes.map(([, b]) => b.left)),
    top: Math.min(...boxes.map(([, b]) => b.top)),
    right: Math.max(...boxes.map(([, b]) => b.right)),
    bottom: Math.max(...boxes.map(([, b]) => b.bottom)),
  };
}

function between(paths: Box, uplinks: Box): Box {
  const x = (paths.right + uplinks.left) / 2;
  const top = Math.min(paths.top, uplinks.top);
  return { left: x, right: x, top, bottom: Math.max(paths.bottom, uplinks.bottom) };
}

function below(paths: Box, uplinks: Box): Box {
  const y = (paths.bottom + uplinks.top) / 2;
  const left = Math.min(paths.left, uplinks.left);
  return { top: y, bottom: y, left, right: Math.max(paths.right, uplinks.right) };
}

/**
 * The position of each link on its box: side by side around the middle of the edge, in the order of
 * the boxes at the other end, which minimizes crossings.
 *
 * @returns px along the edge, by index of the link
 */
export function ends(
  links: readonly { readonly from: string; readonly to: string; readonly width: number }[],
  side: Side,
  { byName, across }: Boxes,
): ReadonlyMap<number, number> {
  const places = new Map<number, number>();
  for (const name of new Set(links.map((link) => link[side]))) {
    const box = byName.get(name);
    if (box === undefined) continue;
    const mine = links.flatMap((link, i) => (link[side] === name ? [{ ...link, i }] : []));
    const room = mine.reduce((sum, { width }) => sum + width, 0);
    let place = middle(box, across) - room / 2;
    for (const { i, width } of mine) {
      places.set(i, place + width / 2);
      place += width;
    }
  }
  return places;
}

function middle(box: Box, across: boolean): number {
  return across ? (box.top + box.bottom) / 2 : (box.left + box.right) / 2;
}

/**
 * A smooth line between the edges of two boxes.
 *
 * @param start along `from`'s edge
 * @param stop along `to`'s edge
 */
export function curve(from: Box, to: Box, start: number, stop: number, across: boolean): string {
  const [a, b] = across ? [from.right, to.left] : [from.bottom, to.top];
  const half = (a + b) / 2;
  return across
    ? `M${at(a)} ${at(start)}C${at(half)} ${at(start)} ${at(half)} ${at(stop)} ${at(b)} ${at(stop)}`
    : `M${at(start)} ${at(a)}C${at(start)} ${at(half)} ${at(stop)} ${at(half)} ${at(stop)} ${at(b)}`;
}

function at(px: number): string {
  return px.toFixed(1);
}
