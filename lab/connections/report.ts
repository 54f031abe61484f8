import { table } from '../measures/phase.ts';
import type { Restart } from './restart.ts';

/** Measurements of the workload without the daemon, or with it. */
export interface Phase {
  /** Payload of the TCP connection that is as fast as it goes. */
  readonly bitsPerSecond: number;
  /** Share of all CPUs that was busy, 0 to 1; the VMs are part of the host here. */
  readonly hostCpu: number;
  /**
   * Share of the bytes that entered the vSwitches which entries carried, 0 to 1; somewhat above 1 is
   * possible, since the two are not counted at the same moment.
   */
  readonly offloadedShare: number;
}

/** What happened when an ACL dropped the traffic. */
export interface RuleChange {
  /**
   * From the first change of the vSwitch's rules to the removal of the busiest flow's entry, ms: the
   * median of several changes; null: it had none.
   */
  readonly reactionMs: number | null;
  /** Payload that the TCP connection could still send, a second after each change, within a second. */
  readonly deliveredBytes: number;
}

export interface DeploymentReport {
  readonly name: string;
  readonly off: Phase;
  readonly on: Phase;
  /** Whether the TCP connection went on when its entry was removed, and when it got one again. */
  readonly survivesReturn: boolean;
  readonly ruleChange: RuleChange;
  /** Share of the rate that stayed on the vSwitch, by reason, 0 to 1. */
  readonly kept: Readonly<Record<string, number>>;
  /** A restart of ovs-vswitchd without the daemon, and with it; null: not tried. */
  readonly restart: RestartPair;
}

interface RestartPair {
  readonly off: Restart | null;
  readonly on: Restart | null;
}

/** The report of all deployments. */
export interface ConnectionsReport {
  readonly deployments: readonly {
    readonly name: string;
    /** Share of all bytes, 0 to 1. */
    readonly offloadedShare: number;
    /** Throughput with the daemon, divided by that without. */
    readonly ratio: number;
    readonly ruleChangeMs: number | null;
    readonly hostCpu: { readonly off: number; readonly on: number };
    readonly bitsPerSecond: { readonly off: number; readonly on: number };
    readonly survivesReturn: boolean;
    /** Bytes delivered although an ACL drops them. */
    readonly wronglyDelivered: number;
    readonly kept: Readonly<Record<string, number>>;
    readonly restart: RestartPair;
  }[];
}

export function connectionsReportOf(reports: readonly DeploymentReport[]): ConnectionsReport {
  return {
    deployments: reports.map(({ name, off, on, survivesReturn, ruleChange, kept, restart }) => ({
      name,
      offloadedShare: on.offloadedShare,
      ratio: on.bitsPerSecond / off.bitsPerSecond,
      ruleChangeMs: ruleChange.reactionMs,
      hostCpu: { off: off.hostCpu, on: on.hostCpu },
      bitsPerSecond: { off: off.bitsPerSecond, on: on.bitsPerSecond },
      survivesReturn,
      wronglyDelivered: ruleChange.deliveredBytes,
      kept,
      restart,
    })),
  };
}

/** Whether in every deployment the connection survived, and nothing was delivered after the rule change. */
export function isClean({ deployments }: ConnectionsReport): boolean {
  return deployments.every(
    ({ survivesReturn, wronglyDelivered }) => survivesReturn && wronglyDelivered === 0,
  );
}

/** The report as text for a terminal. */
export function formatConnectionsReport({ deployments }: ConnectionsReport): string {
  const rows = deployments.map((one) => [
    one.name,
    percent(one.offloadedShare),
    `${megabits(one.bitsPerSecond.off)} -> ${megabits(one.bitsPerSecond.on)}`,
    `${one.ratio.toFixed(1)}x`,
    `${percent(one.hostCpu.off)} -> ${percent(one.hostCpu.on)}`,
    one.survivesReturn ? 'survives' : 'dead',
    one.ruleChangeMs === null ? '-' : `${one.ruleChangeMs.toFixed(0)} ms`,
    one.wronglyDelivered === 0 ? 'none' : `${one.wronglyDelivered} bytes`,
    restarts(one.restart),
    Object.entries(one.kept)
      .map(([reason, share]) => `${reason} ${percent(share)}`)
      .join(', '),
  ]);
  const head = [
    'deployment',
    'offloaded',
    'TCP, Mbit/s',
    'ratio',
    'host CPU',
    'return',
    'rule change',
    'delivered after it',
    'silence at restart',
    'kept on the vSwitch, by reason',
  ];
  return table([head, ...rows]);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function megabits(bitsPerSecond: number): string {
  return (bitsPerSecond / 1e6).toFixed(0);
}

function restarts({ off, on }: RestartPair): string {
  return off === null && on === null ? '-' : `${restartText(off)} -> ${restartText(on)}`;
}

/** Longest silence of the connection. */
function restartText(restart: Restart | null): string {
  if (restart === null) return '-';
  return restart.survives ? `${(restart.longestGapMs / 1_000).toFixed(1)} s` : 'dead';
}
