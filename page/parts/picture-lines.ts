import { totalOf } from '../data/sums.ts';
import { TONES } from '../text/words.ts';
import { h, html, type Ref, useEffect, useState, type VNode } from '../vendor/preact.js';
import { type Boxes, curve, ends, measured, type Side } from './picture-geometry.ts';
import type { GroupBox, PathBox, UplinkBox } from './picture-model.ts';

/** Total width of the lines of a side, and minimum width of a line, px. */
const WIDEST = 64;
const THINNEST = 1.2;

interface PictureLinesProps {
  readonly ground: Ref<HTMLElement | null>;
  readonly groups: readonly GroupBox[];
  readonly paths: readonly PathBox[];
  readonly uplinks: readonly UplinkBox[];
}

/** The lines between the boxes. Hidden from screen readers: the boxes have the numbers. */
export function PictureLines({ ground, groups, paths, uplinks }: PictureLinesProps): VNode {
  const boxes = useBoxes(ground, groups.length * 10_000 + paths.length * 100 + uplinks.length);
  if (boxes === undefined) return html`<svg class="lines" aria-hidden="true"></svg>`;
  const lines = [...innerLines(boxes, groups, paths), ...outerLines(boxes, paths, uplinks)];
  return html`
    <svg class="lines" aria-hidden="true" width=${boxes.width} height=${boxes.height}>
      ${lines.map(
        ({ key, d, width, tone }) => html`
          <g key=${key} class=${`line ${tone}`}>
            <path class="bed" d=${d} style=${{ strokeWidth: `${width.toFixed(2)}px` }} />
            ${width > 2 && html`<path class="train" d=${d} />`}
          </g>
        `,
      )}
      ${h(Interchange, { boxes, room: roomOf(lines) })}
    </svg>
  `;
}

interface InterchangeProps {
  readonly boxes: Boxes;
  /** Total width of the lines that meet there, px. */
  readonly room: number;
}

/** The station between paths and uplinks. */
function Interchange({ boxes, room }: InterchangeProps): VNode | null {
  const hub = boxes.byName.get('hub');
  if (hub === undefined || room === 0) return null;
  const x = (hub.left + hub.right) / 2;
  const y = (hub.top + hub.bottom) / 2;
  const [width, height] = boxes.across ? [14, room + 12] : [room + 12, 14];
  return html`<rect
    class="interchange"
    x=${x - width / 2}
    y=${y - height / 2}
    width=${width}
    height=${height}
    rx="7"
  />`;
}

function roomOf(lines: readonly Line[]): number {
  const sum = (wire: boolean): number =>
    lines
      .filter((line) => line.key.includes('hub') && (line.tone === 'wire') === wire)
      .reduce((all, { width }) => all + width, 0);
  return Math.max(sum(true), sum(false));
}

interface Line {
  readonly key: string;
  readonly d: string;
  readonly width: number;
  readonly tone: string;
}

/** Links from slices to paths. */
function innerLines(
  boxes: Boxes,
  groups: readonly GroupBox[],
  paths: readonly PathBox[],
): readonly Line[] {
  const total = groups.reduce((sum, group) => sum + totalOf(group.bitsPerSecond), 0);
  const links = groups.flatMap((group) =>
    paths.map(({ placement }) => ({
      from: `group:${group.id}`,
      to: `path:${placement}`,
      width: widthOf(group.bitsPerSecond[placement], total),
      tone: TONES[placement],
    })),
  );
  return drawn(boxes, links);
}

/** Links from paths to uplinks through one hub: traffic is not counted by path and uplink. */
function outerLines(
  boxes: Boxes,
  paths: readonly PathBox[],
  uplinks: readonly UplinkBox[],
): readonly Line[] {
  if (uplinks.length === 0) return [];
  const total = paths.reduce((sum, path) => sum + path.bitsPerSecond, 0);
  const outside = uplinks.reduce((sum, u) => sum + u.inBitsPerSecond + u.outBitsPerSecond, 0);
  // Traffic between VMs takes a path, but no uplink.
  const share = total === 0 ? 0 : Math.min(1, outside / total);
  return drawn(boxes, [
    ...paths.map((path) => ({
      from: `path:${path.placement}`,
      to: 'hub',
      width: widthOf(path.bitsPerSecond * share, total),
      tone: TONES[path.placement],
    })),
    ...uplinks.map((uplink) => ({
      from: 'hub',
      to: `uplink:${uplink.name}`,
      width: widthOf(uplink.inBitsPerSecond + uplink.outBitsPerSecond, total),
      tone: 'wire',
    })),
  ]);
}

/** A line between two boxes, by their names. */
interface Link {
  readonly from: string;
  readonly to: string;
  readonly width: number;
  readonly tone: string;
}

function drawn(boxes: Boxes, links: readonly Link[]): readonly Line[] {
  const places = (side: Side): ReadonlyMap<number, number> => ends(links, side, boxes);
  const starts = places('from');
  const stops = places('to');
  return links.flatMap(({ from, to, width, tone }, i) => {
    const a = boxes.byName.get(from);
    const b = boxes.byName.get(to);
    if (a === undefined || b === undefined || width === 0) return [];
    const d = curve(a, b, starts.get(i) ?? 0, stops.get(i) ?? 0, boxes.across);
    return [{ key: `${from} ${to}`, d, width, tone }];
  });
}

function widthOf(value: number, total: number): number {
  return value <= 0 || total <= 0 ? 0 : Math.max(THINNEST, (WIDEST * value) / total);
}

/**
 * The positions of the boxes; measured again when the picture is resized or boxes change.
 *
 * @param arrangement a number that changes with the set of boxes
 */
function useBoxes(ground: Ref<HTMLElement | null>, arrangement: number): Boxes | undefined {
  const [boxes, setBoxes] = useState<Boxes | undefined>(undefined);
  useEffect(() => {
    const element = ground.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setBoxes(measured(element)));
    observer.observe(element);
    for (const box of element.querySelectorAll('[data-box]')) observer.observe(box);
    return () => observer.disconnect();
  }, [ground, arrangement]);
  return boxes;
}
