import { type Phase, table, times } from './measures/phase.ts';

/** Result of one run with one version of OpenFlow. */
export interface FastPathRun {
  readonly openflow: '1.3' | '1.0';
  readonly slow: Phase;
  readonly fast: Phase;
  readonly slowAgain: Phase;
  /** Throughput on the fast path over the mean of both slow-path phases. */
  readonly ratio: number;
  /** Host CPU per Gbit/s, slow path over fast path. */
  readonly cpuPerGbitRatio: number;
  /**
   * From the time the policy's condition holds (by the flow's age) to the rule installed or
   * removed, ms.
   */
  readonly toFastMs: number;
  readonly toSlowMs: number;
  /** Bytes that the switch counted on its rule. */
  readonly carriedBytes: number;
  /** One connection carried data in every phase and ended without error. */
  readonly tcpSurvived: boolean;
  /** The daemon's description of the switch. */
  readonly switch: string;
}

/** Result of `lab fast-path`. */
export interface FastPathReport {
  readonly runs: readonly FastPathRun[];
  readonly cpus: number;
}

/** The report as tables for a terminal. */
export function formatFastPathReport({ runs, cpus }: FastPathReport): string {
  return [
    ...runs.map(formatRun),
    `${cpus} CPUs; VM and fast path are namespaces and share them with the host`,
  ].join('\n\n');
}

function formatRun(run: FastPathRun): string {
  const row = (name: string, phase: Phase) => [
    name,
    (phase.bitsPerSecond / 1e9).toFixed(2),
    `${(phase.hostCpu * 100).toFixed(0)} %`,
    `${(phase.hostCpuPerGbit * 100).toFixed(1)} %`,
    phase.seconds.toFixed(1),
  ];
  return [
    run.switch,
    table([
      ['phase', 'Gbit/s', 'host CPU', 'CPU per Gbit/s', 'seconds'],
      row('slow path (VM)', run.slow),
      row('fast path', run.fast),
      row('slow path again', run.slowAgain),
      ['ratio', times(run.ratio), '', times(run.cpuPerGbitRatio), ''],
    ]),
    `to the fast path: ${run.toFastMs.toFixed(0)} ms, back: ${run.toSlowMs.toFixed(0)} ms ` +
      'after the condition of the policy held',
    `the rule carried ${(run.carriedBytes / 1e6).toFixed(0)} MB`,
    `the TCP connection survived: ${run.tcpSurvived ? 'yes' : 'NO'}`,
  ].join('\n');
}
