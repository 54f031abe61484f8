import { type Phase, table, times } from './measures/phase.ts';

/** A move during the experiment, and its duration, ms. */
export interface TimedMove {
  readonly to: 'offload' | 'onload';
  readonly cause: string;
  readonly ms: number;
}

/** Result of `lab offload`. */
export interface OffloadReport {
  readonly onload: Phase;
  readonly offload: Phase;
  /** Throughput offloaded over throughput onloaded. */
  readonly ratio: number;
  /** From the flow's first packet to its installed entry, ms. */
  readonly reactionMs: number;
  /** One connection carried data in every phase and ended without error. */
  readonly tcpSurvived: boolean;
  /** Host CPU per Gbit/s, onloaded over offloaded. */
  readonly cpuPerGbitRatio: number;
  readonly moves: readonly TimedMove[];
  /** The backend's description. */
  readonly backend: string;
  readonly cpus: number;
}

/** The report as tables for a terminal. */
export function formatOffloadReport(report: OffloadReport): string {
  const row = (name: string, phase: Phase) => [
    name,
    (phase.bitsPerSecond / 1e9).toFixed(2),
    `${(phase.hostCpu * 100).toFixed(0)} %`,
    `${(phase.hostCpuPerGbit * 100).toFixed(1)} %`,
    phase.seconds.toFixed(1),
  ];
  const phases = [
    ['phase', 'Gbit/s', 'host CPU', 'CPU per Gbit/s', 'seconds'],
    row('onload  (vSwitch)', report.onload),
    row('offload (NIC)', report.offload),
    ['ratio', times(report.ratio), '', times(report.cpuPerGbitRatio), ''],
  ];
  const moves = [
    ['move', 'cause', 'duration'],
    ...report.moves.map((move) => [`to ${move.to}`, move.cause, `${move.ms.toFixed(0)} ms`]),
  ];
  return [
    table(phases),
    '',
    table(moves),
    '',
    `reaction, first packet to installed entry: ${report.reactionMs.toFixed(0)} ms`,
    `the TCP connection survived: ${report.tcpSurvived ? 'yes' : 'NO'}`,
    `NIC: ${report.backend}; ${report.cpus} CPUs, the VMs (namespaces) share them with the host`,
  ].join('\n');
}
