import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import type { Match10 } from './match.ts';
import { Wildcard10 } from './match.ts';
import { getPort10, putPort10 } from './port-number.ts';

const ZERO_MAC = new Uint8Array(6);

/** A match for every packet. */
export const MATCH10_ALL: Match10 = {
  kind: 'of10',
  wildcards: Wildcard10.all,
  inPort: 0,
  ethSrc: ZERO_MAC,
  ethDst: ZERO_MAC,
  vlanVid: 0,
  vlanPcp: 0,
  ethType: 0,
  ipTos: 0,
  ipProto: 0,
  ipSrc: 0,
  ipDst: 0,
  tpSrc: 0,
  tpDst: 0,
};

/** OpenFlow 1.0, section 5.2.3 (ofp_match). */
export function putMatch10(w: Writer, match: Match10): void {
  w.u32(match.wildcards);
  putPort10(w, match.inPort);
  w.exactly(match.ethSrc, 6, 'a MAC address');
  w.exactly(match.ethDst, 6, 'a MAC address');
  w.u16(match.vlanVid);
  w.u8(match.vlanPcp);
  w.zeros(1);
  w.u16(match.ethType);
  w.u8(match.ipTos);
  w.u8(match.ipProto);
  w.zeros(2);
  w.u32(match.ipSrc);
  w.u32(match.ipDst);
  w.u16(match.tpSrc);
  w.u16(match.tpDst);
}

export function getMatch10(r: Reader): Match10 {
  const wildcards = r.u32();
  const inPort = getPort10(r);
  const ethSrc = r.bytes(6);
  const ethDst = r.bytes(6);
  const vlanVid = r.u16();
  const vlanPcp = r.u8();
  r.skip(1);
  const ethType = r.u16();
  const ipTos = r.u8();
  const ipProto = r.u8();
  r.skip(2);
  const ipSrc = r.u32();
  const ipDst = r.u32();
  const tpSrc = r.u16();
  const tpDst = r.u16();
  return {
    kind: 'of10',
    wildcards,
    inPort,
    ethSrc,
    ethDst,
    vlanVid,
    vlanPcp,
    ethType,
    ipTos,
    ipProto,
    ipSrc,
    ipDst,
    tpSrc,
    tpDst,
  };
}

/** Mask of the IPv4 source or destination address; set bits must match. */
export function addressMask10(match: Match10, which: 'src' | 'dst'): number {
  const shift = which === 'src' ? Wildcard10.ipSrcShift : Wildcard10.ipDstShift;
  const ignored = (match.wildcards >>> shift) & 0x3f;
  return ignored >= 32 ? 0 : (0xffffffff << ignored) >>> 0;
}
