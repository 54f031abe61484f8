import type { FlowId } from '../../../engine/model/flow-id.ts';
import { OVS_HEADER_BYTES } from '../../../protocols/netlink/ovs/families.ts';
import { UFID_BYTES } from '../../../protocols/netlink/ovs/flows.ts';
import { FLOW } from '../../../protocols/netlink/ovs/tables.ts';

const HEADER_BYTES = 4;
const TYPE_MASK = 0x3fff;
const STATS_BYTES = 16;

const UFID = FLOW.ufid.number;
const STATS = FLOW.stats.number;
const USED = FLOW.used.number;
const KEY = FLOW.key.number;
const MASK = FLOW.mask.number;
const ACTIONS = FLOW.actions.number;

/** One flow of a dump or a notification, read in place; one object is reused for all. */
export class FlowRecord implements FlowId {
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;
  packets = 0;
  bytes = 0;
  /** Time of the last packet, ms of CLOCK_MONOTONIC; 0 when there was none. */
  usedMs = 0;
  /** False for a flow that was installed without a ufid. */
  hasUfid = false;
  #message: Buffer = Buffer.alloc(0);
  #keyFrom = 0;
  #keyTo = 0;
  #maskFrom = 0;
  #maskTo = 0;
  #actionsFrom = 0;
  #actionsTo = 0;

  /**
   * Reads the payload `[from, to)` of a message of the family `ovs_flow`; false when it is
   * malformed.
   */
  read(message: Buffer, from: number, to: number): boolean {
    this.#clear(message);
    for (let at = from + OVS_HEADER_BYTES; at < to; ) {
      if (to - at < HEADER_BYTES) return false;
      const length = message.readUInt16LE(at);
      if (length < HEADER_BYTES || length > to - at) return false;
      const type = message.readUInt16LE(at + 2) & TYPE_MASK;
      if (!this.#attribute(type, at + HEADER_BYTES, at + length)) return false;
      at += (length + 3) & ~3;
    }
    return to - from >= OVS_HEADER_BYTES;
  }

  /** Key, mask and actions; undefined when the kernel left them out. They share memory. */
  get key(): Buffer | undefined {
    return this.#keyFrom === 0 ? undefined : this.#message.subarray(this.#keyFrom, this.#keyTo);
  }

  get mask(): Buffer | undefined {
    return this.#maskFrom === 0 ? undefined : this.#message.subarray(this.#maskFrom, this.#maskTo);
  }

  get actions(): Buffer | undefined {
    if (this.#actionsFrom === 0) return undefined;
    return this.#message.subarray(this.#actionsFrom, this.#actionsTo);
  }

  #attribute(type: number, from: number, to: number): boolean {
    const message = this.#message;
    switch (type) {
      case UFID:
        if (to - from !== UFID_BYTES) return true;
        this.hasUfid = true;
        this.w0 = message.readUInt32LE(from);
        this.w1 = message.readUInt32LE(from + 4);
        this.w2 = message.readUInt32LE(from + 8);
        this.w3 = message.readUInt32LE(from + 12);
        return true;
      case STATS:
        if (to - from < STATS_BYTES) return false;
        this.packets = readCount(message, from);
        this.bytes = readCount(message, from + 8);
        return true;
      case USED:
        if (to - from < 8) return false;
        this.usedMs = readCount(message, from);
        return true;
      case KEY:
        this.#keyFrom = from;
        this.#keyTo = to;
        return true;
      case MASK:
        this.#maskFrom = from;
        this.#maskTo = to;
        return true;
      case ACTIONS:
        this.#actionsFrom = from;
        this.#actionsTo = to;
        return true;
      default:
        return true;
    }
  }

  #clear(message: Buffer): void {
    this.#message = message;
    this.hasUfid = false;
    this.packets = 0;
    this.bytes = 0;
    this.usedMs = 0;
    this.#keyFrom = 0;
    this.#maskFrom = 0;
    this.#actionsFrom = 0;
  }
}

/** A counter of 64 bits; exact up to 2^53. */
function readCount(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000;
}

/** The bytes of a ufid. */
export function ufidBytes({ w0, w1, w2, w3 }: FlowId): Buffer {
  const bytes = Buffer.alloc(UFID_BYTES);
  bytes.writeUInt32LE(w0, 0);
  bytes.writeUInt32LE(w1, 4);
  bytes.writeUInt32LE(w2, 8);
  bytes.writeUInt32LE(w3, 12);
  return bytes;
}
