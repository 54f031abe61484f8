import type { PortView } from '../../api/status-view.ts';
import { bitRate, percent } from '../../text/format.ts';
import { h, html, useState, type VNode } from '../vendor/preact.js';
import { Meter } from './meter.ts';

interface PortsProps {
  readonly ports: readonly PortView[];
  /** Number of ports that are shown at first. */
  readonly first: number;
}

/** Ports with their load relative to the link speed, the fullest first. */
export function Ports({ ports, first }: PortsProps): VNode {
  const [all, setAll] = useState(false);
  const sorted = [...ports].sort((a, b) => rank(b) - rank(a));
  const shown = all ? sorted : sorted.slice(0, first);
  return html`
    <section class="card ports" aria-labelledby="ports-title">
      <div class="card-head">
        <h2 id="ports-title">Ports</h2>
        <p class="quiet">load against the link, uplinks first</p>
        ${
          ports.length > first &&
          html`<button type="button" class="more" aria-expanded=${all} onClick=${() => setAll(!all)}>
            ${all ? `First ${first}` : `All ${ports.length}`}
          </button>`
        }
      </div>
      <div class="scroll" tabindex="0" role="group" aria-label="Table of ports">
        <table>
          <thead>
            <tr>
              <th scope="col">Port</th>
              <th scope="col">VM</th>
              <th scope="col">Slice</th>
              <th scope="col">Hook</th>
              <th scope="col" class="wide">Into the node</th>
              <th scope="col" class="wide">Out of the node</th>
              <th scope="col" class="num">Link</th>
            </tr>
          </thead>
          <tbody>
            ${shown.map(
              (port) => html`
                <tr key=${port.name}>
                  <th scope="row">${port.name} <span class="quiet">${port.kind}</span></th>
                  <td>${port.vm ?? html`<span class="quiet">-</span>`}</td>
                  <td>${port.slice ?? html`<span class="quiet">-</span>`}</td>
                  <td title=${port.hook?.why}>
                    ${port.hook?.hook ?? html`<span class="quiet">-</span>`}
                  </td>
                  <td class="wide">${load(port, 'received', port.rxBitsPerSecond)}</td>
                  <td class="wide">${load(port, 'sent', port.txBitsPerSecond)}</td>
                  <td class="num">
                    ${port.linkBitsPerSecond === null ? '-' : bitRate(port.linkBitsPerSecond)}
                  </td>
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
    </section>
  `;
}

function load({ name, linkBitsPerSecond }: PortView, way: string, rate: number | null): VNode {
  if (rate === null) return html`<span class="quiet">not known</span>`;
  if (linkBitsPerSecond === null || linkBitsPerSecond === 0) {
    return html`<span class="num">${bitRate(rate)}</span>`;
  }
  const used = rate / linkBitsPerSecond;
  return html`
    <span class="with-meter">
      ${h(Meter, {
        label: `Share of the link that ${name} has ${way}`,
        value: used,
        max: 1,
        tone: used >= 0.9 ? 'bad' : used >= 0.7 ? 'warn' : 'plain',
        text: percent(used),
      })}
      <span class="num">${bitRate(rate)}</span>
    </span>
  `;
}

function rank({ kind, rxBitsPerSecond, txBitsPerSecond, linkBitsPerSecond }: PortView): number {
  const rate = Math.max(rxBitsPerSecond ?? 0, txBitsPerSecond ?? 0);
  return (kind === 'uplink' ? 10 : 0) + rate / (linkBitsPerSecond ?? Number.POSITIVE_INFINITY);
}
