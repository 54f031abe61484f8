import { table, times } from '../measures/phase.ts';
import { type Cell, type Evaluation, otherOf } from './cells.ts';

/** The evaluation as a table for a terminal: a line for each setting, onload beside offload. */
export function formatEvaluation(evaluation: Evaluation): string {
  const { cells, plan, machine } = evaluation;
  const rows = cells
    .filter((cell) => cell.placement === 'offload')
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
        share(onload.hostCpu),
        share(offload.hostCpu),
        gbit(offload.atFixedRate.bitsPerSecond),
        cpuOf(onload),
        cpuOf(offload),
      ];
    });
  const head = [
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
  return [
    table([...head, ...rows]),
    '',
    `medians of ${plan.repetitions}, ${plan.seconds} s each; at the common rate: host CPU (busy CPU)`,
    'VMs and the machines at the other ends are namespaces: the CPU time of their processes counts as guest',
    `${machine.model}, ${machine.cpus} CPUs, Linux ${machine.kernel}, ${machine.vswitch}, ${machine.backend}`,
  ].join('\n');
}

function gbit(bitsPerSecond: number): string {
  return (bitsPerSecond / 1e9).toFixed(2);
}

function share(value: number): string {
  return `${(value * 100).toFixed(0)} %`;
}

function cpuOf({ atFixedRate }: Cell): string {
  return `${share(atFixedRate.hostCpu)} (${share(atFixedRate.busyCpu)})`;
}
