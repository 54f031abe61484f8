import { type Phase, table, times } from './phase.ts';

/** What one run found, with the switch held to one version. */
export interface FastPathRun {
  readonly openflow: '1.3' | '1.0';
  readonly slow: Phase;
  readonly fast: Phase;
  readonly slowAgain: Phase;
  /** Throughput on the fast path over the mean of both times on the slow path. */
  readonly ratio: number;
  /** Host CPU for each Gbit/s, slow path over fast path. */
  readonly cpuPerGbitRatio: number;
  /** From the moment the policy's condition holds (by the flow's age) to the rule put, or gone, ms. */
  readonly toFastMs: number;
  readonly toSlowMs: number;
  /** What the switch said its rule had carried, bytes. */
  readonly carriedBytes: number;
  /** One connection carried data in every phase and ended without error. */
  readonly tcpSurvived: boolean;
  /** The switch, as the daemon describes it. */
  readonly switch: string;
}

/** What `lab fast-path` found. */
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
      'after the policy said so',
    `the rule carried ${(run.carriedBytes / 1e6).toFixed(0)} MB`,
    `the TCP connection survived: ${run.tcpSurvived ? 'yes' : 'NO'}`,
  ].join('\n');
}
