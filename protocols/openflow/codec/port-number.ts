import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import { OF10, type Version } from './version.ts';

/** 1.0's numbers from here on are reserved; 1.3's are larger by 0xffff0000. */
const RESERVED10 = 0xff00;
const LIFT = 0xffff0000;

/** A port number of OpenFlow 1.0, in 1.3's form (see Port). */
export function getPort10(r: Reader): number {
  const port = r.u16();
  return port >= RESERVED10 ? port + LIFT : port;
}

/** @throws OpenFlowEncodeError: 1.0 has no such port */
export function putPort10(w: Writer, port: number): void {
  if (port >= RESERVED10 && port < RESERVED10 + LIFT) {
    throw new OpenFlowEncodeError(`OpenFlow 1.0 has no port ${port}; numbers end at 65279`);
  }
  w.u16(port >= RESERVED10 ? port - LIFT : port);
}

/** A port number in the version's width. */
export function getPort(r: Reader, version: Version): number {
  return version === OF10 ? getPort10(r) : r.u32();
}

export function putPort(w: Writer, port: number, version: Version): void {
  if (version === OF10) putPort10(w, port);
  else w.u32(port);
}
