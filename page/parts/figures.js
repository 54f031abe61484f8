import { totalOf, trafficOf } from '../data/sums.js';
import { fitting } from '../text/entries.js';
import { bitRate, duration, percent, scaled, whole } from '../text/format.js';
import { h, html } from '../vendor/preact.js';
import { Meter } from './meter.js';

/** @import { StatusView } from '../../api/status-view.ts' */

/**
 * The few numbers that say how it goes.
 *
 * @param {{ readonly status: StatusView }} props
 */
export function Figures({ status }) {
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
        ${figure('Traffic', scaled(trafficOf(paths), 'bit/s'), `vSwitch ${bitRate(paths.vswitch.bitsPerSecond)}`)}
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
            backend.placement === 'offload' ? 'NIC table' : 'Fast path',
            [whole(backend.used), ''],
            `of ${fitting(backend)}`,
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

/**
 * @param {string} label
 * @param {readonly [string, string]} value number and unit
 * @param {string} detail
 * @param {{ readonly label: string, readonly value: number, readonly tone: string }} [bar]
 */
function figure(label, [number, unit], detail, bar) {
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

/**
 * @param {number | null} value
 * @returns {readonly [string, string]}
 */
function share(value) {
  return value === null ? ['-', ''] : [(value * 100).toFixed(1), '%'];
}

/**
 * @param {number} ms
 * @returns {readonly [string, string]}
 */
function splitDuration(ms) {
  const text = duration(ms);
  const space = text.indexOf(' ');
  return space < 0 ? [text, ''] : [text.slice(0, space), text.slice(space + 1)];
}
