import type { Bound, Bounds } from './bounds.ts';
import type { RunResult } from './run.ts';
import type { Sightings } from '../traces/sightings.ts';
import type { Trace } from '../traces/trace.ts';

/** Characteristics of a trace, over the measured time. */
export interface TraceFigures {
  /** Mean number of megaflows of the vSwitch, and of flows that send in a window. */
  readonly liveFlows: number;
  readonly sendingFlows: number;
  readonly bitsPerSecond: number;
  readonly packetsPerSecond: number;
}

/** The setting of a figure, which is a mean over the seeds. */
export interface Setting {
  readonly input: string;
  /** Requested live flows; undefined for a trace from a file. */
  readonly load: number | undefined;
  readonly windowMs: number;
  readonly entries: number;
  /** Name of the table's hardware; left out: the ideal one. */
  readonly hardware?: string;
}

/** The setting as text, without its windows. */
export function settingName({ input, load, entries, hardware }: Setting): string {
  const flows = load === undefined ? input : `${input} ${load}`;
  return `${flows} in ${entries}${hardware === undefined ? '' : ` ${hardware}`}`;
}

/** One algorithm in one setting. */
export interface AlgorithmFigures extends RunResult {
  readonly algorithm: string;
  /** Coverage as a share of the clairvoyant and of the reachable bound. */
  readonly clairvoyantByteShare: number;
  readonly clairvoyantPacketShare: number;
  readonly reachableByteShare: number;
  readonly reachablePacketShare: number;
}

/** All algorithms in one setting, and the ceilings above them. */
export interface SettingFigures extends Setting {
  readonly trace: TraceFigures;
  readonly bounds: Bounds;
  readonly algorithms: readonly AlgorithmFigures[];
  /** By how much ours is ahead of the best opponent, over the seeds; left out: one seed. */
  readonly leads?: Readonly<Record<keyof Bound, PairedLead>>;
}

/** Difference of two algorithms on the same traffic, in shares of it. */
export interface PairedLead {
  /** The opponent with the highest mean. */
  readonly opponent: string;
  readonly mean: number;
  /** Ends of the 95 % interval of the mean. */
  readonly low: number;
  readonly high: number;
  readonly seeds: number;
}

/** An algorithm's figures beside the ceilings. */
export function algorithmFigures(
  algorithm: string,
  result: RunResult,
  { clairvoyant, reachable }: Bounds,
): AlgorithmFigures {
  return {
    algorithm,
    ...result,
    clairvoyantByteShare: result.byteCoverage / clairvoyant.bytes,
    clairvoyantPacketShare: result.packetCoverage / clairvoyant.packets,
    reachableByteShare: result.byteCoverage / reachable.bytes,
    reachablePacketShare: result.packetCoverage / reachable.packets,
  };
}

/** Characteristics of the trace. */
export function traceFigures(trace: Trace, seen: Sightings): TraceFigures {
  const from = trace.offsets[trace.warmUpWindows];
  const seconds = ((trace.windows - trace.warmUpWindows) * trace.windowMs) / 1000;
  let bytes = 0;
  let packets = 0;
  for (let i = from; i < trace.bytes.length; i++) {
    bytes += trace.bytes[i];
    packets += trace.packets[i];
  }
  return {
    liveFlows: seen.meanLive,
    sendingFlows: seen.meanSending,
    bitsPerSecond: (bytes * 8) / seconds,
    packetsPerSecond: packets / seconds,
  };
}

/** Means of the same setting over several seeds. */
export function meanFigures(runs: readonly SettingFigures[]): SettingFigures {
  const [{ leads: _, ...first }] = runs;
  const informed = runs.flatMap((r) => r.bounds.informed ?? []);
  return {
    ...first,
    trace: meanOf(runs.map((r) => r.trace)),
    bounds: {
      clairvoyant: meanOf(runs.map((r) => r.bounds.clairvoyant)),
      reachable: meanOf(runs.map((r) => r.bounds.reachable)),
      ...(informed.length === runs.length ? { informed: meanOf(informed) } : {}),
    },
    algorithms: first.algorithms.map((_, i) => meanAlgorithm(runs.map((r) => r.algorithms[i]))),
  };
}

function meanAlgorithm(runs: readonly AlgorithmFigures[]): AlgorithmFigures {
  const split = runs.map(({ algorithm, ...numbers }) => ({ algorithm, numbers }));
  return { algorithm: split[0].algorithm, ...meanOf(split.map(({ numbers }) => numbers)) };
}

/** The mean of each member over all objects. */
function meanOf<T extends Readonly<Record<keyof T, number>>>(objects: readonly T[]): T {
  const mean = { ...objects[0] };
  for (const key in mean) {
    Object.assign(mean, {
      [key]: objects.reduce((sum, o) => sum + o[key], 0) / objects.length,
    });
  }
  return mean;
}
