import { type Column, textTable } from '../../platform/text-table.ts';
import type { SystemResult } from './experiment.ts';
import { type Scene, scheduledBytes } from './scene.ts';
import type { SystemName } from './systems.ts';

type BySystem<Value> = Readonly<Record<SystemName, Value>>;

/** What two systems made of the same scene. */
export interface PeerReport {
  /** Bytes that the NIC carried with Norikae, as a multiple of those with Open vSwitch. */
  readonly ratio: number;
  /**
   * Median time from the first packet of a probe to the first that the NIC carried, ms; null if it
   * carried none of half of the probes.
   */
  readonly reactionMs: BySystem<number | null>;
  /** Rules that were inserted into the NIC's table, and rules that it refused. */
  readonly operations: BySystem<{ readonly insertions: number; readonly refusals: number }>;
  readonly bytes: BySystem<{ readonly sent: number; readonly carried: number }>;
  readonly probesMs: BySystem<readonly (number | null)[]>;
  /** What each says about the flow that sends most of those that the NIC does not carry. */
  readonly leftOut: BySystem<string>;
  /** The longest time by which a packet was sent too late, ms. */
  readonly latestMs: BySystem<number>;
  readonly scene: {
    readonly entries: number;
    readonly flows: number;
    readonly probes: number;
    readonly seconds: number;
    /** Part of the bytes that the flows with most bytes send, as many as there are entries. */
    readonly largestShare: number;
  };
}

export function reportOf(scene: Scene, results: BySystem<SystemResult>): PeerReport {
  const each = <Value>(pick: (result: SystemResult) => Value): BySystem<Value> => ({
    norikae: pick(results.norikae),
    ovs: pick(results.ovs),
  });
  const { norikae, ovs } = results;
  return {
    ratio: rounded(norikae.carriedBytes / ovs.carriedBytes, 2),
    reactionMs: each(({ reactionMs }) => median(reactionMs)),
    operations: each(({ insertions, refusals }) => ({ insertions, refusals })),
    bytes: each(({ sentBytes, carriedBytes }) => ({ sent: sentBytes, carried: carriedBytes })),
    probesMs: each(({ reactionMs }) => reactionMs),
    leftOut: each(({ leftOut }) => leftOut),
    latestMs: each(({ latestMs }) => latestMs),
    scene: {
      entries: scene.entries,
      flows: scene.flows.length,
      probes: scene.probes.length,
      seconds: scene.durationMs / 1_000,
      largestShare: rounded(largestShare(scene), 3),
    },
  };
}

function largestShare({ entries, durationMs, flows, probes }: Scene): number {
  const sizes = [...flows, ...probes].map((flow) => scheduledBytes(flow, durationMs));
  const sum = (bytes: readonly number[]): number => bytes.reduce((all, n) => all + n, 0);
  return sum(sizes.toSorted((a, b) => b - a).slice(0, entries)) / sum(sizes);
}

/** A probe that was never carried counts as later than all others. */
function median(times: readonly (number | null)[]): number | null {
  const sorted = times.map((ms) => ms ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  return middle === undefined || middle === Number.POSITIVE_INFINITY ? null : middle;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

interface Row extends BySystem<string> {
  readonly name: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: '', align: 'left', text: ({ name }) => name },
  { title: 'Norikae', align: 'left', text: ({ norikae }) => norikae },
  { title: 'Open vSwitch', align: 'left', text: ({ ovs }) => ovs },
];

/** The report as text. */
export function formatPeerReport(report: PeerReport): string {
  const { scene, bytes, operations, probesMs, leftOut } = report;
  const row = (name: string, value: (system: SystemName) => string): Row => ({
    name,
    norikae: value('norikae'),
    ovs: value('ovs'),
  });
  const carried = (system: SystemName): string => {
    const { sent, carried: by } = bytes[system];
    return `${(by / 1e6).toFixed(2)} MB, ${((100 * by) / sent).toFixed(1)} %`;
  };
  const ms = (time: number | null): string => (time === null ? 'never' : `${time} ms`);
  const rows = [
    row('carried by the NIC', carried),
    row('first packet of a new flow, median', (system) => ms(report.reactionMs[system])),
    row('of each', (system) => probesMs[system].map(ms).join(', ')),
    row('rules inserted', (system) => String(operations[system].insertions)),
    row('rules refused', (system) => String(operations[system].refusals)),
  ];
  return [
    `${scene.flows} flows and ${scene.probes} new ones compete for ${scene.entries} entries, for ${scene.seconds} s`,
    '',
    ...textTable(COLUMNS, rows, Number.POSITIVE_INFINITY, (title) => title),
    '',
    `Norikae: ${report.ratio} times the bytes of Open vSwitch`,
    '',
    `left out by Norikae:      ${leftOut.norikae}`,
    `left out by Open vSwitch: ${leftOut.ovs}`,
  ].join('\n');
}
