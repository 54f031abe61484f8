import { bitRate, count, percent } from '../text/format.js';
import { h, html } from '../vendor/preact.js';
import { Chart } from './chart.js';

/**
 * @import { BackendView } from '../../api/status-view.ts'
 * @import { NodePoint } from '../../api/view.ts'
 * @import { ChartLine } from './chart.js'
 */

/** @type {readonly ChartLine[]} */
const TRAFFIC = [
  { name: 'vSwitch', tone: 'vswitch', of: (p) => p.vswitchBitsPerSecond },
  { name: 'NIC', tone: 'nic', of: (p) => p.nicBitsPerSecond },
  { name: 'Fast path', tone: 'fast', of: (p) => p.fastPathBitsPerSecond },
];

/** @type {readonly ChartLine[]} */
const SHARES = [
  { name: 'Off the vSwitch', tone: 'nic', of: (p) => p.coverage },
  { name: 'Host CPU', tone: 'vswitch', of: (p) => p.hostCpu },
];

/** @type {readonly ChartLine[]} */
const ENTRIES = [{ name: 'In use', tone: 'nic', of: (p) => p.entriesUsed }];

/**
 * The last minutes.
 *
 * @param {{ readonly points: readonly NodePoint[], readonly backends: readonly BackendView[] }} props
 */
export function Charts({ points, backends }) {
  const fast = points.some((p) => p.fastPathBitsPerSecond > 0);
  const fits = backends.reduce((sum, backend) => sum + backend.learnedEntries, 0);
  return html`
    <section class="charts" aria-labelledby="charts-title">
      <h2 id="charts-title" class="unseen">The last minutes</h2>
      ${h(Chart, {
        title: 'Traffic by path',
        points,
        lines: fast ? TRAFFIC : TRAFFIC.slice(0, 2),
        stacked: true,
        text: bitRate,
        height: 232,
        top: undefined,
      })}
      ${h(Chart, {
        title: 'Coverage and host CPU',
        points,
        lines: SHARES,
        stacked: false,
        text: percent,
        height: 232,
        top: 1,
      })}
      ${
        fits > 0 &&
        h(Chart, {
          title: 'Table entries',
          points,
          lines: ENTRIES,
          stacked: true,
          text: count,
          height: 232,
          top: fits,
        })
      }
    </section>
  `;
}
