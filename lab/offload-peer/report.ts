import { type Column, textTable } from '../../platform/text-table.ts';
import type { SystemResult } from './experiment.ts';
import { mostCarried, type Scene } from './scene.ts';
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
  readonly packets: BySystem<{ readonly sent: number; readonly carried: number }>;
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
    /** Part of the bytes that no choice of flows exceeds; see {@link mostCarried}. */
    readonly mostCarried: number;
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
    packets: each(({ sentPackets, carriedPackets }) => ({
      sent: sentPackets,
      carried: carriedPackets,
    })),
    probesMs: each(({ reactionMs }) => reactionMs),
    leftOut: each(({ leftOut }) => leftOut),
    latestMs: each(({ latestMs }) => latestMs),
    scene: {
      entries: scene.entries,
      flows: scene.flows.length,
      probes: scene.probes.length,
      seconds: scene.durationMs / 1_000,
      mostCarried: rounded(mostCarried(scene), 3),
    },
  };
}

function median(times: readonly (number | null)[]): number | null {
  return quantile(times, 1 / 2);
}

/** A probe that was never carried counts as later than all others: null. */
function quantile(times: readonly (number | null)[], part: number): number | null {
  const sorted = times.map((ms) => ms ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b);
  const found = sorted[Math.floor((sorted.length - 1) * part)];
  return found === undefined || found === Number.POSITIVE_INFINITY ? null : found;
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

function percent({ sent, carried }: { readonly sent: number; readonly carried: number }): string {
  return `${((100 * carried) / sent).toFixed(1)} %`;
}

function quartiles(times: readonly (number | null)[]): readonly (number | null)[] {
  return [1 / 4, 1 / 2, 3 / 4].map((part) => quantile(times, part));
}

function carriedOf(times: readonly (number | null)[]): string {
  return `${times.filter((ms) => ms !== null).length} of ${times.length}`;
}

/** The report as text. */
export function formatPeerReport(report: PeerReport): string {
  const { scene, bytes, packets, operations, probesMs, leftOut } = report;
  const row = (name: string, value: (system: SystemName) => string): Row => ({
    name,
    norikae: value('norikae'),
    ovs: value('ovs'),
  });
  const carried = (system: SystemName): string => {
    const { sent, carried: by } = bytes[system];
    return `${(by / 1e6).toFixed(2)} of ${(sent / 1e6).toFixed(2)} MB, ${percent(bytes[system])}`;
  };
  const ms = (time: number | null): string => (time === null ? 'never' : `${time} ms`);
  const rows = [
    row('carried by the NIC', carried),
    row('packets of those sent', (system) => percent(packets[system])),
    row('reaction to a new flow, median', (system) => ms(report.reactionMs[system])),
    row('quartiles', (system) => quartiles(probesMs[system]).map(ms).join(', ')),
    row('new flows carried', (system) => carriedOf(probesMs[system])),
    row('rules inserted', (system) => String(operations[system].insertions)),
    row('rules refused', (system) => String(operations[system].refusals)),
  ];
  return [
    `${scene.flows} flows and ${scene.probes} new ones compete for ${scene.entries} entries, for ${scene.seconds} s`,
    `no choice of flows carries more than ${(100 * scene.mostCarried).toFixed(1)} % of the bytes`,
    '',
    ...textTable(COLUMNS, rows, Number.POSITIVE_INFINITY, (title) => title),
    '',
    `Norikae: ${report.ratio} times the bytes of Open vSwitch`,
    '',
    `left out by Norikae:      ${leftOut.norikae}`,
    `left out by Open vSwitch: ${leftOut.ovs}`,
  ].join('\n');
}
