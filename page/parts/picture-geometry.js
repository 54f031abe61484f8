/**
 * A box's place, px from the ground's corner.
 *
 * @typedef {{ readonly left: number, readonly top: number, readonly right: number, readonly bottom: number }} Box
 */

/**
 * All boxes; `across`: lines go from left to right and not from top to bottom.
 *
 * @typedef {{
 *   readonly width: number,
 *   readonly height: number,
 *   readonly across: boolean,
 *   readonly byName: ReadonlyMap<string, Box>,
 * }} Boxes
 */

/** @typedef {'from' | 'to'} Side */

/**
 * Measures every element with `data-box`, and puts the hub between paths and uplinks.
 *
 * @param {HTMLElement} ground
 * @returns {Boxes}
 */
export function measured(ground) {
  const frame = ground.getBoundingClientRect();
  /** @type {Map<string, Box>} */
  const byName = new Map();
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

/**
 * @param {readonly (readonly [string, Box])[]} boxes
 * @returns {Box | undefined}
 */
function around(boxes) {
  if (boxes.length === 0) return undefined;
  return {
    left: Math.min(...boxes.map(([, b]) => b.left)),
    top: Math.min(...boxes.map(([, b]) => b.top)),
    right: Math.max(...boxes.map(([, b]) => b.right)),
    bottom: Math.max(...boxes.map(([, b]) => b.bottom)),
  };
}

/**
 * @param {Box} paths
 * @param {Box} uplinks
 * @returns {Box}
 */
function between(paths, uplinks) {
  const x = (paths.right + uplinks.left) / 2;
  const top = Math.min(paths.top, uplinks.top);
  return { left: x, right: x, top, bottom: Math.max(paths.bottom, uplinks.bottom) };
}

/**
 * @param {Box} paths
 * @param {Box} uplinks
 * @returns {Box}
 */
function below(paths, uplinks) {
  const y = (paths.bottom + uplinks.top) / 2;
  const left = Math.min(paths.left, uplinks.left);
  return { top: y, bottom: y, left, right: Math.max(paths.right, uplinks.right) };
}

/**
 * Where each link leaves or reaches its box: side by side around the middle of the box's edge, in
 * the order of the boxes they lead to, so that lines do not cross more than they must.
 *
 * @param {readonly { readonly from: string, readonly to: string, readonly width: number }[]} links
 * @param {Side} side
 * @param {Boxes} boxes
 * @returns {ReadonlyMap<number, number>} by index of the link, px along the edge
 */
export function ends(links, side, { byName, across }) {
  /** @type {Map<number, number>} */
  const places = new Map();
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

/**
 * @param {Box} box
 * @param {boolean} across
 */
function middle(box, across) {
  return across ? (box.top + box.bottom) / 2 : (box.left + box.right) / 2;
}

/**
 * A smooth line from one box's edge to the next one's.
 *
 * @param {Box} from
 * @param {Box} to
 * @param {number} start along `from`'s edge
 * @param {number} stop along `to`'s edge
 * @param {boolean} across
 */
export function curve(from, to, start, stop, across) {
  const [a, b] = across ? [from.right, to.left] : [from.bottom, to.top];
  const half = (a + b) / 2;
  return across
    ? `M${at(a)} ${at(start)}C${at(half)} ${at(start)} ${at(half)} ${at(stop)} ${at(b)} ${at(stop)}`
    : `M${at(start)} ${at(a)}C${at(start)} ${at(half)} ${at(stop)} ${at(half)} ${at(stop)} ${at(b)}`;
}

/** @param {number} px */
function at(px) {
  return px.toFixed(1);
}
