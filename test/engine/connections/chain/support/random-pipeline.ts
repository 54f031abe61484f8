import { FIELD_BITS, type FieldName, type FlowMatch } from '../../../../../engine/model/match.ts';
import type { FlowAction } from '../../../../../engine/model/action.ts';
import type { FlowSpec } from '../../../../../engine/model/flow.ts';
import { flowId } from '../../../../support/flows.ts';
import type { Seeded } from '../../../../support/seeded.ts';
import {
  entering,
  equal,
  flipped,
  lookedUp,
  type ModelAction,
  type ModelBits,
  type ModelConnection,
  type ModelMegaflow,
  type ModelPacket,
  modelTuple,
  perform,
} from './model.ts';

/** A megaflow for both interpreters. */
export interface PipelineMegaflow {
  readonly model: ModelMegaflow;
  readonly spec: FlowSpec;
}

/** A pipeline, and a packet that passes through all of its stages. */
export interface Pipeline {
  readonly headers: ModelPacket;
  readonly megaflows: readonly PipelineMegaflow[];
  readonly connections: readonly ModelConnection[];
}

export const IN_PORT = 'vw1';
const BITS: Readonly<Record<string, number>> = {
  ...FIELD_BITS,
  ct_state: 32,
  ct_zone: 16,
  ct_mark: 32,
  ct_label: 128,
};
const ORDER = Object.keys(FIELD_BITS);
/** What every megaflow of IP packets looks at. */
const ALWAYS = ['vlan_tpid', 'eth_type', 'ip_frag'];
/** Headers that actions of these pipelines write. */
const WRITABLE = ['eth_src', 'eth_dst', 'ipv4_src', 'ipv4_dst', 'ipv6_src', 'ipv6_dst', 'ip_tos'];
const MORE_WRITABLE = ['ip_ttl', 'tcp_src', 'tcp_dst', 'udp_src', 'udp_dst'];

export function bitsOf(name: string): number {
  return BITS[name] ?? 0;
}

export function random(r: Seeded, bits: number): bigint {
  let value = 0n;
  for (let i = 0; i < bits; i += 32) value = (value << 32n) | BigInt(r.next());
  return value & ((1n << BigInt(bits)) - 1n);
}

/** A TCP or UDP packet in mid-connection. */
export function randomHeaders(r: Seeded): ModelPacket {
  const packet: ModelPacket = new Map();
  const put = (name: string, value = random(r, bitsOf(name))): void => {
    packet.set(name, value);
  };
  put('eth_src');
  put('eth_dst');
  if (r.chance(0.4)) {
    put('vlan_tpid', 0x8100n);
    put('vlan_vid');
    put('vlan_pcp');
  }
  const ip = r.chance(0.7) ? 'ipv4' : 'ipv6';
  put('eth_type', ip === 'ipv4' ? 0x0800n : 0x86ddn);
  put(`${ip}_src`);
  put(`${ip}_dst`);
  if (ip === 'ipv6') put('ipv6_flabel');
  const l4 = r.chance(0.6) ? 'tcp' : 'udp';
  put('ip_proto', l4 === 'tcp' ? 6n : 17n);
  put('ip_tos');
  put('ip_ttl');
  put('ip_frag', 0n);
  // Not those of FTP and TFTP.
  put(`${l4}_src`, 1024n + random(r, 15));
  put(`${l4}_dst`, 1024n + random(r, 15));
  if (l4 === 'tcp') put('tcp_flags', 0x10n);
  return packet;
}

