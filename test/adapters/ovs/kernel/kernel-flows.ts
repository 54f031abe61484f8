import { encodeAttribute } from '../../../../protocols/netlink/attributes.ts';
import { KEY } from '../../../../adapters/ovs/kernel/key-table.ts';
import { ACTION } from '../../../../adapters/ovs/kernel/action-text.ts';
import { fieldOf } from '../../../../engine/model/match.ts';
import type { FlowTable } from '../../../../engine/model/flow-table.ts';
import type { FakeFlow } from './fake-kernel.ts';

export const FRAME_BYTES = 100;
const ETHER_TYPE = 0x88b5;

export function ufidOf(n: number): Buffer {
  const ufid = Buffer.alloc(16, 0xab);
  ufid.writeUInt32LE(n, 12);
  return ufid;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
}

function be16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value, 0);
  return bytes;
}

const macOf = (n: number): Buffer => Buffer.from([2, 0, 0, 0, 1, n]);

/** Sends out of the port. */
export const outputTo = (port: number): Buffer => encodeAttribute(ACTION.output, u32(port));

/** Traffic `n`: from a MAC of its own at a port, out of another. */
export function kernelFlow(n: number, { inPort = 1, actions = outputTo(2) } = {}): FakeFlow {
  const key = (port: Buffer, source: Buffer, destination: Buffer, type: Buffer): Buffer =>
    Buffer.concat([
      encodeAttribute(KEY.inPort, port),
      encodeAttribute(KEY.ethernet, Buffer.concat([source, destination])),
      encodeAttribute(KEY.etherType, type),
    ]);
  return {
    ufid: ufidOf(n),
    key: key(u32(inPort), macOf(n), Buffer.alloc(6), be16(ETHER_TYPE)),
    mask: key(u32(0xffff_ffff), Buffer.alloc(6, 0xff), Buffer.alloc(6), be16(0xffff)),
    actions,
    packets: 0,
    bytes: 0,
    usedMs: 0,
  };
}

/** The live row of traffic `n`, or -1. */
export function rowOf(table: FlowTable, n: number): number {
  const mac = macOf(n);
  const rows = table.rows.subarray(0, table.count);
  const found = rows.find((row) => {
    const field = fieldOf(table.matchAt(row), 'eth_src');
    return field !== undefined && mac.equals(field.value);
  });
  return found ?? -1;
}
