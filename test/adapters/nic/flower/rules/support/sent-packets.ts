import assert from 'node:assert/strict';
import type { FlowActions } from '../../../../../../engine/model/action.ts';
import {
  type FieldMatch,
  type FieldName,
  fieldBytes,
} from '../../../../../../engine/model/match.ts';
import { type Attribute, attributesIn } from '../../../../../../protocols/netlink/attributes.ts';

/** A packet that leaves: the port, its tags pushed or left, and the bits that are known of it. */
export interface SentPacket {
  readonly port: string;
  /** Outermost first; `pushed 7/3` or the name of a tag that it entered with. */
  readonly tags: readonly string[];
  readonly known: Readonly<Record<string, string>>;
}

/** A packet of a flow, of which only the bits that are matched or written are known. */
class Packet {
  readonly tags: string[];
  readonly #values = new Map<FieldName, Uint8Array>();
  readonly #known = new Map<FieldName, Uint8Array>();

  constructor(fields: readonly FieldMatch[], tags: readonly string[]) {
    this.tags = [...tags];
    for (const { field, value, mask } of fields) this.write(field, value, mask);
  }

  write(field: FieldName, value: Uint8Array, mask: Uint8Array): void {
    // Nothing is written, and nothing becomes known.
    if (mask.every((byte) => byte === 0)) return;
    const size = fieldBytes(field);
    const old = this.#values.get(field) ?? new Uint8Array(size);
    const known = this.#known.get(field) ?? new Uint8Array(size);
    this.#values.set(
      field,
      old.map((byte, i) => (byte & ~mask[i]) | (value[i] & mask[i])),
    );
    this.#known.set(
      field,
      known.map((byte, i) => byte | mask[i]),
    );
  }

  sendTo(port: string): SentPacket {
    const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
    const known = [...this.#values].map(([field, value]) => [
      field,
      `${hex(value)}/${hex(this.#known.get(field))}`,
    ]);
    return { port, tags: [...this.tags], known: Object.fromEntries(known) };
  }
}

/** The packets that the vSwitch sends for one that enters. */
export function sentByVswitch(
  fields: readonly FieldMatch[],
  tags: readonly string[],
  actions: FlowActions,
): readonly SentPacket[] {
  const packet = new Packet(fields, tags);
  const sent: SentPacket[] = [];
  for (const action of actions) {
    assert(action.kind !== 'opaque' && action.kind !== 'push-tunnel');
    if (action.kind === 'output') sent.push(packet.sendTo(action.port));
    else if (action.kind === 'set') packet.write(action.field, action.value, action.mask);
    else if (action.kind === 'pop-vlan') packet.tags.shift();
    else packet.tags.unshift(`${action.tpid} ${action.vid}/${action.pcp}`);
  }
  return sent;
}

/** Where fields are in the headers of `pedit`: number of the header, first bit, bits. */
const LAYOUT: readonly (readonly [header: number, field: FieldName, bit: number])[] = [
  [1, 'eth_dst', 0],
  [1, 'eth_src', 48],
  [2, 'ip_tos', 8],
  [2, 'ip_ttl', 64],
  [2, 'ipv4_src', 96],
  [2, 'ipv4_dst', 128],
  [3, 'ip_tos', 4],
  [3, 'ip_ttl', 56],
  [3, 'ipv6_src', 64],
  [3, 'ipv6_dst', 192],
  [4, 'tcp_src', 0],
  [4, 'tcp_dst', 16],
  [5, 'udp_src', 0],
  [5, 'udp_dst', 16],
];

