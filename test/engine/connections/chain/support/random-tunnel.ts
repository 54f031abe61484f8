import type { ArrivedTunnel } from '../../../../../engine/model/connection.ts';
import type { FlowAction } from '../../../../../engine/model/action.ts';
import type { FlowSpec } from '../../../../../engine/model/flow.ts';
import { FIELD_BITS } from '../../../../../engine/model/match.ts';
import type { Seeded } from '../../../../support/seeded.ts';
import { flowId } from '../../../../support/flows.ts';
import { valuesOf } from './judge.ts';
import type { ModelBits, ModelPacket } from './model.ts';
import { bytes, type PipelineMegaflow, random } from './random-pipeline.ts';

export const UPLINK = 'uplink';
export const TUNNEL_PORT = 'genev_sys_6081';

/** Metadata of a packet out of a tunnel, with its names in the text of a megaflow. */
const PARTS: readonly (readonly [name: string, text: string, bits: number])[] = [
  ['tun_id', 'tun_id', 64],
  ['tun_src', 'src', 32],
  ['tun_dst', 'dst', 32],
  ['tun_tos', 'tos', 8],
  ['tun_ttl', 'ttl', 8],
];

/** Outer headers as a model packet, and what the vSwitch does not see in the inner headers. */
export interface ModelTunnel {
  readonly outer: ModelPacket;
  readonly vni: bigint;
  /** Class, type and 4 bytes of data of each option, in one number of 56 bits. */
  readonly options: readonly bigint[];
}

export function randomTunnel(r: Seeded): ModelTunnel {
  const fixed: readonly (readonly [string, bigint])[] = [
    ['eth_type', 0x0800n],
    ['ip_proto', 17n],
    ['ip_frag', 0n],
    ['udp_dst', 6081n],
  ];
  const outer: ModelPacket = new Map(fixed);
  for (const name of ['eth_src', 'eth_dst', 'ipv4_src', 'ipv4_dst', 'ip_tos', 'ip_ttl'] as const) {
    outer.set(name, random(r, FIELD_BITS[name]));
  }
  const options = Array.from({ length: r.below(3) }, () => random(r, 56));
  return { outer, vni: random(r, 24), options };
}

/** Another tunnel: one part of it differs. */
export function changedTunnel(r: Seeded, tunnel: ModelTunnel): ModelTunnel {
  const { outer, vni, options } = tunnel;
  switch (r.below(5)) {
    case 0:
      return { ...tunnel, vni: vni ^ (1n << BigInt(r.below(24))) };
    case 1:
      return { ...tunnel, options: options.map((one) => one ^ (1n << BigInt(r.below(56)))) };
    case 2:
      return { ...tunnel, options: r.chance(0.5) ? options.slice(1) : [...options, random(r, 56)] };
    default: {
      const name = r.pick([
        'eth_src',
        'eth_dst',
        'ipv4_src',
        'ipv4_dst',
        'ip_tos',
        'ip_ttl',
      ] as const);
      const flip = 1n << BigInt(r.below(FIELD_BITS[name]));
      return { ...tunnel, outer: new Map(outer).set(name, (outer.get(name) ?? 0n) ^ flip) };
    }
  }
}

/** The tunnel as the composer takes it. */
export function arrivedTunnel({ outer, vni, options }: ModelTunnel): ArrivedTunnel {
  const wire = options.flatMap((one) => {
    const parts = bytes7(one);
    return [...parts.slice(0, 3), 1, ...parts.slice(3)];
  });
  const values = valuesOf(outer);
  return { kind: 'geneve', values, vni: Number(vni), options: Uint8Array.from(wire) };
}

/** The packet inside, out of the tunnel, with what the vSwitch remembers of it. */
export function packetOutOf({ outer, vni, options }: ModelTunnel, inner: ModelPacket): ModelPacket {
  const packet = new Map(inner);
  packet.set('tun_id', vni);
  packet.set('tun_src', outer.get('ipv4_src') ?? 0n).set('tun_dst', outer.get('ipv4_dst') ?? 0n);
  packet.set('tun_tos', outer.get('ip_tos') ?? 0n).set('tun_ttl', outer.get('ip_ttl') ?? 0n);
  packet.set('tun_options', BigInt(options.length));
  for (const [i, option] of options.entries()) packet.set(`tun_option${i}`, option);
  return packet;
}

/** Without what the vSwitch remembers of the tunnel. */
export function withoutTunnel(packet: ModelPacket): ModelPacket {
  return new Map([...packet].filter(([name]) => !name.startsWith('tun_')));
}

