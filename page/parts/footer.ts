import type { StatusView } from '../../api/status-view.ts';
import { html, type VNode } from '../vendor/preact.js';

interface FooterProps {
  readonly status: StatusView | undefined;
}

/** What else there is to read. */
export function Footer({ status }: FooterProps): VNode {
  return html`
    <footer class="foot">
      <p>
        Norikae ${status?.version}${' '}· this page only watches; <code>norikae</code> on the node acts
      </p>
      <nav aria-label="For programs">
        <a href="metrics">Metrics</a> <a href="api/v1/status">Status as JSON</a>
        <a href="readyz">Readiness</a> <a href="healthz">Liveness</a>
      </nav>
    </footer>
  `;
}
