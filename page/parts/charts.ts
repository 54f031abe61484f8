import { PATHS } from '../../api/paths.ts';
import type { BackendView } from '../../api/status-view.ts';
import type { NodePoint } from '../../api/history-view.ts';
import { bitRate, count, percent } from '../../text/format.ts';
import { TONES } from '../text/words.ts';
import { h, html, type VNode } from '../vendor/preact.js';
import type { ChartLine } from './chart-options.ts';
import { Chart } from './chart.ts';

const TRAFFIC: readonly ChartLine[] = [
  { name: PATHS.onload.title, tone: TONES.onload, of: (p) => p.vswitchBitsPerSecond },
  { name: PATHS.offload.title, tone: TONES.offload, of: (p) => p.nicBitsPerSecond },
  { name: PATHS['fast-path'].title, tone: TONES['fast-path'], of: (p) => p.fastPathBitsPerSecond },
];

const SHARES: readonly ChartLine[] = [
  { name: 'Off the vSwitch', tone: 'nic', of: (p) => p.coverage },
  { name: 'Host CPU', tone: 'vswitch', of: (p) => p.hostCpu },
];

const ENTRIES: readonly ChartLine[] = [{ name: 'In use', tone: 'nic', of: (p) => p.entriesUsed }];

interface ChartsProps {
  readonly points: readonly NodePoint[];
  readonly backends: readonly BackendView[];
}

/** The charts of the last minutes. */
export function Charts({ points, backends }: ChartsProps): VNode {
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
