import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { xdpTable } from '../../../../lab/testbed/nic-tables.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import {
  checksum,
  echoRequest,
  ethernet,
  ipv4,
  ipv6,
  tcp,
  udp,
} from '../../../../lab/testbed/frames.ts';
import type { IpHeader } from '../../../../lab/testbed/frames.ts';
import { never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { builtObject } from '../support/object.ts';
import { ProgramRun, VERDICT } from './support/program-run.ts';
import { World } from '../support/world.ts';

const ENTRIES = 8;
const MACS = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
const HOST_A = Buffer.from([10, 0, 0, 1]);
const HOST_B = Buffer.from([10, 0, 0, 2]);
const V6_A = Buffer.from('fd000000000000000000000000000001', 'hex');
const V6_B = Buffer.from('fd000000000000000000000000000002', 'hex');
const V6_FINAL = Buffer.from('fd0000000000000000000000000000ff', 'hex');

/** A packet by the name of its hazard, and whether every checksum in it is known to be final. */
type Packet = readonly [name: string, packet: Buffer, finished: boolean];

const v4 = (protocol: number): IpHeader => ({
  src: HOST_A,
  dst: HOST_B,
  protocol,
  ttl: 64,
  tos: 0,
});
const v6 = (protocol: number): IpHeader => ({ src: V6_A, dst: V6_B, protocol, ttl: 64, tos: 0 });

/** A TCP segment; unfinished: its checksum is that of the pseudo header, as a sender leaves it. */
function segment(ip: IpHeader, finished: boolean): Buffer {
  const bytes = tcp(ip, 1, 2, 3, 0x18, Buffer.alloc(100, 7));
  if (!finished) bytes.writeUInt16BE(pseudoSum(ip, bytes.length), 16);
  return bytes;
}

function pseudoSum({ src, dst, protocol }: IpHeader, length: number): number {
  return (
    ~checksum(Buffer.concat([src, dst, Buffer.from([0, protocol, length >> 8, length & 255])])) &
    0xffff
  );
}

/** VXLAN around a TCP packet, over UDP with the checksum `outer`. */
function vxlan(innerFinished: boolean, outer: 'none' | 'right' | 'left to its device'): Buffer {
  const inner = ethernet({
    ...MACS,
    etherType: 0x0800,
    payload: ipv4(v4(6), 1, segment(v4(6), innerFinished)),
  });
  const datagram = udp(
    v4(17),
    50_000,
    4789,
    Buffer.concat([Buffer.from([8, 0, 0, 0, 0, 0, 42, 0]), inner]),
  );
  if (outer === 'none') datagram.writeUInt16BE(0, 6);
  if (outer === 'left to its device') datagram.writeUInt16BE(pseudoSum(v4(17), datagram.length), 6);
  return ipv4(v4(17), 1, datagram);
}

/** A VXLAN packet as Linux queues it with an outer checksum: right once the inner one is filled in. */
function vxlanWithLocalChecksumOffload(): Buffer {
  const finished = vxlan(true, 'right');
  const unfinished = vxlan(false, 'right');
  finished.copy(unfinished, 26, 26, 28);
  return unfinished;
}

function behindRoutingHeader(finished: boolean): Buffer {
  const final: IpHeader = { src: V6_A, dst: V6_FINAL, protocol: 6, ttl: 64, tos: 0 };
  const header = Buffer.concat([Buffer.from([6, 2, 4, 1, 0, 0, 0, 0]), V6_FINAL]);
  return ipv6(v6(43), 0, Buffer.concat([header, segment(final, finished)]));
}

function sctp(crc: number): Buffer {
  const chunk = Buffer.alloc(28);
  chunk.writeUInt16BE(1_000, 0);
  chunk.writeUInt16BE(2_000, 2);
  chunk.writeUInt32BE(crc, 8);
  return ipv4(v4(132), 1, chunk);
}

const gre = (inner: Buffer) => ipv4(v4(47), 1, Buffer.concat([Buffer.from([0, 0, 8, 0]), inner]));
const inner = (finished: boolean) => ipv4(v4(6), 1, segment(v4(6), finished));
const options = Buffer.from([1, 1, 1, 0]);

const IPV4: readonly Packet[] = [
  ['TCP', inner(true), true],
  ['TCP, left to its device', inner(false), false],
  ['TCP behind IP options', ipv4(v4(6), 1, segment(v4(6), true), { options }), false],
  ['a first fragment of TCP', ipv4(v4(6), 1, segment(v4(6), true), { fragment: 0x2000 }), true],
  ['a later fragment', ipv4(v4(6), 1, Buffer.alloc(64), { fragment: 0x00b9 }), true],
  ['UDP', ipv4(v4(17), 1, udp(v4(17), 1, 2, Buffer.alloc(100, 7))), true],
  ['an ICMP echo', ipv4(v4(1), 1, echoRequest(v4(1), 1, Buffer.alloc(32, 7))), true],
  ['VXLAN without an outer checksum', vxlan(true, 'none'), false],
  ['VXLAN without an outer checksum, TCP inside left to its device', vxlan(false, 'none'), false],
  ['VXLAN with an outer checksum', vxlan(true, 'right'), true],
  ['VXLAN, the outer checksum left to its device', vxlan(true, 'left to its device'), false],
  [
    'VXLAN with an outer checksum, TCP inside left to its device',
    vxlanWithLocalChecksumOffload(),
    false,
  ],
  ['GRE', gre(inner(true)), false],
  ['GRE, TCP inside left to its device', gre(inner(false)), false],
  ['IPIP, TCP inside left to its device', ipv4(v4(4), 1, inner(false)), false],
  ['SCTP', sctp(0x12345678), true],
  ['SCTP, CRC left to its device', sctp(0), false],
];

const IPV6: readonly Packet[] = [
  ['TCP over IPv6', ipv6(v6(6), 0, segment(v6(6), true)), true],
  ['TCP over IPv6, left to its device', ipv6(v6(6), 0, segment(v6(6), false)), false],
  ['TCP behind a routing header', behindRoutingHeader(true), false],
  ['TCP behind a routing header, left to its device', behindRoutingHeader(false), false],
  ['an ICMPv6 echo', ipv6(v6(58), 0, echoRequest(v6(58), 1, Buffer.alloc(32, 7))), true],
  ['IPv4 in IPv6, TCP inside left to its device', ipv6(v6(4), 0, inner(false)), false],
];

describe('XDP program, on a device whose sender may leave checksums to it', function () {
  this.timeout(30_000);
  let world: World;
  let backend: HostBackend;
  let program: ProgramRun;
  let ifindex = 0;

  before(async function () {
    needs(this, 'root', 'netns', 'xdp');
    const objectPath = builtObject();
    world = await World.create(2);
    const [inPort, outPort] = world.names();
    const pinPath = world.pinPath();
    const common = { pinPath, objectPath, entries: ENTRIES, masks: 8, mode: 'native' } as const;
    backend = xdpTable({ ...common, leaseMs: 600_000, heartbeatMs: 0, trainMs: 0 });
    await backend.start(world.snapshot(), never());
    await backend.renewLease(monotonicMs());
    ({ ifindex } = world.port(inPort));
    program = await ProgramRun.load(pinPath, objectPath, ENTRIES);
    const types = [0x0800, 0x86dd];
    const actions = [{ kind: 'output' as const, port: outPort }];
    const operations = types.map((type, i) => ({
      kind: 'put' as const,
      flow: { id: flowId(i), match: matchOn(inPort, exactly('eth_type', type)), actions },
    }));
    const results = await backend.apply(operations, never());
    assert(results.every((result) => result.ok));
  });

  after(async () => {
    program?.close();
    await backend?.close('withdraw');
    await world?.close();
  });

  const check = (name: string, etherType: number, payload: Buffer, finished: boolean): void => {
    it(`${finished ? 'redirects' : 'leaves to the vSwitch'}: ${name}`, () => {
      const frame = ethernet({ ...MACS, etherType, payload });
      const { verdict, bytes } = program.run(frame, ifindex);
      assert.equal(verdict, finished ? VERDICT.redirect : VERDICT.pass);
      assert(bytes.equals(frame));
    });
  };
  for (const [name, packet, finished] of IPV4) check(name, 0x0800, packet, finished);
  for (const [name, packet, finished] of IPV6) check(name, 0x86dd, packet, finished);

  for (const [name, fields] of [
    ['MPLS', [exactly('eth_type', 0x8847)]],
    ['LLDP', [exactly('eth_type', 0x88cc)]],
    ['GRE', [exactly('eth_type', 0x0800), exactly('ip_proto', 47)]],
    ['IPIP', [exactly('eth_type', 0x0800), exactly('ip_proto', 4), exactly('ip_frag', 0)]],
  ] as const) {
    it(`takes no entry for a flow of ${name}, of which it could redirect nothing`, () => {
      const [inPort, outPort] = world.names();
      const match = matchOn(inPort, ...fields);
      const flow = { id: flowId(9), match, actions: [{ kind: 'output' as const, port: outPort }] };
      const support = backend.supports(flow);
      assert(!support.ok);
      assert.equal(support.refusal.code, 'unsupported-match');
      assert.match(support.refusal.detail, /checksum/);
      assert(backend.supports({ ...flow, actions: [] }).ok, 'what is dropped needs no checksum');
    });
  }

  it('takes entries for fragments of any protocol, whose checksums are complete', () => {
    const [inPort, outPort] = world.names();
    const fields = [exactly('eth_type', 0x0800), exactly('ip_proto', 47), exactly('ip_frag', 2)];
    const actions = [{ kind: 'output' as const, port: outPort }];
    assert(backend.supports({ id: flowId(9), match: matchOn(inPort, ...fields), actions }).ok);
  });
});
