import { escaped } from '../../../replay/report/html/markup.ts';
import { STYLE } from '../../../replay/report/html/page-parts.ts';
import { counted } from '../../../text/format.ts';
import type { Cell, Direction, Evaluation, LaneRun, Placement, Sample } from '../model/cells.ts';
import { type ChartLine, type VmChart, vmChart } from './chart.ts';
import { LANES } from '../model/lanes.ts';
import { verdictOf } from './shortfalls.ts';
import { STUDY_FIGURES } from '../model/study.ts';
import { loadOf, machineOf, percent } from './texts.ts';

const OWN_STYLE = `
.middle{text-anchor:middle}polyline{fill:none;stroke-width:2}
.offload polyline,.offload .spread{stroke:var(--carried)}.offload circle{fill:var(--carried)}
.onload polyline,.onload .spread{stroke:var(--vswitch)}.onload circle{fill:var(--vswitch)}
.offload i{background:var(--carried)}.onload i{background:var(--vswitch)}
.study{stroke:var(--c3);stroke-width:1.5;stroke-dasharray:5 3;fill:var(--c3)}.mark-key i{background:var(--c3)}`;

/** The evaluation as one self-contained HTML page, without requests and scripts. */
export function htmlEvaluation({ cells, lanes }: Evaluation): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Offload and onload, as in the study</title><style>${STYLE}${OWN_STYLE}</style></head><body><main>
<h1>Throughput and host CPU over the number of VMs</h1>
<p>Points are medians; the bars show the lowest and the highest measurement. Host CPU is 100 % - idle - guest. The CPU time
of the processes of VMs, of the machines at the other ends of the physical ports and of what stands for hardware counts as
guest. Host CPU includes what the kernel does for a packet in the context of its sender, so the charts at a fixed rate also
state all busy CPU time.</p>
<p class="soft">Marks in violet: figures of the study (2012), measured with a Solarflare SFN5122F with SR-IOV on a host of
24 cores. They are shown for orientation; the lanes here are others.</p>
${lanes
  .map((run) =>
    laneSection(
      cells.filter((cell) => cell.lane === run.lane),
      run,
    ),
  )
  .join('\n')}
</main></body></html>
`;
}

function laneSection(cells: readonly Cell[], run: LaneRun): string {
  const { lane, plan } = run;
  const { carrier, about } = LANES[lane];
  // Of an evaluation that has not ended, not all of the plan is there.
  const sections = plan.mtus.map((mtu) => {
    const charts = plan.ports.flatMap((ports) =>
      plan.directions.flatMap((direction) => {
        const shown = cells.filter(
          (c) => c.mtu === mtu && c.ports === ports && c.direction === direction,
        );
        const setting = { carrier, ports, direction, withStudy: mtu === 9_000 };
        return shown.length === 0 ? [] : chartsOf(shown, setting);
      }),
    );
    const grid = `<div class="grid-of-cards">${charts.map(vmChart).join('\n')}</div>`;
    return charts.length === 0 ? '' : `<h3>MTU ${mtu}</h3>\n${grid}`;
  });
  const { summary, shortfalls } = verdictOf(cells, run);
  const items = shortfalls.map((text) => `<li>${escaped(text)}</li>`).join('');
  const list = items === '' ? '' : `<ul>${items}</ul>`;
  return `<h2>Lane ${lane}</h2>
<p>${escaped(about)}</p>
<p>${counted(plan.repetitions, 'measurement')} of ${plan.seconds} s each. ${escaped(machineOf(run))}; ${escaped(loadOf(run))}.</p>
<p>${summary}</p>${list}
${sections.join('\n')}`;
}

interface ChartSetting {
  readonly carrier: string;
  readonly ports: number;
  readonly direction: Direction;
  readonly withStudy: boolean;
}

function chartsOf(cells: readonly Cell[], setting: ChartSetting): readonly VmChart[] {
  const { carrier, ports, direction, withStudy } = setting;
  const placements: readonly { readonly placement: Placement; readonly name: string }[] = [
    { placement: 'offload', name: `offload (${carrier})` },
    { placement: 'onload', name: 'onload (vSwitch)' },
  ];
  const what = `${direction}, ${ports} ${ports === 1 ? 'port' : 'ports'}`;
  const lines = (value: (sample: Sample) => number, fixed = false): readonly ChartLine[] =>
    placements.map(({ placement, name }) => ({
      name,
      colour: placement,
      points: cells
        .filter((cell) => cell.placement === placement)
        .map((cell) => pointOf(cell, value, fixed)),
    }));
  const figures = STUDY_FIGURES.filter((f) => f.ports === ports && f.direction === direction);
  const marks = (withStudy ? figures : []).map(({ vms, gbitPerSecond }) => ({
    name: vms === undefined ? 'study, at most' : 'study',
    value: gbitPerSecond * 1e9,
    vms,
  }));
  const rates = cells.map((cell) => cell.atFixedRate.bitsPerSecond);
  const range = `${rate(Math.min(...rates))} to ${rate(Math.max(...rates))}`;
  const common = { text: percent, marks: [] };
  return [
    {
      title: `Throughput, ${what}`,
      caption: 'payload of TCP, all VMs',
      lines: lines((s) => s.bitsPerSecond),
      marks,
      text: rate,
    },
    {
      ...common,
      title: `Host CPU, ${what}`,
      caption: 'at full throughput',
      lines: lines((s) => s.hostCpu),
    },
    {
      ...common,
      title: `Busy CPU at a fixed rate, ${what}`,
      caption: `both at the same rate, ${range}; host and guest together`,
      lines: lines((s) => s.busyCpu, true),
    },
  ];
}

function pointOf(cell: Cell, value: (sample: Sample) => number, fixed: boolean) {
  if (fixed) {
    const at = value(cell.atFixedRate);
    return { vms: cell.vms, value: at, min: at, max: at };
  }
  const all = cell.repetitions.map(value);
  return { vms: cell.vms, value: value(cell), min: Math.min(...all), max: Math.max(...all) };
}

function rate(bitsPerSecond: number): string {
  const value = bitsPerSecond / 1e9;
  return `${value.toFixed(value >= 1 ? 1 : 2)} Gbit/s`;
}