/** The packets that tc sends for one that enters; the last action must end the list. */
export function sentByTc(
  fields: readonly FieldMatch[],
  tags: readonly string[],
  actions: readonly Buffer[],
  portOf: (ifindex: number) => string,
): readonly SentPacket[] {
  const packet = new Packet(fields, tags);
  const sent: SentPacket[] = [];
  let ended = false;
  for (const action of actions) {
    assert(!ended, 'an action after the last');
    const { kind, options } = partsOf(action);
    const parameters = parametersOf(kind, options);
    const verdict = parameters.readInt32LE(8);
    ended = verdict === STOLEN || verdict === SHOT;
    assert(ended || verdict === PIPE, `verdict ${verdict}`);
    if (kind === 'mirred') {
      assert.equal(parameters.readInt32LE(20), ended ? 1 : 2, 'redirect at the end, else mirror');
      sent.push(packet.sendTo(portOf(parameters.readUInt32LE(24))));
    } else if (kind === 'pedit') {
      pedit(packet, parameters, options);
    } else if (kind === 'vlan') {
      vlan(packet, parameters, options);
    } else {
      assert(kind === 'csum' || (kind === 'gact' && verdict === SHOT), kind);
    }
  }
  assert(ended, 'the packet goes on to the vSwitch');
  return sent;
}

const SHOT = 2;
const PIPE = 3;
const STOLEN = 4;
/** Number of the attribute with the parameters, by kind. */
const PARAMETERS: Readonly<Record<string, number>> = {
  gact: 2,
  mirred: 2,
  vlan: 2,
  csum: 1,
  pedit: 4,
};
const PEDIT_BYTES = { head: 24, key: 24 };

type Options = readonly Attribute[];

const valueOf = (options: Options, type: number): Buffer | undefined =>
  options.findLast((option) => option.type === type)?.value;

function partsOf(action: Buffer): { readonly kind: string; readonly options: Options } {
  const attributes = attributesIn(action);
  const kind = valueOf(attributes, 1)?.toString('latin1').replace('\0', '');
  const options = valueOf(attributes, 2);
  assert(kind !== undefined && options !== undefined);
  return { kind, options: attributesIn(options) };
}

function parametersOf(kind: string, options: Options): Buffer {
  const parameters = valueOf(options, PARAMETERS[kind] ?? 0);
  assert(parameters !== undefined, kind);
  return parameters;
}

function vlan(packet: Packet, parameters: Buffer, options: Options): void {
  const operation = parameters.readInt32LE(20);
  if (operation === 1) {
    packet.tags.shift();
    return;
  }
  assert.equal(operation, 2);
  const [id, protocol, priority] = [3, 4, 6].map((type) => valueOf(options, type));
  assert(id !== undefined && protocol !== undefined && priority !== undefined);
  packet.tags.unshift(`${protocol.readUInt16BE()} ${id.readUInt16LE()}/${priority[0]}`);
}

/** Writes bit by bit, as the words of `pedit` say: what the mask has stays, the value is the rest. */
function pedit(packet: Packet, parameters: Buffer, options: Options): void {
  const extended = attributesIn(valueOf(options, 5) ?? Buffer.alloc(0));
  assert.equal(parameters[20], extended.length, 'a header for each key');
  for (const [n, { value: of }] of extended.entries()) {
    const at = PEDIT_BYTES.head + n * PEDIT_BYTES.key;
    const header = valueOf(attributesIn(of), 1)?.readUInt16LE();
    assert(header !== undefined);
    assert.equal(valueOf(attributesIn(of), 2)?.readUInt16LE(), 0, 'set');
    const stays = parameters.subarray(at, at + 4);
    const value = parameters.subarray(at + 4, at + 8);
    const offset = parameters.readUInt32LE(at + 8);
    assert.equal(offset % 4, 0);
    for (let bit = 0; bit < 32; bit++) {
      if (bitOf(stays, bit) === 1) continue;
      writeBit(packet, header, offset * 8 + bit, bitOf(value, bit));
    }
  }
}

const bitOf = (bytes: Buffer, bit: number): number => (bytes[bit >> 3] >> (7 - (bit & 7))) & 1;

function writeBit(packet: Packet, header: number, at: number, value: number): void {
  const place = LAYOUT.find(
    ([h, field, first]) => h === header && at >= first && at < first + fieldBytes(field) * 8,
  );
  assert(place !== undefined, `bit ${at} of header ${header}`);
  const [, field, first] = place;
  const mask = Buffer.alloc(fieldBytes(field));
  mask[(at - first) >> 3] = 0x80 >> ((at - first) & 7);
  packet.write(field, value === 1 ? mask : Buffer.alloc(mask.length), mask);
}
