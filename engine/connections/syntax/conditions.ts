import type { FieldName, FlowMatch, OpaqueMatch } from '../../model/match.ts';
import { recirculationOf } from './recirculation.ts';
import { tunnelConditions, type TunnelName } from './tunnel-conditions.ts';
import {
  listParts,
  type MaskedBytes,
  maskedBytes,
  numberReader,
  readIpv4,
  readIpv6,
  type ValueReader,
} from './values.ts';

/** What the vSwitch knows of a packet beside its headers: the result of the last `ct` action. */
export type MetadataName =
  /** Bits as OVS numbers them: new, est, rel, rpl, inv, trk, snat, dnat. */
  | 'ct_state'
  | 'ct_zone'
  | 'ct_mark'
  | 'ct_label'
  /** The tuple of the connection's original direction. */
  | 'ct_nw_src'
  | 'ct_nw_dst'
  | 'ct_ipv6_src'
  | 'ct_ipv6_dst'
  | 'ct_nw_proto'
  | 'ct_tp_src'
  | 'ct_tp_dst';

/** A condition of a megaflow on a header, on metadata, or on the tunnel that the packet arrived in. */
export interface Condition extends MaskedBytes {
  readonly name: FieldName | MetadataName | TunnelName;
}

/** All conditions of a megaflow but its port. */
export interface Conditions {
  /** NaN: cannot be read. */
  readonly recirculation: number;
  readonly known: readonly Condition[];
  /** A condition that cannot be evaluated here; undefined if all can. */
  readonly unknown: OpaqueMatch | undefined;
}

/** A name in OVS's text, the metadata it stands for, and how its value is written. */
type Part = readonly [text: string, name: MetadataName, read: ValueReader];

const WHOLE: ReadonlyMap<string, Part> = new Map(
  (
    [
      ['ct_state', 'ct_state', numberReader(4)],
      ['ct_zone', 'ct_zone', numberReader(2)],
      ['ct_mark', 'ct_mark', numberReader(4)],
      ['ct_label', 'ct_label', numberReader(16)],
    ] as const
  ).map((part) => [part[0], part]),
);

/** The parts of `ct_tuple4` and `ct_tuple6`; both spellings of the ports occur. */
const TUPLE: readonly Part[] = [
  ['proto', 'ct_nw_proto', numberReader(1)],
  ['tp_src', 'ct_tp_src', numberReader(2)],
  ['tp_dst', 'ct_tp_dst', numberReader(2)],
  ['src_port', 'ct_tp_src', numberReader(2)],
  ['dst_port', 'ct_tp_dst', numberReader(2)],
];
const TUPLES: ReadonlyMap<string, readonly Part[]> = new Map([
  ['ct_tuple4', [['src', 'ct_nw_src', readIpv4], ['dst', 'ct_nw_dst', readIpv4], ...TUPLE]],
  ['ct_tuple6', [['src', 'ct_ipv6_src', readIpv6], ['dst', 'ct_ipv6_dst', readIpv6], ...TUPLE]],
]);

/** Reads the conditions of a megaflow, those that the model keeps as text included. */
export function conditionsOf(match: FlowMatch): Conditions {
  const known: Condition[] = match.fields.map(({ field, value, mask }) => ({
    name: field,
    value,
    mask,
  }));
  const recirculation = recirculationOf(match);
  let unknown: OpaqueMatch | undefined;
  for (const opaque of match.opaque) {
    if (opaque.name === 'recirc_id' && !Number.isNaN(recirculation)) continue;
    const conditions = metadata(opaque);
    if (conditions === undefined) unknown ??= opaque;
    else known.push(...conditions.filter(counts));
  }
  return { recirculation, known, unknown };
}

/** True unless every packet meets the condition. */
function counts({ name, mask }: Condition): boolean {
  // Without a mask, too, it says how many options there are.
  return name === 'tun_options' || mask.some((byte) => byte !== 0);
}

function metadata({ name, text }: OpaqueMatch): readonly Condition[] | undefined {
  if (name === 'tunnel') return tunnelConditions(text);
  const whole = WHOLE.get(name);
  if (whole !== undefined) return all([condition(whole, text)]);
  const parts = TUPLES.get(name);
  return parts && all(listParts(text).map((part) => named(parts, part)));
}

function named(parts: readonly Part[], text: string): Condition | undefined {
  const equals = text.indexOf('=');
  const part = parts.find(([name]) => name === text.slice(0, equals));
  return part && condition(part, text.slice(equals + 1));
}

function condition([, name, read]: Part, text: string): Condition | undefined {
  const bytes = maskedBytes(text, read);
  return bytes && { name, ...bytes };
}

function all(conditions: readonly (Condition | undefined)[]): readonly Condition[] | undefined {
  const found = conditions.filter((one) => one !== undefined);
  return found.length === conditions.length ? found : undefined;
}
