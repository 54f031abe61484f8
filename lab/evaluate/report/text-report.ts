import { table, times } from '../../measures/phase.ts';
import { type Cell, type Evaluation, type LaneRun, otherOf } from '../model/cells.ts';
import { LANES } from '../model/lanes.ts';
import { verdictOf } from './shortfalls.ts';
import { gbit, loadOf, machineOf, percent } from './texts.ts';

const HEAD = [
  ['', '', '', '', 'Gbit/s', '', '', 'host CPU', '', 'at a rate that both reach', '', ''],
  [
    'MTU',
    'ports',
    'VMs',
    'direction',
    'onload',
    'offload',
    'ratio',
    'onload',
    'offload',
    'Gbit/s',
    'onload',
    'offload',
  ],
];

/** The evaluation as tables for a terminal: a line for each setting, onload beside offload. */
export function formatEvaluation({ cells, lanes }: Evaluation): string {
  return lanes.map((run) => formatLane(cells, run)).join('\n\n');
}

function formatLane(cells: readonly Cell[], run: LaneRun): string {
  const { lane, plan } = run;
  const rows = cells
    .filter((cell) => cell.lane === lane && cell.placement === 'offload')
    .map((offload) => {
      const onload = otherOf(cells, offload);
      return [
        String(offload.mtu),
        String(offload.ports),
        String(offload.vms),
        offload.direction,
        gbit(onload.bitsPerSecond),
        gbit(offload.bitsPerSecond),
        times(offload.bitsPerSecond / onload.bitsPerSecond),
        percent(onload.hostCpu),
        percent(offload.hostCpu),
        gbit(offload.atFixedRate.bitsPerSecond),
        cpuOf(onload),
        cpuOf(offload),
      ];
    });
  const { summary, shortfalls } = verdictOf(cells, run);
  return [
    `Lane ${lane} (offload: ${LANES[lane].carrier})`,
    table([...HEAD, ...rows]),
    '',
    `medians of ${plan.repetitions}, ${plan.seconds} s each; at the common rate: host CPU (busy CPU)`,
    'the CPU time of VMs, of the machines at the other ends and of what stands for hardware counts as guest',
    machineOf(run),
    loadOf(run),
    summary,
    ...shortfalls,
  ].join('\n');
}

function cpuOf({ atFixedRate }: Cell): string {
  return `${percent(atFixedRate.hostCpu)} (${percent(atFixedRate.busyCpu)})`;
}