/** A pipeline of one to four stages, with megaflows beside the packet's path. */
export function randomPipeline(r: Seeded): Pipeline {
  const headers = randomHeaders(r);
  const packet = entering(headers);
  const connections: ModelConnection[] = [];
  // Zones that get no more connections, so that a packet is unknown there each time.
  const without = new Set<bigint>();
  const megaflows: PipelineMegaflow[] = [];
  const stages = r.between(1, 4);
  for (let stage = 0; stage < stages; stage++) {
    const conditions = randomConditions(r, packet);
    for (let n = r.below(3); n > 0; n--) {
      const beside = besides(r, conditions);
      if (beside !== undefined) {
        add(megaflows, stage, beside, [{ kind: 'output', port: `beside${megaflows.length}` }]);
      }
    }
    const isLast = stage === stages - 1;
    const actions: ModelAction[] = [];
    for (let n = r.below(4); n > 0; n--) {
      const action = randomAction(r, packet, connections, without);
      if (!perform(packet, action, connections)) throw new Error('the connection is not there');
      actions.push(action);
    }
    if (!isLast && packet.has('cvlan_tpid')) {
      perform(packet, { kind: 'pop' }, connections);
      actions.push({ kind: 'pop' });
    }
    if (!isLast) actions.push({ kind: 'recirc', id: stage + 1 });
    else if (r.chance(0.9)) actions.push({ kind: 'output', port: 'vw2' });
    add(megaflows, stage, conditions, actions);
  }
  return { headers, megaflows, connections };
}

/** Conditions that the packet meets, as a megaflow has them. */
function randomConditions(r: Seeded, packet: ModelPacket): readonly ModelBits[] {
  return [...packet].flatMap(([name, value]): ModelBits[] => {
    const whole = (1n << BigInt(bitsOf(name))) - 1n;
    if (ALWAYS.includes(name)) return [{ name, value, mask: whole }];
    const how = r.below(4);
    if (how < 2) return [];
    const bits = how === 2 ? whole : random(r, bitsOf(name));
    // Few pipelines look at +snat and +dnat.
    const mask = name === 'ct_state' && r.chance(0.8) ? bits & 0x3fn : bits;
    return mask === 0n ? [] : [{ name, value: value & mask, mask }];
  });
}

/** Conditions that no packet meets together with these: one bit differs, others may be missing. */
function besides(r: Seeded, conditions: readonly ModelBits[]): readonly ModelBits[] | undefined {
  const candidates = conditions.filter(({ name }) => !ALWAYS.includes(name));
  if (candidates.length === 0) return undefined;
  const other = r.pick(candidates);
  const set = Array.from({ length: bitsOf(other.name) }, (_, i) => 1n << BigInt(i)).filter(
    (bit) => (other.mask & bit) !== 0n,
  );
  const bit = r.pick(set);
  return conditions.flatMap((c): ModelBits[] => {
    if (c === other) {
      const mask = r.chance(0.5) ? c.mask : bit;
      return [{ ...c, value: (c.value ^ bit) & mask, mask }];
    }
    return ALWAYS.includes(c.name) || r.chance(0.5) ? [c] : [];
  });
}

function randomAction(
  r: Seeded,
  packet: ModelPacket,
  connections: ModelConnection[],
  without: Set<bigint>,
): ModelAction {
  switch (r.below(6)) {
    case 0:
    case 1: {
      const zone = BigInt(r.between(5, 7));
      track(r, packet, zone, connections, without);
      return { kind: 'ct', zone, nat: r.chance(0.5) };
    }
    case 2:
      return { kind: 'clear' };
    case 3:
      if (packet.has('cvlan_tpid') || (packet.has('vlan_tpid') && r.chance(0.6))) {
        return { kind: 'pop' };
      }
      return { kind: 'push', tpid: 0x8100n, vid: random(r, 12), pcp: random(r, 3) };
    default: {
      const name = r.pick([...WRITABLE, ...MORE_WRITABLE].filter((field) => packet.has(field)));
      const whole = (1n << BigInt(bitsOf(name))) - 1n;
      const isWhole = name.endsWith('src') || name.endsWith('dst') || r.chance(0.5);
      const mask = isWhole ? whole : random(r, bitsOf(name)) | 1n;
      const value = (r.chance(0.2) ? (packet.get(name) ?? 0n) : valueFor(r, name)) & mask;
      return { kind: 'set', name, value, mask };
    }
  }
}

