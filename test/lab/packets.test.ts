import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseInterval } from '../../lab/testbed/iperf3.ts';
import {
  arpRequest,
  checksum,
  echoRequest,
  ethernet,
  ipv4,
  ipv6,
  MARKER,
  tcp,
  udp,
} from '../../lab/testbed/frames.ts';
import { TestNode } from '../../lab/testbed/node.ts';
import { Capture, deliveries, sendFrames, sequenceOf } from '../../lab/testbed/packets.ts';
import { sleep } from '../../lab/testbed/wait.ts';
import { needs } from '../support/needs.ts';

const IP = {
  src: Buffer.from([10, 0, 0, 1]),
  dst: Buffer.from([10, 0, 0, 2]),
  ttl: 64,
  tos: 0,
};
const IP6 = { ...IP, src: Buffer.alloc(16, 0xfd), dst: Buffer.alloc(16, 0xfe) };
const MACS = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };

function numbered(sequence: number): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(sequence);
  return Buffer.concat([MARKER, number]);
}

describe('hand-made frames', () => {
  it('sum up to the checksum of RFC 1071', () => {
    assert.equal(checksum(Buffer.from('0001f203f4f5f6f7', 'hex')), 0x220d);
  });

  it('have checksums that a receiver finds right', () => {
    const bytes = fc.uint8Array({ maxLength: 1_400 }).map((data) => Buffer.from(data));
    fc.assert(
      fc.property(bytes, (data) => {
        const packet = ipv4({ ...IP, protocol: 17 }, 7, data);
        assert.equal(checksum(packet.subarray(0, 20)), 0);
        assert.equal(checksum(echoRequest({ ...IP, protocol: 1 }, 7, data)), 0);
      }),
    );
  });
});

describe('an iperf3 interval line', () => {
  it('gives time, bytes and rate', () => {
    const line = '[  5]   0.50-1.00   sec  39.1 MBytes  655971 Kbits/sec    0   1.03 MBytes';
    assert.deepEqual(parseInterval(line, 9), {
      atMs: 9,
      startSeconds: 0.5,
      seconds: 0.5,
      bitsPerSecond: 655_971_000,
      bytes: 40_999_322,
    });
  });

  it('is not the summary at the end', () => {
    const line = '[  5]   0.00-2.00   sec   156 MBytes  655971 Kbits/sec    0             sender';
    assert.equal(parseInterval(line, 0), undefined);
  });
});

describe('deliveries of numbered packets', () => {
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

  it('are complete in any order', () => {
    assert.deepEqual(deliveries([...range(16, 40), 15, ...range(40, 60)], 5), {
      sent: 35,
      lost: [],
    });
  });

  it('show each packet that did not arrive, except at the ends', () => {
    const arrived = range(0, 50).filter((number) => ![1, 20, 21, 48].includes(number));
    assert.deepEqual(deliveries(arrived, 5), { sent: 40, lost: [20, 21] });
  });

  it('are not known of fewer packets than the ends have', () => {
    assert.deepEqual(deliveries(range(0, 9), 5), { sent: 0, lost: [] });
    assert.deepEqual(deliveries([], 5), { sent: 0, lost: [] });
  });
});

describe('sending and capturing frames', function () {
  this.timeout(30_000);
  let node: TestNode;

  before(async function () {
    needs(this, 'root', 'netns', 'ovs', 'debian-python3');
    node = await TestNode.start();
  });
  after(() => node?.stop());

  it('brings every frame unchanged from VM to VM, with its tags', async () => {
    const [from, to] = [await node.addVm(1), await node.addVm(2)];
    const udpIp = { ...IP, protocol: 17 };
    const tcpIp6 = { ...IP6, protocol: 6 };
    const bodies = [
      { etherType: 0x0800, payload: ipv4(udpIp, 1, udp(udpIp, 1, 2, numbered(0))) },
      { etherType: 0x86dd, payload: ipv6(tcpIp6, 5, tcp(tcpIp6, 1, 2, 3, 0x10, numbered(1))) },
      {
        etherType: 0x0806,
        payload: Buffer.concat([arpRequest(MACS.src, IP.src, IP.dst), numbered(2)]),
      },
      { etherType: 0x88b5, payload: numbered(3) },
    ];
    const tags = [
      [],
      [{ tpid: 0x8100, vid: 5, pcp: 3 }],
      [
        { tpid: 0x88a8, vid: 6, pcp: 0 },
        { tpid: 0x8100, vid: 7, pcp: 1 },
      ],
    ];
    const frames = tags.flatMap((stack) =>
      bodies.map((body) => ethernet({ ...MACS, tags: stack, ...body })),
    );
    const capture = await Capture.start(to.namespace);
    await sendFrames(from.namespace, frames, 200, node.ovs.runDir);
    await sleep(300);
    assert.deepEqual(
      capture.take().map((frame) => frame.bytes.toString('hex')),
      frames.map((frame) => frame.toString('hex')),
    );
    assert.equal(sequenceOf(frames[3]), 3);
  });
});
