import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import type { FlowAction } from '../../../../engine/model/action.ts';
import type { FieldName } from '../../../../engine/model/match.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { TunnelHeader } from '../../../../engine/model/tunnel.ts';
import { ethernet, ipv4, udp } from '../../../../lab/testbed/frames.ts';
import { carried, idText, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { encapsulated, tunnelHeader } from '../support/tunnel-model.ts';
import type { World } from '../support/world.ts';
import { actionsFor, frame, matchFor } from './support/arbitrary.ts';
import { performed, seenOf } from './support/model.ts';
import { type ProgramRun, VERDICT } from './support/program-run.ts';
import { openProgramBed } from './support/program-bed.ts';
import { rewritesTuple } from './support/tuple-model.ts';

const MTU = 1_500;

/** A frame that the program looks at, a flow for it, and the tunnel that the flow's packets go into. */
const cases = frame
  .filter((packet) => seenOf(packet) !== undefined)
  .chain((packet) => {
    const fields = seenOf(packet)?.fields ?? new Map<FieldName, Uint8Array>();
    return fc.record({
      packet: fc.constant(packet),
      fields: matchFor(fields),
      actions: actionsFor(fields, 'out'),
      header: tunnelHeader,
    });
  });

describe('XDP program, packets into tunnels', function () {
  this.timeout(60_000);
  let world: World;
  let backend: HostBackend;
  let program: ProgramRun;
  let inPort = '';
  let outPort = '';

  before(async function () {
    needs(this, 'root', 'netns', 'xdp');
    ({ world, backend, program, inPort, outPort } = await openProgramBed());
    program.finishChecksums(world.port(inPort).ifindex);
  });

  after(async () => {
    program?.close();
    await backend?.close('withdraw');
    await world?.close();
  });

  const run = (packet: Buffer) => program.run(packet, world.port(inPort).ifindex);

  async function install(flow: FlowSpec): Promise<void> {
    const [put] = await backend.apply([{ kind: 'put', flow }], never());
    assert.ok(put.ok, JSON.stringify(put));
  }

  it('puts headers in front of rewritten packets as the model does, and counts them as they came', async () => {
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ packet, fields, header, ...flowOf }) => {
        const before = flowOf.actions.filter(
          ({ kind }) => kind !== 'output' && kind !== 'push-vlan',
        );
        const actions: FlowAction[] = [
          ...before,
          { kind: 'push-tunnel', header },
          { kind: 'output', port: outPort },
        ];
        const flow = { id: flowId(1), match: { inPort, fields, opaque: [] }, actions };
        await backend.withdrawAll();
        await carried(backend);
        const [put] = await backend.apply([{ kind: 'put', flow }], never());
        if (!put.ok) return assert.match(put.refusal.detail, /checksum/);
        const { verdict, bytes } = run(packet);
        const seen = seenOf(packet);
        const isLeft =
          ((seen?.fields.get('tcp_flags')?.[1] ?? 0) & 0x05) !== 0 ||
          (seen?.isBehindExtensions === true && rewritesTuple(flow.match, actions));
        if (isLeft) {
          assert.equal(verdict, VERDICT.pass);
          return assert.equal(bytes.toString('hex'), packet.toString('hex'));
        }
        assert.equal(verdict, VERDICT.redirect);
        const expected = encapsulated(performed(packet, actions), header);
        assert.equal(bytes.toString('hex'), expected.toString('hex'));
        const sum = (await carried(backend)).get(idText(flow));
        assert.deepEqual([sum?.packets, sum?.bytes], [1, packet.length]);
        sent++;
      }),
      { numRuns: 100 },
    );
    assert.ok(sent > 30, `only ${sent} packets were put into tunnels: a weak test`);
  });

  const HEADER: TunnelHeader = {
    kind: 'geneve',
    ethernet: { src: Uint8Array.of(2, 0, 0, 0, 0, 3), dst: Uint8Array.of(2, 0, 0, 0, 0, 4) },
    src: Uint8Array.of(172, 16, 0, 1),
    dst: Uint8Array.of(172, 16, 0, 2),
    tos: 0,
    ttl: 64,
    doNotFragment: true,
    srcPort: 40_000,
    dstPort: 6081,
    hasChecksum: true,
    vni: 7,
    options: Uint8Array.of(1, 2, 0x80, 1, 0, 1, 0, 2),
  };
  const match = () => matchOn(inPort, exactly('eth_type', 0x0800));
  const into = (header: TunnelHeader, ...more: FlowAction[]): FlowAction[] => [
    { kind: 'push-tunnel', header },
    ...more,
    { kind: 'output', port: outPort },
  ];
  /** An Ethernet frame of `length` bytes. */
  function datagram(length: number): Buffer {
    const ip = {
      src: Buffer.from([10, 0, 0, 1]),
      dst: Buffer.from([10, 0, 0, 2]),
      protocol: 17,
      ttl: 64,
      tos: 0,
    };
    const payload = ipv4(ip, 1, udp(ip, 1, 2, Buffer.alloc(length - 42, 0x5a)));
    const macs = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
    return ethernet({ ...macs, etherType: 0x0800, payload });
  }

  it("sends the largest packets that fit the output's MTU, and leaves larger ones to the vSwitch", async () => {
    for (const hasChecksum of [true, false]) {
      const header = { ...HEADER, hasChecksum };
      await backend.withdrawAll();
      await install({ id: flowId(1), match: match(), actions: into(header) });
      // IPv4, UDP, Geneve and its options in front.
      const largest = datagram(MTU - 20 - 8 - 8 - 8);
      const { verdict, bytes } = run(largest);
      assert.equal(verdict, VERDICT.redirect);
      assert.equal(bytes.toString('hex'), encapsulated(largest, header).toString('hex'));
      const larger = datagram(largest.length + 1);
      const left = run(larger);
      assert.equal(left.verdict, VERDICT.pass);
      assert.ok(left.bytes.equals(larger));
    }
  });

  it('sends with a tag that is pushed onto the outer header', async () => {
    const tag = { kind: 'push-vlan', tpid: 0x8100, vid: 5, pcp: 3 } as const;
    await backend.withdrawAll();
    await install({ id: flowId(1), match: match(), actions: into(HEADER, tag) });
    const packet = datagram(99);
    const { verdict, bytes } = run(packet);
    assert.equal(verdict, VERDICT.redirect);
    const expected = performed(encapsulated(packet, HEADER), [tag]);
    assert.equal(bytes.toString('hex'), expected.toString('hex'));
  });

  it('refuses what it cannot do, with the reason', async () => {
    const tag = { kind: 'push-vlan', tpid: 0x8100, vid: 5, pcp: 3 } as const;
    const refused: readonly (readonly [FlowAction[], RegExp])[] = [
      [
        into({ ...HEADER, ethernet: undefined }),
        /geneve vni 0x7: no outer MAC addresses are given/,
      ],
      [into({ ...HEADER, srcPort: undefined }), /no outer UDP source port is given/],
      [into({ ...HEADER, options: new Uint8Array(68) }), /68 bytes, and 64 are supported/],
      [into({ ...HEADER, options: new Uint8Array(6) }), /malformed/],
      [into({ ...HEADER, dst: new Uint8Array(16) }), /not both IPv4 or both IPv6/],
      [[tag, ...into(HEADER)], /a VLAN tag is pushed onto a packet for a tunnel/],
      [into(HEADER, { kind: 'push-tunnel', header: HEADER }), /a tunnel in a tunnel/],
      [into(HEADER, { kind: 'pop-vlan' }), /pop_vlan on outer headers/],
      [[{ kind: 'push-tunnel', header: HEADER }], /go nowhere/],
    ];
    for (const [actions, words] of refused) {
      const flow = { id: flowId(1), match: match(), actions };
      const [result] = await backend.apply([{ kind: 'put', flow }], never());
      assert.ok(!result.ok);
      assert.equal(result.refusal.code, 'unsupported-action');
      assert.match(result.refusal.detail, words);
    }
  });

  it('replaces the headers of a flow, and goes on counting', async () => {
    await backend.withdrawAll();
    await carried(backend);
    const packet = datagram(200);
    for (let n = 0; n < 20; n++) {
      const header = { ...HEADER, vni: n };
      const flow = { id: flowId(1), match: match(), actions: into(header) };
      await install(flow);
      const { bytes } = run(packet);
      assert.equal(bytes.toString('hex'), encapsulated(packet, header).toString('hex'));
      const sum = (await carried(backend)).get(idText(flow));
      assert.deepEqual([sum?.packets, sum?.bytes], [1, packet.length]);
      const [again] = await backend.apply([{ kind: 'put', flow }], never());
      assert.ok(again.ok);
      assert.equal(again.outcome, 'unchanged');
    }
  });
});
