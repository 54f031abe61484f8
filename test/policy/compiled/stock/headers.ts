import {
  exactMask,
  type FieldMatch,
  type FieldName,
  fieldBytes,
  type FlowMatch,
} from '../../../../engine/model/match.ts';
import type { Seeded } from '../../../support/seeded.ts';
import { PORT_NAMES } from './subjects.ts';

/** Input port and matched headers by fact name; undefined without a value. */
export interface Headers {
  readonly inPort: string;
  readonly ethType: number;
  readonly ipProto: number;
  readonly tcpSrc: number | undefined;
  readonly tcpDst: number | undefined;
  readonly udpDst: number | undefined;
  readonly vlanId: number | undefined;
  readonly ipv4Src: string | undefined;
  readonly ipv4Dst: string | undefined;
  /** An address or a prefix. */
  readonly ipDst: string | undefined;
}

export function headersOf(random: Seeded): Headers {
  const tcp = random.chance(0.5);
  const port = (): number | undefined =>
    random.chance(0.3) ? undefined : random.pick([53, 80, 443, 8080, 65_535, 0]);
  const address = (): string =>
    `10.${random.below(3)}.${random.below(2)}.${random.pick([0, 1, 255])}`;
  const exact = random.chance(0.7);
  const ipv4Dst = random.chance(0.2) ? undefined : exact ? address() : undefined;
  return {
    inPort: random.pick(PORT_NAMES),
    ethType: 0x0800,
    ipProto: tcp ? 6 : 17,
    tcpSrc: tcp ? port() : undefined,
    tcpDst: tcp ? port() : undefined,
    udpDst: tcp ? undefined : port(),
    vlanId: random.chance(0.7) ? undefined : random.pick([0, 1, 100, 4095]),
    ipv4Src: random.chance(0.3) ? undefined : address(),
    ipv4Dst,
    // A prefix is not an address, but the flow matches the field.
    ipDst:
      ipv4Dst ?? (exact ? undefined : random.pick(['10.1.0.0/16', '10.0.0.0/9', '10.2.1.0/24'])),
  };
}

/** Match of a flow with these headers. */
export function matchOf(headers: Headers): FlowMatch {
  const { inPort, ethType, ipProto, tcpSrc, tcpDst, udpDst, vlanId, ipv4Src, ipDst } = headers;
  const fields = [
    ...(vlanId === undefined ? [] : [number('vlan_tpid', 0x8100), number('vlan_vid', vlanId)]),
    number('eth_type', ethType),
    ...(ipv4Src === undefined ? [] : [address('ipv4_src', ipv4Src)]),
    ...(ipDst === undefined ? [] : [address('ipv4_dst', ipDst)]),
    number('ip_proto', ipProto),
    ...(tcpSrc === undefined ? [] : [number('tcp_src', tcpSrc)]),
    ...(tcpDst === undefined ? [] : [number('tcp_dst', tcpDst)]),
    ...(udpDst === undefined ? [] : [number('udp_dst', udpDst)]),
  ];
  return { inPort, fields, opaque: [] };
}

function number(field: FieldName, value: number): FieldMatch {
  return { field, value: bigEndian(value, fieldBytes(field)), mask: exactMask(field) };
}

/** An address such as `10.0.0.1`, or a prefix such as `10.0.0.0/8`. */
function address(field: FieldName, text: string): FieldMatch {
  const [bytes, bits] = text.split('/');
  const mask = bits === undefined ? exactMask(field) : prefixMask(Number(bits));
  return { field, value: Uint8Array.from(bytes.split('.'), Number), mask };
}

function bigEndian(value: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => value >>> (8 * (length - 1 - i)));
}

function prefixMask(bits: number): Uint8Array {
  return Uint8Array.from({ length: 4 }, (_, i) => 0xff00 >> Math.min(8, Math.max(0, bits - 8 * i)));
}
