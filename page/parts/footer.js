import { html } from '../vendor/preact.js';

/** @import { StatusView } from '../../api/status-view.ts' */

/**
 * What else there is to read.
 *
 * @param {{ readonly status: StatusView | undefined }} props
 */
export function Footer({ status }) {
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