/** The megaflow that takes the packets out of their tunnel. */
export function outerMegaflows(r: Seeded, { outer }: ModelTunnel): readonly PipelineMegaflow[] {
  const always = new Set(['eth_type', 'ip_proto', 'ip_frag', 'udp_dst']);
  const conditions = [...outer].flatMap(([name, value]): ModelBits[] => {
    const whole = (1n << BigInt(bitsOfField(name))) - 1n;
    const mask = always.has(name) ? whole : r.pick([0n, whole, random(r, bitsOfField(name))]);
    return mask === 0n ? [] : [{ name, value: value & mask, mask }];
  });
  const pop = { kind: 'opaque', text: `tnl_pop(${TUNNEL_PORT})` } as const;
  return [outerMegaflow(1001, conditions, [pop])];
}

function outerMegaflow(
  n: number,
  conditions: readonly ModelBits[],
  actions: readonly FlowAction[],
): PipelineMegaflow {
  const order = Object.keys(FIELD_BITS);
  const fields = conditions
    .flatMap(({ name, value, mask }) =>
      isField(name) ? [{ field: name, value: bytes(name, value), mask: bytes(name, mask) }] : [],
    )
    .sort((a, b) => order.indexOf(a.field) - order.indexOf(b.field));
  return {
    model: { recirculation: 0, conditions, actions: [] },
    spec: { id: flowId(n), match: { inPort: UPLINK, fields, opaque: [] }, actions },
  };
}

/** A megaflow of the packet inside, with conditions on the tunnel. */
export function inTunnel(
  r: Seeded,
  { model, spec }: PipelineMegaflow,
  tunnel: ModelTunnel,
  push: FlowAction | undefined,
): readonly PipelineMegaflow[] {
  const known = packetOutOf(tunnel, new Map());
  const conditions: ModelBits[] = [];
  const parts: string[] = [];
  for (const [name, text, bits] of PARTS) {
    const whole = (1n << BigInt(bits)) - 1n;
    const value = known.get(name) ?? 0n;
    // A TOS of 0 is matched as a whole, without a text.
    const isHidden = name === 'tun_tos' && value === 0n;
    const mask = isHidden ? whole : r.pick([0n, whole, random(r, bits)]);
    if (!isHidden) parts.push(`${text}=${part(name, value)}/${part(name, mask)}`);
    conditions.push({ name, value: value & mask, mask });
  }
  let list = '';
  for (const [i, option] of tunnel.options.entries()) {
    const mask = r.pick([0n, (1n << 56n) - 1n, random(r, 56)]);
    list += optionText(option, mask);
    conditions.push({ name: `tun_option${i}`, value: option & mask, mask });
  }
  const count = BigInt(tunnel.options.length);
  conditions.push({ name: 'tun_options', value: count, mask: 0xffn });
  if (list !== '') parts.push(`geneve(${list})`);
  parts.push('flags(-df+csum+key)');
  const text = parts.join(',');
  const actions = push === undefined ? spec.actions : pushing(spec.actions, push);
  return [
    {
      model: { ...model, conditions: [...model.conditions, ...conditions] },
      spec: withTunnel(spec, text, actions),
    },
  ];
}

/** With `push` before the output, if there is one. */
function pushing(actions: readonly FlowAction[], push: FlowAction): readonly FlowAction[] {
  return actions.flatMap((action) => (action.kind === 'output' ? [push, action] : [action]));
}

function withTunnel(spec: FlowSpec, text: string, actions: readonly FlowAction[]): FlowSpec {
  const { match } = spec;
  const opaque = [{ name: 'tunnel', text }, ...match.opaque];
  return { ...spec, match: { ...match, inPort: TUNNEL_PORT, opaque }, actions };
}

function optionText(option: bigint, mask: bigint): string {
  const at = (value: bigint, shift: bigint, bits: bigint): string =>
    `0x${((value >> shift) & ((1n << bits) - 1n)).toString(16)}`;
  const both = (shift: bigint, bits: bigint): string =>
    `${at(option, shift, bits)}/${at(mask, shift, bits)}`;
  return `{class=${both(40n, 16n)},type=${both(32n, 8n)},len=4,${both(0n, 32n)}}`;
}

function part(name: string, value: bigint): string {
  if (name === 'tun_src' || name === 'tun_dst') {
    return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  }
  return name === 'tun_ttl' ? String(value) : `0x${value.toString(16)}`;
}

function bytes7(option: bigint): number[] {
  return Array.from({ length: 7 }, (_, i) => Number((option >> BigInt(8 * (6 - i))) & 0xffn));
}

function isField(name: string): name is keyof typeof FIELD_BITS {
  return Object.hasOwn(FIELD_BITS, name);
}

function bitsOfField(name: string): number {
  return isField(name) ? FIELD_BITS[name] : 0;
}
