import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import { putHeader } from './header.ts';
import { OF10, OF13, type Version } from './version.ts';

/** First message of each side, with the versions that it supports. */
export interface Hello {
  readonly type: 'hello';
  readonly xid: number;
  /**
   * Wire versions of the version bitmap, ascending; undefined without a bitmap: then the header's
   * version and all lower ones.
   */
  readonly versions: readonly number[] | undefined;
  /** Other elements, as received. */
  readonly other: Uint8Array;
}

/** A request failed. */
export interface ErrorMessage {
  readonly type: 'error';
  /** Of the request. */
  readonly xid: number;
  /** Numbers of the version, or of the experimenter. For names see `nameError`. */
  readonly errorType: number;
  readonly code: number;
  /** Experimenter that defines the numbers; 0: the specification. */
  readonly experimenter: number;
  /** At least 64 bytes of the request; for a failed hello an ASCII text. */
  readonly data: Uint8Array;
}

export interface Echo {
  readonly type: 'echo-request' | 'echo-reply';
  readonly xid: number;
  readonly data: Uint8Array;
}

/** A message without a body. */
export interface Bare {
  readonly type:
    | 'features-request'
    | 'get-config-request'
    | 'barrier-request'
    | 'barrier-reply'
    | 'get-async-request';
  readonly xid: number;
}

const VERSION_BITMAP = 1;

/** Hello and its elements (1.3.5, section 7.5.1). */
export function putHello(w: Writer, m: Hello, version: Version): void {
  putHeader(w, 'hello', version, m.xid);
  if (m.versions !== undefined) putBitmap(w, m.versions);
  w.bytes(m.other);
}

function putBitmap(w: Writer, versions: readonly number[]): void {
  const start = w.length;
  const words = new Uint32Array((Math.max(0, ...versions) >> 5) + 1);
  for (const v of versions) words[v >> 5] |= 1 << (v & 31);
  w.u16(VERSION_BITMAP);
  w.u16(4 + words.length * 4);
  for (const word of words) w.u32(word);
  w.padFrom(start);
}

export function getHello(r: Reader, xid: number): Hello {
  let versions: number[] | undefined;
  const other: Uint8Array[] = [];
  while (r.left >= 4) {
    const start = r.at;
    const type = r.u16();
    const length = r.u16();
    if (length < 4 || length - 4 > r.left) {
      r.at = start;
      break;
    }
    if (type === VERSION_BITMAP && versions === undefined) {
      const outer = r.enter(length - 4, 'a version bitmap');
      versions = getBitmap(r);
      r.leave(outer);
      r.skip(Math.min(r.left, -length & 7));
    } else {
      r.at = start;
      other.push(r.bytes(Math.min(r.left, (length + 7) & ~7)));
    }
  }
  // Malformed elements of a hello are ignored; they are no reason to close the connection.
  return {
    type: 'hello',
    xid,
    versions,
    other: new Uint8Array(Buffer.concat([...other, r.rest()])),
  };
}

function getBitmap(r: Reader): number[] {
  const versions: number[] = [];
  // A version is a byte, so further words have no meaning.
  for (let base = 0; r.left >= 4 && base < 256; base += 32) {
    const word = r.u32();
    for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) versions.push(base + bit);
  }
  return versions;
}

/** 1.3's type of an experimenter's error, and Nicira's of an error on 1.0 (NXET_VENDOR). */
const ERROR_EXPERIMENTER = 0xffff;
const ERROR_NICIRA10 = 0xb0c2;

/**
 * Errors (1.3.5, section 7.5.4). OVS sends errors without a number in 1.0 as Nicira's, with their
 * type and code before the data.
 */
export function putError(w: Writer, m: ErrorMessage, version: Version): void {
  putHeader(w, 'error', version, m.xid);
  if (m.experimenter === 0) {
    w.u16(m.errorType);
    w.u16(m.code);
  } else if (version === OF10) {
    w.u16(ERROR_NICIRA10);
    w.u16(0);
    w.u32(m.experimenter);
    w.u16(m.errorType);
    w.u16(m.code);
  } else {
    if (m.errorType !== ERROR_EXPERIMENTER) {
      throw new OpenFlowEncodeError(`an experimenter's error has type 65535, not ${m.errorType}`);
    }
    w.u16(ERROR_EXPERIMENTER);
    w.u16(m.code);
    w.u32(m.experimenter);
  }
  w.bytes(m.data);
}

export function getError(r: Reader, xid: number, version: number): ErrorMessage {
  const type = 'error';
  const errorType = r.u16();
  const code = r.u16();
  const dataAt = r.at;
  if (version === OF10 && errorType === ERROR_NICIRA10 && code === 0 && r.left >= 8) {
    const experimenter = r.u32();
    const own = { errorType: r.u16(), code: r.u16() };
    if (experimenter !== 0) return { type, xid, ...own, experimenter, data: r.rest() };
  } else if (version >= OF13 && errorType === ERROR_EXPERIMENTER && r.left >= 4) {
    const experimenter = r.u32();
    if (experimenter !== 0) return { type, xid, errorType, code, experimenter, data: r.rest() };
  }
  r.at = dataAt;
  return { type, xid, errorType, code, experimenter: 0, data: r.rest() };
}

/** Echo (1.3.5, section 7.5.2): the reply repeats the data. */
export function putEcho(w: Writer, m: Echo, version: Version): void {
  putHeader(w, m.type, version, m.xid);
  w.bytes(m.data);
}

/** Messages without a body. */
export function putBare(w: Writer, m: Bare, version: Version): void {
  putHeader(w, m.type, version, m.xid);
}

export function getBare<T extends Bare['type']>(r: Reader, type: T, xid: number) {
  r.finish(`a ${type}`);
  return { type, xid };
}
