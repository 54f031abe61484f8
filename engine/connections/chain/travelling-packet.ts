import type { ConnectionTuple, PacketHeaders } from '../../model/connection.ts';
import { exactMask, type FieldName } from '../../model/match.ts';
import type { Lookup } from './megaflow-index.ts';
import type { Condition, MetadataName } from '../syntax/conditions.ts';
import { isTunnelName, type OuterHeaders } from './outer-headers.ts';
import { numberBytes, TCP } from './tuple.ts';
import { TrackedState } from './tracked-state.ts';

/** A header at this point of the packet's way. */
interface Header {
  readonly value: Uint8Array;
  /** Bits that an action has written; the others are as the packet brought them. */
  readonly written: Uint8Array;
}

/** A VLAN tag that was pushed. */
export interface PushedTag {
  readonly tpid: number;
  readonly vid: number;
  readonly pcp: number;
}

/** Bits that were written to a header. */
export interface Rewrite {
  readonly field: FieldName;
  readonly value: Uint8Array;
  readonly mask: Uint8Array;
}

const TAG = ['vlan_tpid', 'vlan_vid', 'vlan_pcp'] as const;

/**
 * A packet of a connection on its way through the megaflows: its headers as the actions have left
 * them, which bits of them are its own, and which of those a megaflow has looked at.
 */
export class TravellingPacket implements Lookup {
  readonly inPort: string;
  readonly tracked = new TrackedState();
  /** The tunnel that it arrived in, once it is out of it. */
  readonly outer: OuterHeaders | undefined;
  readonly #headers = new Map<FieldName, Header>();
  /** Bits of the packet as it entered that a megaflow has looked at. */
  readonly #looked = new Map<FieldName, Uint8Array>();
  /** Tags around the packet's own headers, innermost first; the own tag is not among them. */
  readonly #pushed: PushedTag[] = [];
  #popped = false;

  constructor({ inPort, values }: Omit<PacketHeaders, 'tunnel'>, outer?: OuterHeaders) {
    this.inPort = inPort;
    this.outer = outer;
    for (const name of Object.keys(values).filter(isHeader(values))) {
      const value = values[name];
      if (value !== undefined) this.#headers.set(name, own(value));
    }
  }

  valueOf(name: Condition['name']): Uint8Array | undefined {
    if (isTunnelName(name)) return this.outer?.valueOf(name);
    return isMetadata(name) ? this.tracked.valueOf(name) : this.header(name)?.value;
  }

  /** The header now: of the outermost tag when it is one of a tag. */
  header(field: FieldName): Header | undefined {
    const tag = this.#pushed.at(-1);
    if (tag === undefined || !isTagField(field)) return this.#headers.get(field);
    return written(field, numberOfTag(field, tag));
  }

  /** Notes that a megaflow matched on these bits. */
  look({ name, mask, value }: Condition): void {
    if (isTunnelName(name)) {
      this.outer?.look(name, mask, value);
      return;
    }
    if (isMetadata(name)) return;
    const header = this.header(name);
    const bits = mask.map((byte, i) => byte & ~(header?.written[i] ?? 0));
    const before = this.#looked.get(name);
    if (bits.every((byte) => byte === 0)) return;
    this.#looked.set(name, before === undefined ? bits : before.map((byte, i) => byte | bits[i]));
  }

  /** Bits of the packet as it entered that megaflows have looked at; undefined for none. */
  looked(field: FieldName): Uint8Array | undefined {
    return this.#looked.get(field);
  }

  /** Writes the bits of `mask`; false when the packet has no such header or it is in a pushed tag. */
  set(field: FieldName, value: Uint8Array, mask: Uint8Array): boolean {
    const header = this.#headers.get(field);
    if (header === undefined || (isTagField(field) && this.#pushed.length > 0)) return false;
    this.#headers.set(field, {
      value: header.value.map((byte, i) => (byte & ~mask[i]) | (value[i] & mask[i])),
      written: header.written.map((byte, i) => byte | mask[i]),
    });
    return true;
  }

  #write(field: FieldName, value: Uint8Array): void {
    this.set(field, value, exactMask(field));
  }

  push(tag: PushedTag): void {
    this.#pushed.push(tag);
  }

  /** Removes the outermost tag; false if the packet is untagged. */
  pop(): boolean {
    if (this.#pushed.pop() !== undefined) return true;
    if (!this.#headers.has('vlan_tpid')) return false;
    for (const field of TAG) this.#headers.delete(field);
    this.#popped = true;
    return true;
  }

  /** VLAN tags that the packet has now. */
  get tags(): number {
    return this.#pushed.length + (this.#headers.has('vlan_tpid') ? 1 : 0);
  }

  /** True when the tag that the packet brought is gone. */
  get isOwnTagPopped(): boolean {
    return this.#popped;
  }

  /** The tags that were pushed and are still there, innermost first. */
  get pushedTags(): readonly PushedTag[] {
    return this.#pushed;
  }

  /** What was written to headers that the packet brought and still has. */
  rewrites(): readonly Rewrite[] {
    return [...this.#headers].flatMap(([field, { value, written: mask }]) =>
      mask.every((byte) => byte === 0)
        ? []
        : [{ field, value: value.map((byte, i) => byte & mask[i]), mask }],
    );
  }

  /** Writes the addresses and ports of a TCP or UDP packet. */
  translate({ ipVersion, protocol, src, dst, srcPort, dstPort }: ConnectionTuple): void {
    this.#write(ipVersion === 4 ? 'ipv4_src' : 'ipv6_src', src);
    this.#write(ipVersion === 4 ? 'ipv4_dst' : 'ipv6_dst', dst);
    this.#write(protocol === TCP ? 'tcp_src' : 'udp_src', numberBytes(srcPort, 2));
    this.#write(protocol === TCP ? 'tcp_dst' : 'udp_dst', numberBytes(dstPort, 2));
  }
}

function isHeader(values: PacketHeaders['values']): (name: string) => name is FieldName {
  return (name): name is FieldName => Object.hasOwn(values, name);
}

function isMetadata(name: FieldName | MetadataName): name is MetadataName {
  return name.startsWith('ct_');
}

function isTagField(field: FieldName): field is (typeof TAG)[number] {
  return field === 'vlan_tpid' || field === 'vlan_vid' || field === 'vlan_pcp';
}

function numberOfTag(field: (typeof TAG)[number], { tpid, vid, pcp }: PushedTag): number {
  switch (field) {
    case 'vlan_tpid':
      return tpid;
    case 'vlan_vid':
      return vid;
    case 'vlan_pcp':
      break;
  }
  return pcp;
}

function own(value: Uint8Array): Header {
  return { value, written: new Uint8Array(value.length) };
}

function written(field: FieldName, value: number): Header {
  const mask = exactMask(field);
  return { value: numberBytes(value, mask.length), written: mask };
}
