import { type Cell, type Evaluation, type LaneRun, otherOf } from '../model/cells.ts';
import { LANES } from '../model/lanes.ts';
import { verdictOf } from './shortfalls.ts';
import { gbit, loadOf, machineOf, percent } from './texts.ts';

/** The figures of an evaluation for `docs/evaluation.md`: a table and the machine for each lane. */
export function markdownEvaluation({ cells, lanes }: Evaluation): string {
  return lanes.map((run) => sectionOf(cells, run)).join('\n\n');
}

function sectionOf(cells: readonly Cell[], run: LaneRun): string {
  const { lane, plan } = run;
  const rows = cells
    .filter((cell) => cell.lane === lane && cell.placement === 'offload')
    .map((offload) => rowOf(offload, otherOf(cells, offload)));
  const { summary, shortfalls } = verdictOf(cells, run);
  const list = shortfalls.length === 0 ? [] : ['', ...shortfalls.map((text) => `- ${text}`)];
  return [
    `### Lane ${lane}`,
    '',
    '| MTU | ports | VMs | direction | onload, Gbit/s | offload, Gbit/s | ratio | host CPU, onload | offload | busy CPU at the same rate, onload | offload |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
    `Medians of ${plan.repetitions} x ${plan.seconds} s (lowest to highest). ${machineOf(run)};`,
    `${loadOf(run)}. Offload: ${LANES[lane].carrier}.`,
    '',
    summary,
    ...list,
  ].join('\n');
}

function rowOf(offload: Cell, onload: Cell): string {
  const { mtu, ports, vms, direction } = offload;
  const columns = [
    mtu,
    ports,
    vms,
    direction,
    withSpread(onload),
    withSpread(offload),
    (offload.bitsPerSecond / onload.bitsPerSecond).toFixed(1),
    percent(onload.hostCpu),
    percent(offload.hostCpu),
    percent(onload.atFixedRate.busyCpu),
    percent(offload.atFixedRate.busyCpu),
  ];
  return `| ${columns.join(' | ')} |`;
}

/** The median; the lowest and the highest of several. */
function withSpread({ bitsPerSecond, repetitions }: Cell): string {
  const all = repetitions.map((sample) => sample.bitsPerSecond);
  if (all.length < 2) return gbit(bitsPerSecond);
  return `${gbit(bitsPerSecond)} (${gbit(Math.min(...all))} to ${gbit(Math.max(...all))})`;
}
