import type { StatusView } from '../../api/status-view.ts';
import { html, type VNode } from '../vendor/preact.js';

interface FooterProps {
  readonly status: StatusView | undefined;
}

/** Version, and links for programs. */
export function Footer({ status }: FooterProps): VNode {
  return html`
    <footer class="foot">
      <p>
        Norikae ${status?.version}${' '}· this page is read-only; use the command <code>norikae</code> on the node to change state
      </p>
      <nav aria-label="For programs">
        <a href="metrics">Metrics</a> <a href="api/v1/status">Status as JSON</a>
        <a href="readyz">Readiness</a> <a href="healthz">Liveness</a>
      </nav>
    </footer>
  `;
}
