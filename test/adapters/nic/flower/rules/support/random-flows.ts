import fc from 'fast-check';
import type { FlowAction } from '../../../../../../engine/model/action.ts';
import {
  exactMask,
  type FieldMatch,
  type FieldName,
  FIELD_BITS,
  fieldBytes,
} from '../../../../../../engine/model/match.ts';
import { numberBytes } from '../../../../../support/match-fields.ts';

/** A flow from port `in`, its actions to ports `out1` and `out2`. */
export interface RandomFlow {
  readonly fields: readonly FieldMatch[];
  readonly actions: readonly FlowAction[];
}

const TPIDS = [0x8100, 0x88a8];
const MACS: readonly FieldName[] = ['eth_src', 'eth_dst'];
const L4: Readonly<Record<number, readonly FieldName[]>> = {
  6: ['tcp_src', 'tcp_dst', 'tcp_flags'],
  17: ['udp_src', 'udp_dst'],
  132: ['sctp_src', 'sctp_dst'],
  1: ['icmp_type', 'icmp_code'],
  58: ['icmpv6_type', 'icmpv6_code'],
};

const number = (field: FieldName, value: number): FieldMatch => ({
  field,
  value: numberBytes(field, value),
  mask: exactMask(field),
});

/** A match on some bits of a field, mostly on all. */
function some(field: FieldName): fc.Arbitrary<FieldMatch> {
  const bytes = fc.uint8Array({ minLength: fieldBytes(field), maxLength: fieldBytes(field) });
  const full = exactMask(field);
  return fc
    .tuple(bytes, fc.oneof({ weight: 3, arbitrary: fc.constant(full) }, bytes))
    .map(([value, random]) => {
      const mask = random.map((byte, i) => byte & full[i]);
      return { field, value: value.map((byte, i) => byte & mask[i]), mask };
    });
}

function exact(field: FieldName): fc.Arbitrary<FieldMatch> {
  return fc
    .integer({ min: 0, max: 2 ** FIELD_BITS[field] - 1 })
    .map((value) => number(field, value));
}

/** Some of the fields. */
function subset(fields: readonly FieldName[]): fc.Arbitrary<readonly FieldMatch[]> {
  return fc
    .tuple(...fields.map((field) => fc.option(some(field), { nil: undefined })))
    .map((found) => found.filter((f) => f !== undefined));
}

const nothing = fc.constant<readonly FieldMatch[]>([]);

const tags: fc.Arbitrary<readonly FieldMatch[]> = fc
  .tuple(fc.nat(2), fc.constantFrom(...TPIDS), fc.constantFrom(...TPIDS))
  .chain(([count, outer, inner]) => {
    const tag = (
      present: boolean,
      tpid: FieldName,
      vid: FieldName,
      pcp: FieldName,
      value: number,
    ) =>
      present
        ? fc
            .tuple(
              fc.option(exact(vid), { nil: undefined }),
              fc.option(exact(pcp), { nil: undefined }),
            )
            .map((found) => [number(tpid, value), ...found.filter((f) => f !== undefined)])
        : nothing;
    return fc
      .tuple(
        tag(count > 0, 'vlan_tpid', 'vlan_vid', 'vlan_pcp', outer),
        tag(count > 1, 'cvlan_tpid', 'cvlan_vid', 'cvlan_pcp', inner),
      )
      .map((both) => both.flat());
  });

function ip(ethType: number, addresses: readonly FieldName[], protocols: readonly number[]) {
  return fc
    .constantFrom(undefined, ...protocols)
    .chain((proto) =>
      fc
        .tuple(
          subset([...addresses, 'ip_tos', 'ip_ttl']),
          fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.constantFrom(1, 2)),
          proto === undefined ? nothing : subset(L4[proto] ?? []),
        )
        .map(([found, frag, l4]) => [
          number('eth_type', ethType),
          ...found,
          ...(proto === undefined ? [] : [number('ip_proto', proto)]),
          number('ip_frag', frag),
          ...l4,
        ]),
    );
}

const inside = fc.oneof(
  ip(0x0800, ['ipv4_src', 'ipv4_dst'], [6, 17, 132, 1, 47]),
  ip(0x86dd, ['ipv6_src', 'ipv6_dst'], [6, 17, 58]),
  subset(['arp_spa', 'arp_tpa', 'arp_sha', 'arp_tha']).chain((found) =>
    fc.constantFrom(1, 2).map((op) => [number('eth_type', 0x0806), number('arp_op', op), ...found]),
  ),
  fc.constantFrom(0x88cc, 0x8847, 0x88e5).map((type) => [number('eth_type', type)]),
);

const WRITTEN: readonly FieldName[] = [
  'eth_src',
  'eth_dst',
  'ip_ttl',
  'ip_tos',
  'ipv4_src',
  'ipv4_dst',
  'ipv6_src',
  'ipv6_dst',
  'tcp_src',
  'tcp_dst',
  'udp_src',
  'udp_dst',
];

/** Writes to fields that fit the packets, some of them with the value that is matched. */
function writes(fields: readonly FieldMatch[]): fc.Arbitrary<FlowAction> {
  const has = (field: FieldName, value: number): boolean =>
    fields.some(
      (f) => f.field === field && Buffer.from(f.value).readUIntBE(0, f.value.length) === value,
    );
  const fitting = WRITTEN.filter((field) => {
    if (field.startsWith('ipv4')) return has('eth_type', 0x0800);
    if (field.startsWith('ipv6')) return has('eth_type', 0x86dd);
    if (field.startsWith('ip_')) return has('eth_type', 0x0800) || has('eth_type', 0x86dd);
    if (field.startsWith('tcp')) return has('ip_proto', 6);
    if (field.startsWith('udp')) return has('ip_proto', 17);
    return true;
  });
  return fc.constantFrom(...fitting).chain((field) => {
    const matched = fields.find((f) => f.field === field);
    const random = some(field);
    return (matched === undefined ? random : fc.oneof(random, fc.constant(matched))).map(
      ({ value, mask }): FlowAction => ({ kind: 'set', field, value, mask }),
    );
  });
}

const output = fc
  .constantFrom('out1', 'out2')
  .map((port): FlowAction => ({ kind: 'output', port }));
const pushed = fc
  .record({ tpid: fc.constantFrom(...TPIDS), vid: fc.nat(0xfff), pcp: fc.nat(7) })
  .map((tag): FlowAction => ({ kind: 'push-vlan', ...tag }));
const popped = fc.constant<FlowAction>({ kind: 'pop-vlan' });

function action(fields: readonly FieldMatch[]): fc.Arbitrary<FlowAction> {
  return fc.oneof(
    { weight: 4, arbitrary: writes(fields) },
    { weight: 2, arbitrary: output },
    { weight: 1, arbitrary: pushed },
    { weight: 1, arbitrary: popped },
  );
}

/** Flows as Open vSwitch makes them, and some that no rule can carry. */
export const randomFlow: fc.Arbitrary<RandomFlow> = fc
  .tuple(subset(MACS), tags, inside)
  .map((parts) => {
    const fields = parts.flat();
    return Object.keys(FIELD_BITS).flatMap((name) => fields.filter(({ field }) => field === name));
  })
  .chain((fields) =>
    fc.array(action(fields), { maxLength: 6 }).map((actions) => ({ fields, actions })),
  );
