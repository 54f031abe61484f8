import { Banner } from './parts/banner.js';
import { Charts } from './parts/charts.js';
import { DaemonHealth } from './parts/daemon-health.js';
import { Decisions } from './parts/decisions.js';
import { Figures } from './parts/figures.js';
import { Flows } from './parts/flows.js';
import { Footer } from './parts/footer.js';
import { Header } from './parts/header.js';
import { Picture } from './parts/picture.js';
import { Ports } from './parts/ports.js';
import { Slices } from './parts/slices.js';
import { Why } from './parts/why.js';
import { h, html, useCallback, useEffect, useState } from './vendor/preact.js';

/** @import { Store } from './data/store.js' */

/**
 * The whole page.
 *
 * @param {{ readonly store: Store, readonly retryNow: () => void }} props
 */
export function App({ store, retryNow }) {
  const [, setTurn] = useState(0);
  useEffect(() => store.onChange(() => setTurn((turn) => turn + 1)), [store]);
  const [asked, setAsked] = useState(/** @type {string | undefined} */ (undefined));
  const close = useCallback(() => setAsked(undefined), []);

  const { status, link, series, decisions } = store;
  return html`
    <a class="skip" href="#flows">Skip to the flows</a>
    ${h(Header, { status, link })}
    <main class=${link.kind === 'lost' ? 'page dated' : 'page'} tabindex="-1">
      ${h(Banner, { status, link, heardAtMs: store.heardAtMs, retryNow })}
      ${
        status === undefined
          ? html`<p class="waiting">Asking the daemon …</p>`
          : [
              h(Figures, { status }),
              h(Picture, { status }),
              h(Decisions, { decisions, unsent: store.unsent, ask: setAsked }),
              h(Charts, { points: series.points, backends: status.backends }),
              h(Slices, { status }),
              h(Ports, { ports: status.ports, first: Math.max(4, status.slices.length) }),
              h(Flows, { status, live: link.kind === 'live', ask: setAsked }),
              h(DaemonHealth, { status }),
            ]
      }
    </main>
    ${h(Footer, { status })} ${h(Why, { flow: asked, close })}
  `;
}
