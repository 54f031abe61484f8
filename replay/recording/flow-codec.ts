import type { FlowAction, FlowActions } from '../../engine/model/action.ts';
import type { FlowId } from '../../engine/model/flow-id.ts';
import {
  exactMask,
  FIELD_BITS,
  type FieldMatch,
  type FieldName,
  type FlowMatch,
  fieldBytes,
  isExact,
} from '../../engine/model/match.ts';
import type { ByteWriter } from './byte-writer.ts';
import { Action, MASKED, MAX_NAMES, VERSION } from './format.ts';
import type { PayloadReader } from './payload-reader.ts';
import {
  decodeHeader,
  decodeTunnelMatch,
  encodeHeader,
  encodeTunnelMatch,
} from './tunnel-codec.ts';

/** Match and actions of a flow: a FlowSpec without the id. */
export interface FlowDescription {
  readonly match: FlowMatch;
  readonly actions: FlowActions;
}

/** Encodes flows; a repeated name is a number. */
export class FlowEncoder {
  readonly #names = new Map<string, number>();

  name(name: string, to: ByteWriter): void {
    const known = this.#names.get(name);
    if (known !== undefined) {
      to.varint(known);
      return;
    }
    const room = this.#names.size < MAX_NAMES;
    if (room) this.#names.set(name, this.#names.size + 1);
    to.varint(room ? this.#names.size : 0);
    to.text(name);
  }

  id({ w0, w1, w2, w3 }: FlowId, to: ByteWriter): void {
    to.uint32(w0);
    to.uint32(w1);
    to.uint32(w2);
    to.uint32(w3);
  }

  flow({ match, actions }: FlowDescription, to: ByteWriter): void {
    this.name(match.inPort, to);
    this.#fields(match.fields, to);
    to.varint(match.opaque.length);
    for (const { name, text } of match.opaque) {
      this.name(name, to);
      to.text(text);
    }
    to.varint(actions.length);
    for (const action of actions) this.#action(action, to);
    encodeTunnelMatch(match.tunnel, to, (fields) => this.#fields(fields, to));
  }

  #fields(fields: readonly FieldMatch[], to: ByteWriter): void {
    to.varint(fields.length);
    for (const field of fields) this.#field(field, !isExact(field), to);
  }

  #field({ field, value, mask }: FieldMatch, masked: boolean, to: ByteWriter): void {
    this.name(field, to);
    to.byte(masked ? value.length | MASKED : value.length);
    to.bytes(value);
    if (masked) to.bytes(mask);
  }

  #action(action: FlowAction, to: ByteWriter): void {
    switch (action.kind) {
      case 'output':
        to.byte(Action.output);
        this.name(action.port, to);
        break;
      case 'set':
        to.byte(Action.set);
        this.#field(action, true, to);
        break;
      case 'push-vlan':
        to.byte(Action.pushVlan);
        to.varint(action.tpid);
        to.varint(action.vid);
        to.varint(action.pcp);
        break;
      case 'pop-vlan':
        to.byte(Action.popVlan);
        break;
      case 'push-tunnel':
        to.byte(Action.pushTunnel);
        encodeHeader(action.header, to);
        break;
      case 'opaque':
        to.byte(Action.other);
        to.text(action.text);
        break;
      default:
        action satisfies never;
    }
  }
}

/** Decodes what {@link FlowEncoder} writes. Each method throws PayloadError. */
export class FlowDecoder {
  readonly #names: string[] = [];
  readonly #hasTunnels: boolean;

  /** @param version of the recording */
  constructor(version = VERSION) {
    this.#hasTunnels = version >= 2;
  }

  name(from: PayloadReader): string {
    const number = from.varint();
    if (number === 0) return from.text();
    const known = this.#names.at(number - 1);
    if (known !== undefined) return known;
    if (number !== this.#names.length + 1 || number > MAX_NAMES) {
      throw from.error(`unknown name number ${number}`);
    }
    const name = from.text();
    this.#names.push(name);
    return name;
  }

  id(from: PayloadReader): FlowId {
    return { w0: from.uint32(), w1: from.uint32(), w2: from.uint32(), w3: from.uint32() };
  }

  flow(from: PayloadReader): FlowDescription {
    const inPort = this.name(from);
    const fields = this.#fields(from);
    const opaque = Array.from({ length: from.count(2) }, () => ({
      name: this.name(from),
      text: from.text(),
    }));
    const actions = Array.from({ length: from.count(1) }, () => this.#action(from));
    const match = { inPort, fields, opaque };
    const tunnel = this.#hasTunnels ? decodeTunnelMatch(from, () => this.#fields(from)) : undefined;
    return { match: tunnel === undefined ? match : { ...match, tunnel }, actions };
  }

  #fields(from: PayloadReader): readonly FieldMatch[] {
    return Array.from({ length: from.count(2) }, () => this.#field(from)).filter((f) =>
      f.mask.some((byte) => byte !== 0),
    );
  }

  #field(from: PayloadReader): FieldMatch {
    const name = this.name(from);
    const field = fieldNamed(name);
    if (field === undefined) throw from.error(`unknown field "${name}"`);
    const header = from.byte();
    const length = header & ~MASKED;
    if (length !== fieldBytes(field)) throw from.error(`invalid length ${length} of ${field}`);
    const value = from.bytes(length);
    const mask = (header & MASKED) === 0 ? exactMask(field) : from.bytes(length);
    return { field, value: value.map((byte, i) => byte & mask[i]), mask };
  }

  #action(from: PayloadReader): FlowAction {
    const kind = from.byte();
    switch (kind) {
      case Action.output:
        return { kind: 'output', port: this.name(from) };
      case Action.set:
        return { kind: 'set', ...this.#field(from) };
      case Action.pushVlan:
        return {
          kind: 'push-vlan',
          tpid: from.varint(),
          vid: from.varint(),
          pcp: from.varint(),
        };
      case Action.popVlan:
        return { kind: 'pop-vlan' };
      case Action.pushTunnel:
        return { kind: 'push-tunnel', header: decodeHeader(from) };
      case Action.other:
        return { kind: 'opaque', text: from.text() };
      default:
        throw from.error(`unknown kind ${kind} of action`);
    }
  }
}

const FIELDS: ReadonlyMap<string, FieldName> = new Map(
  Object.keys(FIELD_BITS)
    .filter((name): name is FieldName => Object.hasOwn(FIELD_BITS, name))
    .map((name) => [name, name]),
);

function fieldNamed(name: string): FieldName | undefined {
  return FIELDS.get(name);
}
