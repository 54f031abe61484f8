import type { FlowAction } from '../../../../engine/model/action.ts';
import type { FieldMatch, FieldName } from '../../../../engine/model/match.ts';
import { ethernet, ipv4, udp } from '../../../../lab/testbed/frames.ts';
import { allBits, exactly, numberBytes } from '../../../support/match-fields.ts';

/** Of an untagged IPv4 frame. */
export const UDP_CHECKSUM_AT = 14 + 20 + 6;

/** A packet, a flow that has it, and a rewrite. */
interface ChecksumOfZero {
  readonly packet: Buffer;
  readonly fields: readonly FieldMatch[];
  readonly action: FlowAction;
}

/**
 * UDP datagrams whose checksum becomes zero by a rewrite of a port and of an address. In UDP zero
 * means no checksum; the vSwitch writes 0xffff, which is the same sum.
 */
export function checksumsOfZero(): readonly ChecksumOfZero[] {
  const ip = { src: Buffer.from([10, 0, 0, 1]), dst: Buffer.from([10, 0, 3, 7]), protocol: 17 };
  const header = { ...ip, ttl: 64, tos: 0 };
  const [port, low] = [700, ip.dst.readUInt16BE(2)];
  const segment = udp(header, 900, port, Buffer.from('some data'));
  const sum = segment.readUInt16BE(6);
  const macs = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
  const packet = ethernet({ ...macs, etherType: 0x0800, payload: ipv4(header, 1, segment) });
  const fields = [exactly('eth_type', 0x0800), exactly('ip_proto', 17), exactly('ip_frag', 0)];
  const address = new Uint8Array([
    ...ip.dst.subarray(0, 2),
    ...numberBytes('udp_dst', (sum + low) % 0xffff),
  ]);
  return [
    { packet, fields, action: set('udp_dst', numberBytes('udp_dst', (sum + port) % 0xffff)) },
    { packet, fields, action: set('ipv4_dst', address) },
  ];
}

function set(field: FieldName, value: Uint8Array): FlowAction {
  return { kind: 'set', field, value, mask: allBits(field) };
}
