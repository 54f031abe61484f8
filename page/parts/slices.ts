import type { SliceView, StatusView } from '../../api/status-view.ts';
import { bitRate, percent, whole } from '../../text/format.ts';
import { coverageOf, totalOf } from '../data/sums.ts';
import { type Child, h, html, type VNode } from '../vendor/preact.js';
import { Meter } from './meter.ts';

interface SlicesProps {
  readonly status: StatusView;
}

/**
 * Slices: entries of the NIC table with share, guarantee and maximum. Slices that no policy declares
 * have one share together.
 */
export function Slices({ status }: SlicesProps): VNode {
  const { slices, backends } = status;
  const entries = backends.find((b) => b.placement === 'offload')?.learnedEntries ?? 0;
  return html`
    <section class="card slices" aria-labelledby="slices-title">
      <div class="card-head">
        <h2 id="slices-title">Slices</h2>
        ${slices.length > 0 && html`<p class="quiet">${legend(slices)}</p>`}
      </div>
      ${
        slices.length === 0
          ? html`<p class="empty">No port and no policy names a slice.</p>`
          : html`<div class="scroll" tabindex="0" role="group" aria-label="Table of slices">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Slice</th>
                    <th scope="col" class="wide">NIC entries</th>
                    <th scope="col" class="num">Due / wanted</th>
                    <th scope="col" class="num">Guaranteed</th>
                    <th scope="col" class="num">At most</th>
                    <th scope="col" class="num">Traffic</th>
                    <th scope="col" class="num">Off vSwitch</th>
                  </tr>
                </thead>
                <tbody>
                  ${slices.map((slice) => row(slice, entries))}
                </tbody>
              </table>
            </div>`
      }
    </section>
  `;
}

function row(slice: SliceView, entries: number): VNode {
  const { name, guaranteedEntries, maximumEntries, shareEntries, wantedEntries } = slice;
  const used = slice.flows.offload;
  const coverage = coverageOf(slice.bitsPerSecond);
  return html`
    <tr key=${name}>
      <th scope="row">
        ${name}
        ${isBelow(slice) && html` <span class="tag strong">below its guarantee</span>`}
      </th>
      <td class="wide">
        <span class="with-meter">
          ${h(Meter, {
            label: `Entries of slice ${name}`,
            value: used,
            max: entries,
            tone: 'nic',
            text: `${whole(used)} of ${whole(entries)}`,
            marks: [
              ...(guaranteedEntries === null
                ? []
                : [{ at: guaranteedEntries, kind: 'guaranteed' }]),
              ...(maximumEntries === null ? [] : [{ at: maximumEntries, kind: 'maximum' }]),
            ],
          })}
          <span class="num">${whole(used)}</span>
        </span>
      </td>
      <td class="num">
        ${
          shareEntries === null || wantedEntries === null
            ? html`<span class="quiet">shared</span>`
            : `${whole(shareEntries)} / ${whole(wantedEntries)}`
        }
      </td>
      <td class="num">${guaranteedEntries === null ? none() : whole(guaranteedEntries)}</td>
      <td class="num">${maximumEntries === null ? none() : whole(maximumEntries)}</td>
      <td class="num">${bitRate(totalOf(slice.bitsPerSecond))}</td>
      <td class="num">${coverage === null ? '-' : percent(coverage)}</td>
    </tr>
  `;
}

/** Whether a slice has fewer entries than its guarantee, although its flows request more. */
function isBelow({ usedEntries, guaranteedEntries, wantedEntries }: SliceView): boolean {
  if (usedEntries === null || guaranteedEntries === null || wantedEntries === null) return false;
  return usedEntries < Math.min(guaranteedEntries, wantedEntries);
}

function none(): VNode {
  return html`<span class="quiet">none</span>`;
}

function legend(slices: readonly SliceView[]): Child {
  const guarantees = slices.some((s) => s.guaranteedEntries !== null);
  const maxima = slices.some((s) => s.maximumEntries !== null);
  if (!guarantees && !maxima) return 'no guarantees or maxima in the policies in force';
  return html`
    ${guarantees && html`<span class="mark-key guaranteed" aria-hidden="true"></span> guaranteed `}
    ${maxima && html`<span class="mark-key maximum" aria-hidden="true"></span> maximum`}
  `;
}
