import type { Refusal } from '../../../engine/model/refusal.ts';
import { tunnelName } from '../../../engine/model/tunnel.ts';
import type { PushedTunnel } from './action-codec.ts';
import { ETH_IPV4, ETH_IPV6 } from './key-layout.ts';
import { TUNNEL_HEADER } from './records.ts';
import { optionsProblem, putTunnelHead, TUNNEL_HEAD_BYTES } from './tunnel-head.ts';

const ETHERNET_BYTES = 14;
const TAG_BYTES = 4;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const UDP_BYTES = 8;
const UDP = 17;
const DO_NOT_FRAGMENT = 0x4000;

/** Why a packet cannot be put into such a tunnel, or undefined. */
export function tunnelHeaderRefusal({ header }: PushedTunnel): Refusal | undefined {
  const { src, dst, options, kind } = header;
  const problem =
    src.length !== dst.length || (src.length !== 4 && src.length !== 16)
      ? 'its addresses are not both IPv4 or both IPv6'
      : optionsProblem(kind, options);
  if (problem === undefined) return undefined;
  return { code: 'unsupported-action', detail: `${tunnelName(header)}: ${problem}` };
}

/**
 * Writes `struct tunnel_header` of a tunnel that is not refused.
 *
 * @param into {@link TUNNEL_HEADER} bytes
 */
export function encodeTunnelHeader({ header, tag }: PushedTunnel, into: Uint8Array): void {
  into.fill(0);
  const view = new DataView(into.buffer, into.byteOffset, into.length);
  const isIpv4 = header.src.length === 4;
  const start = TUNNEL_HEADER.headers;
  const l3 = ETHERNET_BYTES + (tag === undefined ? 0 : TAG_BYTES);
  const l4 = l3 + (isIpv4 ? IPV4_BYTES : IPV6_BYTES);
  if (header.ethernet !== undefined) {
    into.set(header.ethernet.dst, start);
    into.set(header.ethernet.src, start + 6);
  }
  if (tag !== undefined) {
    view.setUint16(start + 12, tag.tpid);
    view.setUint16(start + 14, tag.tci);
  }
  view.setUint16(start + l3 - 2, isIpv4 ? ETH_IPV4 : ETH_IPV6);
  if (isIpv4) putIpv4(view, start + l3, into, header);
  else putIpv6(view, start + l3, into, header);
  view.setUint16(start + l4 + 2, header.dstPort);
  const head = start + l4 + UDP_BYTES;
  putTunnelHead(view, head, header);
  into.set(header.options, head + TUNNEL_HEAD_BYTES);
  const end = head + TUNNEL_HEAD_BYTES + header.options.length;

  view.setUint16(TUNNEL_HEADER.length, end - start, true);
  view.setUint8(TUNNEL_HEADER.l3, l3);
  view.setUint8(TUNNEL_HEADER.l4, l4);
  const flags =
    (isIpv4 ? TUNNEL_HEADER.ipv4 : 0) |
    (header.hasChecksum ? TUNNEL_HEADER.checksum : 0) |
    (header.doNotFragment ? TUNNEL_HEADER.doNotFragment : 0);
  view.setUint32(TUNNEL_HEADER.flags, flags, true);
  if (isIpv4) view.setUint32(TUNNEL_HEADER.ipSum, sumOf(view, start + l3, start + l4), true);
  // The addresses of either IP header are at its end; the protocol is a word of the pseudo header.
  const addresses = start + l4 - 2 * header.src.length;
  view.setUint32(TUNNEL_HEADER.udpSum, (sumOf(view, addresses, end) + (UDP << 8)) >>> 0, true);
}

type Outer = PushedTunnel['header'];

function putIpv4(view: DataView, at: number, bytes: Uint8Array, outer: Outer): void {
  view.setUint8(at, 0x45);
  view.setUint8(at + 1, outer.tos);
  view.setUint16(at + 6, outer.doNotFragment ? DO_NOT_FRAGMENT : 0);
  view.setUint8(at + 8, outer.ttl);
  view.setUint8(at + 9, UDP);
  bytes.set(outer.src, at + 12);
  bytes.set(outer.dst, at + 16);
}

function putIpv6(view: DataView, at: number, bytes: Uint8Array, outer: Outer): void {
  view.setUint32(at, (0x6000_0000 | (outer.tos << 20)) >>> 0);
  view.setUint8(at + 6, UDP);
  view.setUint8(at + 7, outer.ttl);
  bytes.set(outer.src, at + 8);
  bytes.set(outer.dst, at + 24);
}

/** Sum of the 16-bit words as the machine reads them; both ends are even. */
function sumOf(view: DataView, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 2) sum += view.getUint16(at, true);
  return sum;
}
