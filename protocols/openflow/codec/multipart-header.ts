import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import { putHeader } from './header.ts';
import { Experimenter } from './ids.ts';
import { OF10, type Version } from './version.ts';

/** Wire numbers of the statistics, 1.0 (section 5.3.5) and 1.3.5 (section 7.3.5); -1: none. */
const CODES = {
  desc: [0, 0],
  flow: [1, 1],
  aggregate: [2, 2],
  table: [3, 3],
  'port-stats': [4, 4],
  meter: [-1, 9],
  'meter-config': [-1, 10],
  'meter-features': [-1, 11],
  /** On 1.0 an extension of OVS. */
  'port-desc': [13, 13],
} as const satisfies Record<string, readonly [number, number]>;

type CodedKind = keyof typeof CODES;

/** Number of the experimenters' (1.0: vendors') statistics in both versions. */
const EXPERIMENTER_CODE = 0xffff;

/** Subtypes of the supported statistics: Nicira's on 1.0 and the ONF's on 1.3. */
const NICIRA10 = { 'nx-flow': 0, 'nx-aggregate': 1, 'flow-monitor': 2 } as const;
const ONF13 = { 'flow-monitor': 1870 } as const;

type ExtensionKind = keyof typeof NICIRA10 | keyof typeof ONF13;

/** The type of the body after the header of a multipart message. */
export type BodyHead =
  | { readonly kind: CodedKind | ExtensionKind }
  | { readonly kind: 'experimenter'; readonly experimenter: number }
  | { readonly kind: 'unknown'; readonly code: number };

const MORE = 1;

/** Writes everything before the body. @throws OpenFlowEncodeError: not in that version */
export function putMultipartHeader(
  w: Writer,
  name: 'multipart-request' | 'multipart-reply',
  version: Version,
  xid: number,
  more: boolean,
  head: BodyHead,
): void {
  putHeader(w, name, version, xid);
  w.u16(codeOf(head, version));
  w.u16(more ? MORE : 0);
  if (version !== OF10) w.zeros(4);
  if (head.kind === 'experimenter') w.u32(head.experimenter);
  else if (head.kind in NICIRA10) putSubtype(w, head.kind, version);
}

function codeOf(head: BodyHead, version: Version): number {
  if (head.kind === 'unknown') return head.code;
  if (!isCoded(head.kind)) return EXPERIMENTER_CODE;
  const code = CODES[head.kind][version === OF10 ? 0 : 1];
  if (code < 0) throw new OpenFlowEncodeError(`OpenFlow 1.0 has no statistics ${head.kind}`);
  return code;
}

function isCoded(kind: string): kind is CodedKind {
  return Object.hasOwn(CODES, kind);
}

function putSubtype(w: Writer, kind: string, version: Version): void {
  const subtypes: Readonly<Record<string, number | undefined>> =
    version === OF10 ? NICIRA10 : ONF13;
  const subtype = subtypes[kind];
  if (subtype === undefined) {
    throw new OpenFlowEncodeError(`wire version ${version} has no statistics ${kind}`);
  }
  w.u32(version === OF10 ? Experimenter.nicira : Experimenter.onf);
  w.u32(subtype);
  if (version === OF10) w.zeros(4);
}

/** Reads everything before the body. */
export function getMultipartHeader(
  r: Reader,
  version: Version,
): { readonly more: boolean; readonly head: BodyHead } {
  const code = r.u16();
  const more = (r.u16() & MORE) !== 0;
  if (version !== OF10) r.skip(4);
  if (code === EXPERIMENTER_CODE) return { more, head: getExperimenter(r, version) };
  const column = version === OF10 ? 0 : 1;
  for (const kind of Object.keys(CODES)) {
    if (isCoded(kind) && CODES[kind][column] === code) return { more, head: { kind } };
  }
  return { more, head: { kind: 'unknown', code } };
}

function getExperimenter(r: Reader, version: Version): BodyHead {
  const experimenter = r.u32();
  const at = r.at;
  const known = version === OF10 ? Experimenter.nicira : Experimenter.onf;
  if (experimenter === known && r.left >= 4) {
    const subtype = r.u32();
    const kind = version === OF10 ? niciraKind(subtype) : onfKind(subtype);
    if (kind !== undefined) {
      if (version === OF10) r.skip(4);
      return { kind };
    }
    r.at = at;
  }
  return { kind: 'experimenter', experimenter };
}

function niciraKind(subtype: number): ExtensionKind | undefined {
  if (subtype === NICIRA10['nx-flow']) return 'nx-flow';
  if (subtype === NICIRA10['nx-aggregate']) return 'nx-aggregate';
  return subtype === NICIRA10['flow-monitor'] ? 'flow-monitor' : undefined;
}

function onfKind(subtype: number): ExtensionKind | undefined {
  return subtype === ONF13['flow-monitor'] ? 'flow-monitor' : undefined;
}
