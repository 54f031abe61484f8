import type { Writer } from '../wire/writer.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import { type ExtensionName, NICIRA10, ONF13 } from './extension-codes.ts';
import { Experimenter } from './ids.ts';
import { MESSAGE_CODES, type MessageName } from './message-codes.ts';
import { OF10, type Version } from './version.ts';

/**
 * Writes the header of a message (1.3.5, section 7.1); the caller fills in its length.
 * @throws OpenFlowEncodeError: the version has no such message
 */
export function putHeader(w: Writer, name: MessageName, version: Version, xid: number): void {
  const code = MESSAGE_CODES[name][version === OF10 ? 0 : 1];
  if (code < 0) throw new OpenFlowEncodeError(`OpenFlow 1.0 has no message ${name}`);
  putRawHeader(w, code, version, xid);
}

/** The same with a type byte. */
export function putRawHeader(w: Writer, code: number, version: Version, xid: number): void {
  w.u8(version);
  w.u8(code);
  w.u16(0);
  w.u32(xid);
}

/** Header of Nicira's (1.0) or the ONF's (1.3) message of that name. */
export function putExtension(w: Writer, name: ExtensionName, version: Version, xid: number): void {
  const codes: Readonly<Partial<Record<ExtensionName, number>>> =
    version === OF10 ? NICIRA10 : ONF13;
  const subtype = codes[name];
  if (subtype === undefined) {
    throw new OpenFlowEncodeError(`wire version ${version} has no message ${name}`);
  }
  putHeader(w, 'experimenter', version, xid);
  w.u32(version === OF10 ? Experimenter.nicira : Experimenter.onf);
  w.u32(subtype);
}
