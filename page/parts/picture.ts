import { PATHS } from '../../api/paths.ts';
import type { StatusView } from '../../api/status-view.ts';
import { bitRate, counted, percent, whole } from '../../text/format.ts';
import { totalOf, trafficOf } from '../data/sums.ts';
import { TONES } from '../text/words.ts';
import { h, html, useRef, type VNode } from '../vendor/preact.js';
import { Meter } from './meter.ts';
import { PictureLines } from './picture-lines.ts';
import { groupsOf, type PathBox, pathsOf, uplinksOf } from './picture-model.ts';

interface PictureProps {
  readonly status: StatusView;
}

/**
 * The node as a picture: slices, paths and uplinks. Boxes are text in reading order; lines behind them
 * have a width by traffic.
 */
export function Picture({ status }: PictureProps): VNode {
  const ground = useRef<HTMLElement | null>(null);
  const groups = groupsOf(status);
  const paths = pathsOf(status);
  const uplinks = uplinksOf(status);
  return html`
    <section class="card picture-card" aria-labelledby="picture-title">
      <div class="card-head">
        <h2 id="picture-title">The node</h2>
        <p class="gist">${gist(status)}</p>
      </div>
      <div class="picture" ref=${ground}>
        ${h(PictureLines, { ground, groups, paths, uplinks })}
        <ul class="boxes groups" aria-label="Slices">
          ${groups.map(
            (group) => html`
              <li key=${group.id} class="box group" data-box=${`group:${group.id}`}>
                <span class="box-name">${group.name}</span>
                <span class="box-rate">${bitRate(totalOf(group.bitsPerSecond))}</span>
                <span class="box-detail">${group.detail}</span>
              </li>
            `,
          )}
        </ul>
        <ul class="boxes paths" aria-label="Paths">
          ${paths.map(pathBox)}
        </ul>
        <ul class="boxes uplinks" aria-label="Uplinks">
          ${uplinks.map(
            (port) => html`
              <li key=${port.name} class="box uplink" data-box=${`uplink:${port.name}`}>
                <span class="box-name">${port.name}</span>
                <span class="box-rate"
                  ><span class="way">out</span> ${bitRate(port.outBitsPerSecond)}</span
                >
                <span class="box-rate"
                  ><span class="way">in</span> ${bitRate(port.inBitsPerSecond)}</span
                >
              </li>
            `,
          )}
        </ul>
      </div>
    </section>
  `;
}

function pathBox(path: PathBox): VNode {
  const { title } = PATHS[path.placement];
  const tone = TONES[path.placement];
  const { fill } = path;
  return html`
    <li key=${path.placement} class=${`box path ${tone}`} data-box=${`path:${path.placement}`}>
      <span class="box-name">${title}<span class="box-role">${path.role}</span></span>
      <span class="box-rate big">${bitRate(path.bitsPerSecond)}</span>
      <span class="box-detail">${counted(path.flows, 'flow')}</span>
      ${
        fill !== undefined &&
        html`<span class="box-fill">
          ${h(Meter, { label: fill.label, value: fill.value, max: fill.max, tone, text: fill.text })}
          <span class="box-detail">${fill.text}</span>
        </span>`
      }
    </li>
  `;
}

/** The picture in a sentence. */
function gist({ paths, coverage, flows, backends }: StatusView): string {
  const total = trafficOf(paths);
  const share = coverage.bytes;
  if (share === null) return 'No traffic now.';
  const placed = flows.offload + flows['fast-path'];
  const all = totalOf(flows);
  const where = backends.some((b) => b.placement === 'fast-path') ? 'NIC and fast path' : 'the NIC';
  return (
    `Of ${bitRate(total)}, ${percent(share)} is on ${where} in ${whole(placed)} of ` +
    `${whole(all)} flows; the vSwitch carries the rest.`
  );
}
