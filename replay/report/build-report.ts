import { REASONS } from '../../engine/model/reason.ts';
import type { RecordedTotals, TraceFeed } from '../input/feed.ts';
import type { LogHistogram } from '../measures/log-histogram.ts';
import { Column, type PolicyMeasures } from '../measures/policy-measures.ts';
import type { SliceSum } from '../measures/slice-sums.ts';
import type { PolicyRun } from '../run/policy-run.ts';
import type { SimulationOptions, SimulationResult } from '../run/simulate.ts';
import type {
  DwellReport,
  OverTime,
  PolicyOverTime,
  PolicyReport,
  ReasonReport,
  RecordedReport,
  ReplayReport,
  SliceReport,
} from './report.ts';

/** Input of a report. */
export interface ReportParts {
  readonly file: string;
  readonly feed: TraceFeed;
  readonly options: SimulationOptions;
  readonly result: SimulationResult;
}

/** Builds the report of a replay. */
export function buildReport({ file, feed, options, result }: ReportParts): ReplayReport {
  const { traffic, runs, playedMs, startWallMs, ticks, failure } = result;
  const recorded = feed.recorded?.();
  return {
    trace: {
      file,
      format: feed.format,
      startedAt: startWallMs === undefined ? null : new Date(startWallMs).toISOString(),
      durationMs: playedMs,
      ticks,
      packets: traffic.totalPackets,
      bytes: traffic.totalBytes,
      flows: traffic.totalFlows,
      maxFlows: traffic.peakFlows,
      notes: feed.notes(),
      failure: failure?.message ?? null,
      recorded: recorded === undefined ? null : recordedReport(recorded),
    },
    settings: {
      entries: options.entries,
      fastPathEntries: options.fastPathEntries,
      periodMs: feed.format === 'recording' ? null : options.periodMs,
      packetCost:
        options.packetCostNs !== undefined ? 'given' : result.costMeasured ? 'measured' : 'assumed',
    },
    policies: runs.map(policyReport),
    overTime: overTime(runs),
  };
}

function recordedReport(r: RecordedTotals): RecordedReport {
  const { lostTicks, missedFlows, missedBytes } = r;
  return {
    byteCoverage: share(r.carriedBytes, r.vswitchBytes),
    packetCoverage: share(r.carriedPackets, r.vswitchPackets),
    lostTicks,
    missedFlows,
    missedBytes,
  };
}

function policyReport(run: PolicyRun): PolicyReport {
  const m = run.measures;
  const savedMs = m.savedNs / 1e6;
  return {
    name: run.name,
    bytes: { vswitch: m.vswitchBytes, carried: m.carriedBytes },
    packets: { vswitch: m.vswitchPackets, carried: m.carriedPackets },
    byteCoverage: share(m.carriedBytes, m.vswitchBytes),
    packetCoverage: share(m.carriedPackets, m.vswitchPackets),
    hostCpu: {
      savedMs,
      savedCpus: over(savedMs, m.ms),
      packetCostNs: m.carriedPackets > 0 ? m.savedNs / m.carriedPackets : null,
    },
    entries: { mean: over(m.entryMs, m.ms), max: m.maxEntries },
    operations: {
      put: m.puts,
      deleted: m.deletes,
      perSecond: over((m.puts + m.deletes) * 1000, m.ms),
      maxPerSecond: m.maxOperationsPerSecond,
    },
    dwell: dwellReport(m.dwell, run.entryAgesMs()),
    onVswitch: reasonReports(m),
    refusals: [...m.refusals]
      .map(([code, count]) => ({ code, count }))
      .toSorted((a, b) => b.count - a.count),
    slices: sliceReports(m),
  };
}

/** Adds the entries that exist at the end to the histogram, so call it once. */
function dwellReport(dwell: LogHistogram, ages: readonly number[]): DwellReport {
  // An entry installed in the last tick has no lifetime yet.
  for (const age of ages) if (age > 0) dwell.add(age);
  const quantile = (of: number): number | null => dwell.quantile(of) ?? null;
  const none = dwell.count === 0;
  return {
    entries: dwell.count,
    thereAtEnd: ages.length,
    p10Ms: quantile(0.1),
    p50Ms: quantile(0.5),
    p90Ms: quantile(0.9),
    p99Ms: quantile(0.99),
    meanMs: none ? null : dwell.sumMs / dwell.count,
    maxMs: none ? null : dwell.maxMs,
    histogram: dwell.octaves(),
  };
}

function reasonReports(m: PolicyMeasures): readonly ReasonReport[] {
  return REASONS.map(({ code, text }, i) => ({
    reason: code,
    text,
    bytes: m.reasonBytes[i],
    packets: m.reasonPackets[i],
    flowSeconds: m.reasonFlowMs[i] / 1000,
  }))
    .filter((r) => r.packets > 0 || r.flowSeconds > 0)
    .toSorted((a, b) => b.bytes - a.bytes || b.flowSeconds - a.flowSeconds);
}

function sliceReports(m: PolicyMeasures): readonly SliceReport[] {
  return m.slices.all
    .filter((s) => s.packets > 0)
    .toSorted((a, b) => b.bytes - a.bytes)
    .map((s) => sliceReport(s, m.ms));
}

function sliceReport(s: SliceSum, ms: number): SliceReport {
  const vswitch = { bytes: s.bytes - s.carriedBytes, packets: s.packets - s.carriedPackets };
  return {
    name: s.name ?? null,
    bytes: { vswitch: vswitch.bytes, carried: s.carriedBytes },
    packets: { vswitch: vswitch.packets, carried: s.carriedPackets },
    byteCoverage: share(s.carriedBytes, vswitch.bytes),
    packetCoverage: share(s.carriedPackets, vswitch.packets),
    entries: { mean: over(s.entryMs, ms), max: s.maxEntries },
  };
}

function overTime(runs: readonly PolicyRun[]): OverTime {
  const { widthMs, count } = runs[0].measures.overTime;
  return {
    bucketMs: widthMs,
    atMs: Array.from({ length: count }, (_, i) => i * widthMs),
    coveredMs: runs[0].measures.overTime.column(Column.ms),
    policies: runs.map((run) => policyOverTime(run.measures)),
  };
}

function policyOverTime({ overTime }: PolicyMeasures): PolicyOverTime {
  const column = (of: number): readonly number[] => overTime.column(of);
  const ms = column(Column.ms);
  const mean = (of: number): readonly number[] => column(of).map((sum, i) => over(sum, ms[i]));
  return {
    vswitchBytes: column(Column.vswitchBytes),
    vswitchPackets: column(Column.vswitchPackets),
    carriedBytes: column(Column.carriedBytes),
    carriedPackets: column(Column.carriedPackets),
    flows: mean(Column.flowMs),
    entries: mean(Column.entryMs),
    maxEntries: column(Column.maxEntries),
    operations: column(Column.operations),
    refused: column(Column.refused),
  };
}

function share(carried: number, vswitch: number): number | null {
  return carried + vswitch > 0 ? carried / (carried + vswitch) : null;
}

function over(sum: number, by: number): number {
  return by > 0 ? sum / by : 0;
}
