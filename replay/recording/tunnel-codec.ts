import type { FieldMatch, TunnelMatch } from '../../engine/model/match.ts';
import type { TunnelHeader, TunnelKind } from '../../engine/model/tunnel.ts';
import type { ByteWriter } from './byte-writer.ts';
import { Kind } from './format.ts';
import type { PayloadReader } from './payload-reader.ts';

/** Encodes the outer headers that packets are sent with. */
export function encodeHeader(header: TunnelHeader, to: ByteWriter): void {
  const { ethernet, src, dst, srcPort } = header;
  to.byte(Kind[header.kind]);
  to.byte(Number(ethernet !== undefined));
  if (ethernet !== undefined) {
    to.bytes(ethernet.src);
    to.bytes(ethernet.dst);
  }
  to.byte(src.length);
  to.bytes(src);
  to.bytes(dst);
  to.byte(header.tos);
  to.byte(header.ttl);
  to.byte(Number(header.doNotFragment));
  to.varint(srcPort === undefined ? 0 : srcPort + 1);
  to.varint(header.dstPort);
  to.byte(Number(header.hasChecksum));
  to.varint(header.vni);
  encodeOptions(header.options, to);
}

/** Decodes what {@link encodeHeader} writes. @throws {PayloadError} */
export function decodeHeader(from: PayloadReader): TunnelHeader {
  const kind = decodeKind(from);
  const ethernet = decodeFlag(from) ? { src: from.bytes(6), dst: from.bytes(6) } : undefined;
  const length = from.byte();
  if (length !== 4 && length !== 16) throw from.error(`invalid length ${length} of an address`);
  const src = from.bytes(length);
  const dst = from.bytes(length);
  const tos = from.byte();
  const ttl = from.byte();
  const doNotFragment = decodeFlag(from);
  const port = from.varint();
  const dstPort = from.varint();
  const hasChecksum = decodeFlag(from);
  if (port > 0x1_0000 || dstPort > 0xffff) throw from.error('a port is too large');
  const srcPort = port === 0 ? undefined : port - 1;
  const ip = { ethernet, src, dst, tos, ttl, doNotFragment };
  return { kind, ...ip, srcPort, dstPort, hasChecksum, ...decodeNetwork(from) };
}

/** Encodes the tunnel of a match; undefined: the packets arrive in no tunnel. */
export function encodeTunnelMatch(
  tunnel: TunnelMatch | undefined,
  to: ByteWriter,
  encodeFields: (fields: readonly FieldMatch[]) => void,
): void {
  to.byte(Number(tunnel !== undefined));
  if (tunnel === undefined) return;
  to.byte(Kind[tunnel.kind]);
  encodeFields(tunnel.fields);
  to.varint(tunnel.vni);
  encodeOptions(tunnel.options, to);
  to.byte(encodeChoice(tunnel.doNotFragment));
  to.byte(encodeChoice(tunnel.hasChecksum));
}

/** Decodes what {@link encodeTunnelMatch} writes. @throws {PayloadError} */
export function decodeTunnelMatch(
  from: PayloadReader,
  decodeFields: () => readonly FieldMatch[],
): TunnelMatch | undefined {
  if (!decodeFlag(from)) return undefined;
  const kind = decodeKind(from);
  const fields = decodeFields();
  const network = decodeNetwork(from);
  const doNotFragment = decodeChoice(from);
  const hasChecksum = decodeChoice(from);
  return {
    kind,
    fields,
    ...network,
    ...(doNotFragment === undefined ? {} : { doNotFragment }),
    ...(hasChecksum === undefined ? {} : { hasChecksum }),
  };
}

function decodeKind(from: PayloadReader): TunnelKind {
  const number = from.byte();
  if (number === Kind.geneve) return 'geneve';
  if (number === Kind.vxlan) return 'vxlan';
  throw from.error(`unknown kind ${number} of tunnel`);
}

function decodeFlag(from: PayloadReader): boolean {
  const flag = from.byte();
  if (flag > 1) throw from.error(`${flag} is neither 0 nor 1`);
  return flag === 1;
}

/** 0: either, 1: no, 2: yes. */
function encodeChoice(choice: boolean | undefined): number {
  return choice === undefined ? 0 : 1 + Number(choice);
}

function decodeChoice(from: PayloadReader): boolean | undefined {
  const number = from.byte();
  if (number > 2) throw from.error(`${number} is neither 0, 1 nor 2`);
  return number === 0 ? undefined : number === 2;
}

function encodeOptions(options: Uint8Array, to: ByteWriter): void {
  to.varint(options.length);
  to.bytes(options);
}

function decodeNetwork(from: PayloadReader): Pick<TunnelHeader, 'vni' | 'options'> {
  const vni = from.varint();
  if (vni > 0xff_ffff) throw from.error(`the VNI ${vni} is too large`);
  return { vni, options: from.bytes(from.count(1)) };
}
