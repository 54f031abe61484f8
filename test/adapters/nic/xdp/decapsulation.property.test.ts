import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { FlowAction } from '../../../../engine/model/action.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { FieldName, TunnelMatch } from '../../../../engine/model/match.ts';
import type { TunnelHeader } from '../../../../engine/model/tunnel.ts';
import { ethernet, ipv4, udp } from '../../../../lab/testbed/frames.ts';
import { carried, idText, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { isOfTunnel, outerSeenOf, tunnelMatchFor } from '../support/arrived-model.ts';
import { encapsulated, tunnelHeader } from '../support/tunnel-model.ts';
import type { World } from '../support/world.ts';
import { actionsFor, frame, matchFor } from './support/arbitrary.ts';
import { matches, performed, seenOf } from './support/model.ts';
import { type ProgramRun, VERDICT } from './support/program-run.ts';
import { openProgramBed } from './support/program-bed.ts';
import { rewritesTuple } from './support/tuple-model.ts';

/** A frame in a tunnel, a flow for it, and near misses. */
const cases = frame
  .filter((packet) => seenOf(packet) !== undefined)
  .chain((inner) => fc.record({ inner: fc.constant(inner), header: tunnelHeader }))
  .chain(({ inner, header }) => {
    const outer = encapsulated(inner, header);
    const seen = outerSeenOf(outer, header.dstPort);
    const fields = seenOf(inner)?.fields ?? new Map<FieldName, Uint8Array>();
    return fc.record({
      outer: fc.constant(outer),
      header: fc.constant(header),
      fields: matchFor(fields),
      tunnel: seen === undefined ? fc.constant(undefined) : tunnelMatchFor(header, seen),
      actions: actionsFor(fields, 'out'),
      again: fc.option(tunnelHeader, { freq: 2 }),
      flips: fc.array(
        fc.record({ at: fc.nat(outer.length - inner.length + 30), byte: fc.nat(255) }),
        { maxLength: 5 },
      ),
      tail: fc.integer({ min: 0, max: 3 }),
    });
  });

describe('XDP program, packets out of tunnels', function () {
  this.timeout(60_000);
  let world: World;
  let backend: HostBackend;
  let make: () => HostBackend;
  let program: ProgramRun;
  let inPort = '';
  let outPort = '';

  before(async function () {
    needs(this, 'root', 'netns', 'xdp');
    ({ world, backend, program, inPort, outPort, make } = await openProgramBed());
  });

  after(async () => {
    program?.close();
    await backend?.close('withdraw');
    await world?.close();
  });

  const run = (packet: Buffer) => program.run(packet, world.port(inPort).ifindex);

  async function judge(runs: number, isWired: boolean): Promise<void> {
    let taken = 0;
    let left = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ outer, header, fields, tunnel, again, flips, ...more }) => {
        const sent = outerSeenOf(outer, header.dstPort);
        assert.ok(sent !== undefined && tunnel !== undefined);
        const inside: FlowAction[] = more.actions.filter(
          ({ kind }) => kind !== 'output' && (again === null || kind !== 'push-vlan'),
        );
        if (again !== null) inside.push({ kind: 'push-tunnel', header: again });
        const isDrop = more.actions.length === 0;
        const actions: FlowAction[] = isDrop ? [] : [...inside, { kind: 'output', port: outPort }];
        const match = { inPort, fields, opaque: [], tunnel };
        const flow = { id: flowId(1), match, actions };
        await backend.withdrawAll();
        await carried(backend);
        const [put] = await backend.apply([{ kind: 'put', flow }], never());
        if (!put.ok) return assert.match(put.refusal.detail, /checksum/);
        const others = flips.map(({ at, byte }) => {
          const copy = Buffer.from(outer);
          copy[at % copy.length] = byte;
          return copy;
        });
        const padded = Buffer.concat([outer, Buffer.alloc(more.tail)]);
        let packets = 0;
        let bytes = 0;
        for (const packet of [outer, padded, ...others]) {
          const seen = outerSeenOf(packet, header.dstPort);
          const inner = seen && seenOf(seen.inner);
          const ends = ((inner?.fields.get('tcp_flags')?.[1] ?? 0) & 0x05) !== 0;
          const isHit =
            seen !== undefined &&
            inner !== undefined &&
            isOfTunnel(tunnel, sent, seen) &&
            matches(match, inner.fields) &&
            !ends &&
            (isDrop ||
              (seen.isPlain &&
                (isWired || seen.hasChecksum || inner.finished) &&
                !(inner.isBehindExtensions && rewritesTuple(match, actions))));
          const result = run(packet);
          if (!isHit) {
            assert.equal(result.verdict, VERDICT.pass);
            assert.equal(result.bytes.toString('hex'), packet.toString('hex'));
            left++;
            continue;
          }
          packets++;
          bytes += packet.length;
          if (isDrop) {
            assert.equal(result.verdict, VERDICT.drop);
            continue;
          }
          assert.equal(result.verdict, VERDICT.redirect);
          const leaving = performed(seen.inner, actions);
          const expected = again === null ? leaving : encapsulated(leaving, again);
          assert.equal(result.bytes.toString('hex'), expected.toString('hex'));
          taken++;
        }
        const sum = (await carried(backend)).get(idText(flow));
        assert.deepEqual([sum?.packets ?? 0, sum?.bytes ?? 0], [packets, bytes]);
      }),
      { numRuns: runs },
    );
    assert.ok(taken > runs / 3, `only ${taken} packets were taken out of tunnels: a weak test`);
    assert.ok(left > runs / 3, `only ${left} packets were left to the vSwitch: a weak test`);
  }

  it('does what the model does, with packets of a sender on this host', () => judge(80, false));

  it('does what the model does, with packets from a wire', async () => {
    program.finishChecksums(world.port(inPort).ifindex);
    await judge(80, true);
  });

  const TUNNEL: TunnelMatch = {
    kind: 'geneve',
    fields: [
      exactly('eth_type', 0x0800),
      exactly('ipv4_src', Uint8Array.of(172, 16, 0, 1)),
      exactly('udp_dst', 6081),
    ],
    vni: 7,
    options: Uint8Array.of(1, 2, 0x80, 1, 0, 1, 0, 2),
  };

  const OUTER: TunnelHeader = {
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
    vni: TUNNEL.vni,
    options: TUNNEL.options,
  };

  function datagram(): Buffer {
    const ip = {
      src: Buffer.from([10, 0, 0, 1]),
      dst: Buffer.from([10, 0, 0, 2]),
      protocol: 17,
      ttl: 64,
      tos: 0,
    };
    const payload = ipv4(ip, 1, udp(ip, 1, 2, Buffer.alloc(60)));
    const macs = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
    return ethernet({ ...macs, etherType: 0x0800, payload });
  }

  const flowOf = (tunnel: TunnelMatch): FlowSpec => ({
    id: flowId(1),
    match: { ...matchOn(inPort, exactly('eth_type', 0x0800)), tunnel },
    actions: [{ kind: 'output', port: outPort }],
  });

  it('survives a restart with both kinds of tunnels, and a port takes its entries along', async () => {
    const pushed: TunnelHeader = {
      ...OUTER,
      kind: 'vxlan',
      options: new Uint8Array(),
      dstPort: 4789,
      vni: 9,
    };
    // Its counters begin here.
    const taken = { ...flowOf(TUNNEL), id: flowId(9) };
    const flow: FlowSpec = {
      ...taken,
      actions: [
        { kind: 'push-tunnel', header: pushed },
        { kind: 'output', port: outPort },
      ],
    };
    await backend.withdrawAll();
    await carried(backend);
    await backend.apply([{ kind: 'put', flow }], never());
    await backend.close('keep');
    backend = make();
    await backend.start(world.snapshot(), never());
    await backend.renewLease(monotonicMs());
    const inner = datagram();
    const packet = encapsulated(inner, OUTER);
    const { verdict, bytes } = run(packet);
    assert.equal(verdict, VERDICT.redirect);
    assert.equal(bytes.toString('hex'), encapsulated(inner, pushed).toString('hex'));
    const [again] = await backend.apply([{ kind: 'put', flow }], never());
    assert.deepEqual(again, { ok: true, outcome: 'unchanged' });
    const [other] = await backend.apply([{ kind: 'put', flow: taken }], never());
    assert.deepEqual(other, { ok: true, outcome: 'replaced' });
    assert.equal(run(packet).bytes.toString('hex'), inner.toString('hex'));
    const sum = (await carried(backend)).get(idText(flow));
    assert.deepEqual([sum?.packets, sum?.bytes], [2, 2 * packet.length]);

    const ports = new Map([...world.snapshot()].filter(([name]) => name !== inPort));
    const lost = await backend.portsChanged(ports);
    assert.deepEqual(lost, [flow.id]);
    assert.equal(run(packet).verdict, VERDICT.pass);
    await backend.portsChanged(world.snapshot());
  });

  it('refuses what it cannot match, with the reason', async () => {
    const part = { field: 'ipv4_dst', value: Uint8Array.of(172, 16, 0, 0) } as const;
    const refused: readonly (readonly [Partial<TunnelMatch>, RegExp])[] = [
      [{ options: new Uint8Array(68) }, /geneve vni 0x7: its options have 68 bytes/],
      [{ fields: [exactly('eth_type', 0x0800)] }, /its UDP port is not matched/],
      [{ fields: [exactly('udp_dst', 6081)] }, /the outer IP version is not matched/],
      [
        { fields: [...TUNNEL.fields, { ...part, mask: Uint8Array.of(255, 255, 0, 0) }] },
        /the outer ipv4_dst cannot be matched in part/,
      ],
      [
        { fields: [...TUNNEL.fields, exactly('udp_src', 5)] },
        /the outer udp_src cannot be matched/,
      ],
      [
        { fields: [...TUNNEL.fields, exactly('ip_frag', 1)] },
        /the outer ip_frag cannot be matched/,
      ],
      [{ fields: [...TUNNEL.fields, exactly('vlan_vid', 1)] }, /the outer vlan_vid cannot/],
    ];
    for (const [change, words] of refused) {
      const flow = flowOf({ ...TUNNEL, ...change });
      const [result] = await backend.apply([{ kind: 'put', flow }], never());
      assert.ok(!result.ok);
      assert.equal(result.refusal.code, 'unsupported-match');
      assert.match(result.refusal.detail, words);
    }
  });
});