function valueFor(r: Seeded, name: string): bigint {
  return /^(?:tcp|udp)_/.test(name) ? 1024n + random(r, 15) : random(r, bitsOf(name));
}

/** Adds a connection for the packet, translated or not, unless its zone has one or shall have none. */
function track(
  r: Seeded,
  packet: ModelPacket,
  zone: bigint,
  connections: ModelConnection[],
  without: Set<bigint>,
): void {
  const wanted = lookedUp(packet, zone);
  const isKnown = connections.some(
    (c) => c.zone === zone && (equal(c.original, wanted) || equal(c.reply, wanted)),
  );
  const isTranslated = !equal(wanted, modelTuple(packet));
  if (isKnown) return;
  if (!isTranslated && (without.has(zone) || r.chance(0.2))) {
    without.add(zone);
    return;
  }
  const width = packet.has('ipv4_src') ? 32 : 128;
  const other = flipped(wanted);
  const mirror = {
    src: r.chance(0.4) ? random(r, width) : other.src,
    dst: r.chance(0.3) ? random(r, width) : other.dst,
    srcPort: r.chance(0.3) ? 1024n + random(r, 15) : other.srcPort,
    dstPort: r.chance(0.3) ? 1024n + random(r, 15) : other.dstPort,
  };
  const isReply = r.chance(0.5);
  const keptState = r.pick([0n, 0x40n, 0x80n]);
  const marks = { zone, mark: random(r, 32), label: random(r, 128), keptState };
  connections.push(
    isReply
      ? { ...marks, original: mirror, reply: wanted }
      : { ...marks, original: wanted, reply: mirror },
  );
}

function add(
  to: PipelineMegaflow[],
  recirculation: number,
  conditions: readonly ModelBits[],
  actions: readonly ModelAction[],
): void {
  const spec = {
    id: flowId(to.length + 1),
    match: matchOf(recirculation, conditions),
    actions: actions.map(flowAction),
  };
  to.push({ model: { recirculation, conditions, actions }, spec });
}

export function bytes(name: string, value: bigint): Uint8Array {
  const length = (bitsOf(name) + 7) >> 3;
  return Uint8Array.from({ length }, (_, i) =>
    Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn),
  );
}

export function number(of: Uint8Array): bigint {
  return of.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function isField(name: string): name is FieldName {
  return ORDER.includes(name);
}

function matchOf(recirculation: number, conditions: readonly ModelBits[]): FlowMatch {
  const fields = conditions
    .flatMap(({ name, value, mask }) =>
      isField(name) ? [{ field: name, value: bytes(name, value), mask: bytes(name, mask) }] : [],
    )
    .sort((a, b) => ORDER.indexOf(a.field) - ORDER.indexOf(b.field));
  const opaque = conditions.flatMap(({ name, value, mask }) =>
    isField(name) ? [] : [{ name, text: `0x${value.toString(16)}/0x${mask.toString(16)}` }],
  );
  const id = { name: 'recirc_id', text: `0x${recirculation.toString(16)}` };
  return { inPort: IN_PORT, fields, opaque: recirculation === 0 ? opaque : [...opaque, id] };
}

function flowAction(action: ModelAction): FlowAction {
  switch (action.kind) {
    case 'output':
      return action;
    case 'set': {
      const { name, value, mask } = action;
      if (!isField(name)) throw new Error(`${name} cannot be set`);
      return { kind: 'set', field: name, value: bytes(name, value), mask: bytes(name, mask) };
    }
    case 'push': {
      const { tpid, vid, pcp } = action;
      return { kind: 'push-vlan', tpid: Number(tpid), vid: Number(vid), pcp: Number(pcp) };
    }
    case 'pop':
      return { kind: 'pop-vlan' };
    case 'recirc':
      return { kind: 'opaque', text: `recirc(0x${action.id.toString(16)})` };
    case 'ct':
      return { kind: 'opaque', text: `ct(zone=${action.zone}${action.nat ? ',nat' : ''})` };
    case 'clear':
      break;
  }
  return { kind: 'opaque', text: 'ct_clear' };
}
