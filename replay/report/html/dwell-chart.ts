import { duration, percent } from '../../../text/format.ts';
import type { PolicyReport } from '../report.ts';
import { axisTo } from './axis.ts';
import { coordinate, escaped, policyColour } from './markup.ts';

const WIDTH = 440;
const HEIGHT = 220;
const LEFT = 44;
const RIGHT = 6;
const TOP = 10;
const BOTTOM = 26;

/** Lifetimes of entries: a group of bars per octave, a bar per policy. */
export function dwellChart(policies: readonly PolicyReport[]): string {
  const octaves = octavesOf(policies);
  const shares = policies.map(({ dwell }) => {
    const counts = new Map(dwell.histogram.map((o) => [o.fromMs, o.count]));
    return octaves.map((fromMs) => (counts.get(fromMs) ?? 0) / Math.max(1, dwell.entries));
  });
  const axis = axisTo(Math.max(0, ...shares.flat()));
  const y = (share: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - share / axis.max);
  const group = (WIDTH - LEFT - RIGHT) / Math.max(1, octaves.length);
  const bar = (group * 0.8) / policies.length;
  const grid = axis.marks
    .map((mark) => {
      const at = coordinate(y(mark));
      return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/><text class="mark end" x="${LEFT - 6}" y="${coordinate(y(mark) + 4)}">${escaped(percent(mark))}</text>`;
    })
    .join('');
  const every = Math.ceil(octaves.length / 6);
  const marks = octaves
    .map((fromMs, i) =>
      i % every === 0
        ? `<text class="mark" x="${coordinate(LEFT + i * group)}" y="${HEIGHT - 8}">${escaped(duration(fromMs))}</text>`
        : '',
    )
    .join('');
  const bars = policies
    .flatMap(({ name, dwell }, p) =>
      octaves.map((fromMs, i) => {
        const share = shares[p][i];
        if (share === 0) return '';
        const x = LEFT + i * group + group * 0.1 + p * bar;
        const count = Math.round(share * dwell.entries);
        const title = `${name}: ${count} entries lived ${duration(fromMs)} to ${duration(fromMs * 2)}`;
        return `<rect class="bar ${policyColour(p)}" x="${coordinate(x)}" y="${coordinate(y(share))}" width="${coordinate(Math.max(1, bar))}" height="${coordinate(HEIGHT - BOTTOM - y(share))}"><title>${escaped(title)}</title></rect>`;
      }),
    )
    .join('');
  const legend = policies
    .map(
      ({ name, dwell }, p) =>
        `<span class="key ${policyColour(p)}"><i></i>${escaped(name)} <b>${escaped(median(dwell.p50Ms))}</b></span>`,
    )
    .join('');
  return `<figure class="card"><figcaption><strong>Lifetime of entries</strong> share of all entries; entries that exist at the end count with their age</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Lifetime of entries">${grid}${marks}${bars}</svg>
<div class="legend">${legend}</div></figure>`;
}

/** All octaves between the first and the last of any policy, ms. */
function octavesOf(policies: readonly PolicyReport[]): readonly number[] {
  const all = policies.flatMap(({ dwell }) => dwell.histogram.map((o) => o.fromMs));
  if (all.length === 0) return [];
  const [first, last] = [Math.min(...all), Math.max(...all)];
  return Array.from({ length: Math.round(Math.log2(last / first)) + 1 }, (_, i) => first * 2 ** i);
}

function median(ms: number | null): string {
  return ms === null ? 'no entry' : `median ${duration(ms)}`;
}
