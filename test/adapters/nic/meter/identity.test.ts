import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { formatFlowId } from '../../../../engine/model/flow-id.ts';
import { PacketMeter } from '../../../../adapters/nic/meter/packet-meter.ts';
import { readMeter } from '../../../contract/connection-meter.ts';
import { frameOf, type SentConnection, VARIANTS } from '../../../contract/metered-frames.ts';
import { needs } from '../../../support/needs.ts';
import { MeterNode } from './support/meter-node.ts';

const MASK = (1n << 64n) - 1n;
const rotate = (word: bigint, bits: bigint): bigint =>
  ((word << bits) | (word >> (64n - bits))) & MASK;

/** SipHash-2-4 with 128 bits of output, of whole words (Aumasson and Bernstein). */
function siphash(key: readonly [bigint, bigint], words: readonly bigint[]): [bigint, bigint] {
  let v0 = key[0] ^ 0x736f6d6570736575n;
  let v1 = key[1] ^ 0x646f72616e646f6dn ^ 0xeen;
  let v2 = key[0] ^ 0x6c7967656e657261n;
  let v3 = key[1] ^ 0x7465646279746573n;
  const rounds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      v0 = (v0 + v1) & MASK;
      v1 = rotate(v1, 13n) ^ v0;
      v0 = rotate(v0, 32n);
      v2 = (v2 + v3) & MASK;
      v3 = rotate(v3, 16n) ^ v2;
      v0 = (v0 + v3) & MASK;
      v3 = rotate(v3, 21n) ^ v0;
      v2 = (v2 + v1) & MASK;
      v1 = rotate(v1, 17n) ^ v2;
      v2 = rotate(v2, 32n);
    }
  };
  for (const word of [...words, (BigInt(words.length * 8) & 0xffn) << 56n]) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
  v2 ^= 0xeen;
  rounds(4);
  const first = v0 ^ v1 ^ v2 ^ v3;
  v1 ^= 0xddn;
  rounds(4);
  return [first, v0 ^ v1 ^ v2 ^ v3];
}

/** The id of a connection on a port, computed from what docs/connections.md says of it. */
function idOf(uuid: string, connection: SentConnection): string {
  const { protocol, src, dst, srcPort, dstPort, tag } = connection;
  const key = createHash('sha256').update(uuid).digest();
  const bytes = Buffer.alloc(40);
  if (tag !== undefined) bytes.writeUInt16BE((tag.pcp << 13) | 0x1000 | tag.vid, 0);
  bytes[2] = (src.length === 4 ? 4 : 6) | (tag?.tpid === 0x88a8 ? 0x10 : 0);
  bytes[3] = protocol;
  bytes.writeUInt16BE(srcPort, 4);
  bytes.writeUInt16BE(dstPort, 6);
  src.copy(bytes, 8);
  dst.copy(bytes, 24);
  const words = [0, 8, 16, 24, 32].map((at) => bytes.readBigUInt64LE(at));
  const hash = siphash([key.readBigUInt64LE(0), key.readBigUInt64LE(8)], words);
  const [w0, w1, w2, w3] = hash.flatMap((word) => [
    Number(word & 0xffff_ffffn),
    Number(word >> 32n),
  ]);
  return formatFlowId({ w0, w1, w2, w3 });
}

describe('ids of connections', function () {
  this.timeout(20_000);
  let node: MeterNode;

  before(async function () {
    needs(this, 'root', 'netns', 'tcx', 'debian-python3');
    node = await MeterNode.start();
  });

  after(async () => {
    await node?.close();
  });

  it('agree with the published hash', () => {
    // vectors_sip128 of the authors' siphash/vectors.h: key 00 01 .. 0f, no input, and 00 01 .. 07.
    const key: [bigint, bigint] = [0x0706050403020100n, 0x0f0e0d0c0b0a0908n];
    assert.deepEqual(siphash(key, []), [0xe6a825ba047f81a3n, 0x930255c71472f66dn]);
    const words = [0x0706050403020100n];
    assert.deepEqual(siphash(key, words), [0x61f55862baa9623bn, 0xb49714f364e2830fn]);
  });

  it('are the hash of port, tag, protocol, ports and addresses', async () => {
    const asked = { connections: 4096, forgetAfterMs: 60_000, sampling: 1 };
    const meter = new PacketMeter(node.options(node.world.pinPath(), asked));
    try {
      await meter.portsChanged(node.world.snapshot());
      const [port] = node.names();
      const { uuid } = node.world.port(port);
      await node.send(
        port,
        VARIANTS.map((connection) => frameOf(connection)),
      );
      const { all } = await readMeter(meter);
      const expected = VARIANTS.map((connection) => idOf(uuid, connection));
      assert.deepEqual([...all.keys()].sort(), expected.sort());
    } finally {
      await meter.close('withdraw');
    }
  });
});
