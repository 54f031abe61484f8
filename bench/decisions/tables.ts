import type { ReportTable } from '../report.ts';
import type { AlgorithmFigures, SettingFigures } from './figures.ts';

const COLUMNS = [
  'algorithm',
  'bytes',
  'of clairv.',
  'of reach.',
  'packets',
  'of clairv.',
  'of reach.',
  'entries',
  'ops/s',
  'ms/decision',
];

/** The figures as tables for a terminal, one for each setting. */
export function figureTables(figures: readonly SettingFigures[]): ReportTable[] {
  return figures.map((f) => ({
    title: titleOf(f),
    columns: COLUMNS,
    rows: [
      [
        'clairvoyant',
        percent(f.bounds.clairvoyant.bytes),
        '',
        '',
        percent(f.bounds.clairvoyant.packets),
        '',
        '',
        '',
        '',
        '',
      ],
      [
        'reachable',
        percent(f.bounds.reachable.bytes),
        percent(f.bounds.reachable.bytes / f.bounds.clairvoyant.bytes),
        '',
        percent(f.bounds.reachable.packets),
        percent(f.bounds.reachable.packets / f.bounds.clairvoyant.packets),
        '',
        '',
        '',
        '',
      ],
      ...f.algorithms.map(rowOf),
    ],
  }));
}

function titleOf({ input, entries, windowMs, trace }: SettingFigures): string {
  const gigabits = (trace.bitsPerSecond / 1e9).toFixed(2);
  const flows = `${Math.round(trace.liveFlows)} flows, ${Math.round(trace.sendingFlows)} sending`;
  return `${input}: ${entries} entries for ${flows}, ${gigabits} Gbit/s, windows of ${windowMs} ms`;
}

function rowOf(a: AlgorithmFigures): string[] {
  return [
    a.algorithm,
    percent(a.byteCoverage),
    percent(a.clairvoyantByteShare),
    percent(a.reachableByteShare),
    percent(a.packetCoverage),
    percent(a.clairvoyantPacketShare),
    percent(a.reachablePacketShare),
    String(Math.round(a.meanEntries)),
    a.operationsPerSecond.toFixed(1),
    a.msPerDecision.toFixed(3),
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
