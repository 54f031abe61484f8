import { PATHS } from '../../api/paths.ts';
import type { StatusView } from '../../api/status-view.ts';
import { entriesThatFit } from '../../api/status-words.ts';
import { bitRate, duration, percent, scaled, whole } from '../../text/format.ts';
import { totalOf, trafficOf } from '../data/sums.ts';
import { h, html, type VNode } from '../vendor/preact.js';
import { Meter } from './meter.ts';

interface FiguresProps {
  readonly status: StatusView;
}

/** The key figures. */
export function Figures({ status }: FiguresProps): VNode {
  const { paths, coverage, flows, hostCpu, cpuSavedCores, tick } = status;
  return html`
    <section class="figures" aria-labelledby="figures-title">
      <h2 id="figures-title" class="unseen">Now</h2>
      <dl>
        ${figure('Off the vSwitch', share(coverage.bytes), 'of all bytes', {
          label: 'Share of the bytes off the vSwitch',
          value: coverage.bytes ?? 0,
          tone: 'nic',
        })}
        ${figure('Traffic', scaled(trafficOf(paths), 'bit/s'), `${PATHS.onload.title} ${bitRate(paths.vswitch.bitsPerSecond)}`)}
        ${figure('Host CPU', share(hostCpu), 'of all, without guests', {
          label: 'Host CPU',
          value: hostCpu ?? 0,
          tone: 'vswitch',
        })}
        ${
          cpuSavedCores !== null &&
          figure('CPU saved', [cpuSavedCores.toFixed(2), 'cores'], 'an estimate')
        }
        ${status.backends.map((backend) =>
          figure(
            backend.placement === 'offload'
              ? `${PATHS.offload.title} table`
              : PATHS['fast-path'].title,
            [whole(backend.used), ''],
            `of ${entriesThatFit(backend)}`,
            {
              label: `Entries in use of ${backend.name}`,
              value: backend.learnedEntries === 0 ? 0 : backend.used / backend.learnedEntries,
              tone: backend.placement === 'offload' ? 'nic' : 'fast',
            },
          ),
        )}
        ${figure('Flows', [whole(totalOf(flows)), ''], `${whole(flows.onload)} on the vSwitch`)}
        ${figure('Loop', splitDuration(tick.elapsedMs), `a tick, every ${duration(tick.periodMs)}`)}
      </dl>
    </section>
  `;
}

/** @param value number and unit */
function figure(
  label: string,
  [number, unit]: readonly [string, string],
  detail: string,
  bar?: { readonly label: string; readonly value: number; readonly tone: string },
): VNode {
  return html`
    <div class="figure" key=${label}>
      <dt>${label}</dt>
      <dd>
        <span class="number">${number}<span class="unit"> ${unit}</span></span>
        <span class="detail">${detail}</span>
        ${bar !== undefined && h(Meter, { ...bar, max: 1, text: percent(bar.value) })}
      </dd>
    </div>
  `;
}

function share(value: number | null): readonly [string, string] {
  return value === null ? ['-', ''] : [(value * 100).toFixed(1), '%'];
}

function splitDuration(ms: number): readonly [string, string] {
  const text = duration(ms);
  const space = text.indexOf(' ');
  return space < 0 ? [text, ''] : [text.slice(0, space), text.slice(space + 1)];
}
