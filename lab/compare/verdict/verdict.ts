import type { Arrivals, Measures } from './measures.ts';
import type { CaseParameters } from '../cases/parameters.ts';
import * as tolerances from './tolerances.ts';

/** Something that a user sees to differ with Norikae. */
export interface Difference {
  /** What differs: the same text for the same difference in a repetition. */
  readonly what: string;
  readonly without: number;
  readonly with: number;
  /** A sentence. */
  readonly text: string;
}

/** What differs between a run without Norikae and one with it. */
export function differencesOf(
  parameters: CaseParameters,
  without: Measures,
  withNorikae: Measures,
  counts: string | undefined,
): readonly Difference[] {
  return [
    ...without.streams.flatMap((stream, i) => {
      const other = withNorikae.streams[i];
      const name = `${parameters.protocol} ${stream.unit} (${stream.from})`;
      const shaped = isLimited(parameters);
      return [
        ...arrivals(name, stream.before, other.before, tolerances.ARRIVALS),
        ...arrivals(
          `${name} after ${changeOf(parameters)}`,
          stream.after,
          other.after,
          shaped ? tolerances.SHAPED_ARRIVALS : tolerances.ARRIVALS,
        ),
      ];
    }),
    ...checksumErrors(parameters, without.checksumErrors, withNorikae.checksumErrors),
    ...(counts === undefined ? [] : reported(parameters, counts, without, withNorikae)),
    ...accounted(parameters, without, withNorikae),
    ...bystander(without, withNorikae),
  ];
}

/** Most packets are dropped; how many pass varies. */
function isLimited({ surroundings }: CaseParameters): boolean {
  return surroundings === 'qos' || surroundings === 'policing';
}

function hasTcp(protocol: CaseParameters['protocol']): boolean {
  return protocol === 'tcp' || protocol === 'vlan';
}

function changeOf({ surroundings, hook, gro }: CaseParameters): string {
  const changes = [
    ...(surroundings === 'none' ? [] : [`${surroundings} (${hook})`]),
    ...(gro === 'off' ? ['GRO is turned off'] : []),
  ];
  return changes.length === 0 ? 'a pause' : changes.join(' and ');
}

function arrivals(
  what: string,
  without: Arrivals,
  withNorikae: Arrivals,
  tolerance: tolerances.Tolerance,
): readonly Difference[] {
  const [a, b] = [without.received, withNorikae.received];
  const received =
    tolerances.deviation(a, b, tolerance) === undefined
      ? []
      : [
          difference(
            what,
            a,
            b,
            `${what}: ${a} of ${without.sent} arrive without Norikae, ${b} of ${withNorikae.sent} with it`,
          ),
        ];
  return [
    ...received,
    ...more(`${what} that arrive twice`, without.duplicates, withNorikae.duplicates),
    ...more(`${what} that arrive behind a later one`, without.late, withNorikae.late),
    ...more(`${what} that arrive changed`, without.corrupt, withNorikae.corrupt),
  ];
}

/** If a guest's tunnel leaves any unfinished, their number behind a shaped queue varies like all others. */
function checksumErrors(
  parameters: CaseParameters,
  without: number,
  withNorikae: number,
): readonly Difference[] {
  const { NONE_MORE, SHAPED_ARRIVALS } = tolerances;
  const tolerance = isLimited(parameters) && without > 0 ? SHAPED_ARRIVALS : NONE_MORE;
  if (tolerances.deviation(without, withNorikae, tolerance) !== 'more') return [];
  const what = 'packets with a wrong checksum';
  return [difference(what, without, withNorikae, sentence(what, without, withNorikae))];
}

function more(what: string, without: number, withNorikae: number): readonly Difference[] {
  if (withNorikae <= without) return [];
  return [difference(what, without, withNorikae, sentence(what, without, withNorikae))];
}

function reported(
  { protocol }: CaseParameters,
  what: string,
  without: Measures,
  withNorikae: Measures,
): readonly Difference[] {
  const [a, b] = [without.reported, withNorikae.reported];
  const isTcp = hasTcp(protocol);
  const tolerance = isTcp ? tolerances.REPORTED_OF_TCP : tolerances.REPORTED;
  const how = tolerances.deviation(a, b, tolerance);
  // The vSwitch sees more TCP packets, of the same bytes, where a device lost TSO.
  if (how === undefined || (isTcp && how === 'more')) return [];
  return [difference(what, a, b, sentence(what, a, b))];
}

function accounted(
  parameters: CaseParameters,
  without: Measures,
  withNorikae: Measures,
): readonly Difference[] {
  // TCP sends again and segments as it likes.
  if (hasTcp(parameters.protocol)) return [];
  const [a, b] = [without.accountedBytes, withNorikae.accountedBytes];
  const { ACCOUNTED, ACCOUNTED_BEHIND_SHAPING } = tolerances;
  const tolerance = isLimited(parameters) ? ACCOUNTED_BEHIND_SHAPING : ACCOUNTED;
  if (tolerances.deviation(a, b, tolerance) === undefined) return [];
  const what = 'bytes counted by rules and entries';
  return [difference(what, a, b, sentence(what, a, b))];
}

function bystander(without: Measures, withNorikae: Measures): readonly Difference[] {
  const compared = [
    ['bytes per packet', 'bytesPerPacket', tolerances.BYTES_PER_PACKET],
    ['bits/s', 'bitsPerSecond', tolerances.THROUGHPUT],
  ] as const;
  return compared.flatMap(([unit, key, tolerance]) => {
    const [a, b] = [without.bystander[key], withNorikae.bystander[key]];
    if (tolerances.deviation(a, b, tolerance) !== 'fewer') return [];
    const what = `${unit} of a TCP connection that is not offloaded`;
    return [difference(what, a, b, sentence(what, a, b))];
  });
}

function difference(what: string, without: number, withNorikae: number, text: string): Difference {
  return { what, without, with: withNorikae, text };
}

function sentence(what: string, without: number, withNorikae: number): string {
  const shown = (value: number) => Math.round(value).toLocaleString('en');
  return `${what}: ${shown(without)} without Norikae, ${shown(withNorikae)} with it`;
}
