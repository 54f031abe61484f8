import type {
  BackendView,
  ConnectionsView,
  PoliciesView,
  SamplesView,
  SourceView,
  StatusView,
} from '../../api/status-view.ts';
import { entriesInUse, neededGain, sampleResults, verifiedAgo } from '../../api/status-words.ts';
import { counted, duration, plainNumber, whole } from '../../text/format.ts';
import { h, html, type VNode } from '../vendor/preact.js';
import { Meter } from './meter.ts';
import { sign } from './signs.ts';

interface DaemonHealthProps {
  readonly status: StatusView;
}

/** Sources, backends, InfluxDB and policies of the daemon. */
export function DaemonHealth({ status }: DaemonHealthProps): VNode {
  return html`
    <section class="card health" aria-labelledby="health-title">
      <div class="card-head"><h2 id="health-title">Sources, backends, policies</h2></div>
      <div class="health-in">
        ${sources(status.sources, status.connections?.uncountedPorts ?? [])} ${backends(status.backends, status.samples)}
        ${' '}${policies(status.policies)}
      </div>
    </section>
  `;
}

function sources(all: readonly SourceView[], uncounted: ConnectionsView['uncountedPorts']): VNode {
  return html`
    <div>
      <h3>Sources</h3>
      <ul class="things">
        ${all.map(
          (s) => html`
            <li key=${s.name} class=${s.fresh ? 'good' : 'bad'}>
              ${sign(s.fresh ? 'good' : 'bad')}
              <div>
                <p><strong>${s.name}</strong> ${s.fresh ? 'fresh' : 'stale'}</p>
                <p class="quiet">
                  ${s.ageMs === null ? 'never read' : `read ${duration(s.ageMs)} ago`} · takes
                  ${' '}${duration(s.costMs)}${s.periodMs > 0 && ` every ${duration(s.periodMs)}`}
                  ${s.error !== null && html`<br />${s.error}`}
                  ${s.note !== null && html`<br />${s.note}`}
                </p>
              </div>
            </li>
          `,
        )}
        ${uncounted.map(
          ({ name, why }) => html`
            <li key=${`port ${name}`} class="bad">
              ${sign('bad')}
              <div>
                <p><strong>${name}</strong> connections not counted</p>
                <p class="quiet">${why}</p>
              </div>
            </li>
          `,
        )}
      </ul>
    </div>
  `;
}

function backends(all: readonly BackendView[], samples: SamplesView | null): VNode {
  return html`
    <div>
      <h3>Backends</h3>
      ${all.length === 0 && html`<p class="quiet">None: the daemon places no flows.</p>`}
      <ul class="things">
        ${all.map((b) => {
          const well = b.started && b.error === null;
          return html`
            <li key=${b.name} class=${well ? 'good' : 'bad'}>
              ${sign(well ? 'good' : 'bad')}
              <div>
                <p><strong>${b.name}</strong> ${b.started ? (well ? 'works' : 'fails') : 'not started'}</p>
                <p class="quiet">${b.description}; lease ${duration(b.leaseMs)}</p>
                <p class="quiet">${verifiedAgo([b])}</p>
                ${b.error !== null && html`<p>${b.error}</p>`}
                <p class="with-meter">
                  ${h(Meter, {
                    label: `Entries in use of ${b.name}`,
                    value: b.used,
                    max: b.learnedEntries,
                    tone: b.placement === 'offload' ? 'nic' : 'fast',
                    text: entriesInUse(b),
                  })}
                  <span class="num">${whole(b.used)} / ${whole(b.learnedEntries)}</span>
                </p>
                ${b.threshold !== null && html`<p class="quiet">${planned(b.threshold, b.swapGain)}</p>`}
              </div>
            </li>
          `;
        })}
      </ul>
      ${samples !== null && html`<p class="quiet">Samples: ${sampleResults(samples)}</p>`}
    </div>
  `;
}

/** Values that the planner computed. */
function planned(threshold: number, swapGain: number | null): string {
  return `threshold ${plainNumber(threshold)} packets/s; ${neededGain(swapGain)}`;
}

function policies(view: PoliciesView): VNode {
  const well = view.problems.length === 0 && view.rules > 0;
  return html`
    <div>
      <h3>Policies</h3>
      <ul class="things">
        ${view.inForce.map(
          (p) => html`
            <li key=${p.name} class="good">
              ${sign('good')}
              <div>
                <p>
                  <strong>${p.name}</strong> ${p.version}
                  ${p.mode === 'shadow' && html` <span class="tag">shadow: moves nothing</span>`}
                </p>
                <p class="quiet">
                  ${counted(p.rules, 'rule')} · revision <code>${p.revision}</code>
                </p>
              </div>
            </li>
          `,
        )}
        ${
          !well &&
          html`<li class="bad">
            ${sign('bad')}
            <div>
              <p><strong>${view.rules === 0 ? 'No rule is in force' : 'The last reload failed'}</strong></p>
              ${view.problems.map((problem) => html`<p key=${problem} class="quiet">${problem}</p>`)}
            </div>
          </li>`
        }
      </ul>
      <p class="quiet">${view.watching ? 'The files are watched.' : 'The files are not watched.'}</p>
    </div>
  `;
}
