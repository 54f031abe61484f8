import type { Store } from './data/store.ts';
import { Banner } from './parts/banner.ts';
import { Charts } from './parts/charts.ts';
import { DaemonHealth } from './parts/daemon-health.ts';
import { Decisions } from './parts/decisions.ts';
import { Figures } from './parts/figures.ts';
import { Flows } from './parts/flows.ts';
import { Footer } from './parts/footer.ts';
import { Header } from './parts/header.ts';
import { Picture } from './parts/picture.ts';
import { Ports } from './parts/ports.ts';
import { Slices } from './parts/slices.ts';
import { Why } from './parts/why.ts';
import { h, html, useCallback, useEffect, useState, type VNode } from './vendor/preact.js';

interface AppProps {
  readonly store: Store;
  readonly retryNow: () => void;
}

/** The whole page. */
export function App({ store, retryNow }: AppProps): VNode {
  const [, setTurn] = useState(0);
  useEffect(() => store.onChange(() => setTurn((turn) => turn + 1)), [store]);
  const [asked, setAsked] = useState<string | undefined>(undefined);
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
