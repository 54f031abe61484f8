import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { putExtension } from './header.ts';
import type { Version } from './version.ts';

/** 1.3, ONF extension 230: opens, closes, commits or discards a bundle, or is the reply. */
export interface BundleControlMessage {
  readonly type: 'bundle-control';
  readonly xid: number;
  readonly bundle: number;
  /** BundleControl. */
  readonly control: number;
  /** Bits of BundleFlag. */
  readonly flags: number;
  /** Properties, as received; empty otherwise. */
  readonly properties: Uint8Array;
}

export function putBundleControl(w: Writer, m: BundleControlMessage, version: Version): void {
  putExtension(w, m.type, version, m.xid);
  w.u32(m.bundle);
  w.u16(m.control);
  w.u16(m.flags);
  w.bytes(m.properties);
}

export function getBundleControl(r: Reader, xid: number): BundleControlMessage {
  const bundle = r.u32();
  const control = r.u16();
  const flags = r.u16();
  return { type: 'bundle-control', xid, bundle, control, flags, properties: r.rest() };
}

/** The fields around a message in a bundle. */
export interface BundleEnvelope {
  readonly xid: number;
  readonly bundle: number;
  readonly flags: number;
  /** Properties after the message, as received (without the padding before them). */
  readonly properties: Uint8Array;
}

/** Writes the fields before the message. */
export function putBundleAddHead(w: Writer, m: BundleEnvelope, version: Version): void {
  putExtension(w, 'bundle-add', version, m.xid);
  w.u32(m.bundle);
  w.zeros(2);
  w.u16(m.flags);
}

/** Writes the fields after the message, which began at `start`. */
export function putBundleAddTail(w: Writer, m: BundleEnvelope, start: number): void {
  if (m.properties.length === 0) return;
  w.padFrom(start);
  w.bytes(m.properties);
}

/** Reads the fields before the message; `getBundleAddTail` reads those after it. */
export function getBundleAddHead(r: Reader): { bundle: number; flags: number } {
  const bundle = r.u32();
  r.skip(2);
  return { bundle, flags: r.u16() };
}

export function getBundleAddTail(r: Reader, start: number): Uint8Array {
  if (r.left > 0) r.skip(Math.min(r.left, -(r.at - start) & 7));
  return r.rest();
}
