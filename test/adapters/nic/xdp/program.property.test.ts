import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import fc from 'fast-check';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { carried, idText, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { needs } from '../../../support/needs.ts';
import { checksum, ethernet, ipv4, tcp, udp } from '../../../../lab/testbed/frames.ts';
import { actionsFor, frame, matchFor } from './support/arbitrary.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { matches, performed, seenOf, type Seen } from './support/model.ts';
import { rewritesTuple } from './support/tuple-model.ts';
import { assertWritesZeroAsOnes } from './support/checksum-of-zero.ts';
import { type ProgramRun, VERDICT } from './support/program-run.ts';
import { openProgramBed } from './support/program-bed.ts';
import type { World } from '../support/world.ts';

/** FIN or RST: a rule can shorten its time-outs when it sees them. */
const endsConnection = ({ fields }: Seen) => ((fields.get('tcp_flags')?.[1] ?? 0) & 0x05) !== 0;

describe('XDP program against a model, packet by packet', function () {
  this.timeout(120_000);
  let world: World;
  let backend: HostBackend;
  let program: ProgramRun;
  let inPort = '';
  let outPort = '';

  before(async function () {
    needs(this, 'root', 'netns', 'xdp');
    ({ world, backend, program, inPort, outPort } = await openProgramBed());
  });

  after(async () => {
    program?.close();
    await backend?.close('withdraw');
    await world?.close();
  });

  /** A flow made for one frame, if the program looks at that frame at all. */
  function flowFor(packet: Buffer, n: number): fc.Arbitrary<FlowSpec | undefined> {
    const fields = seenOf(packet)?.fields;
    if (fields === undefined) return fc.constant(undefined);
    return fc
      .record({ fields: matchFor(fields), actions: actionsFor(fields, outPort) })
      .map((r) => ({
        id: flowId(n),
        match: { inPort, fields: r.fields, opaque: [] },
        actions: r.actions,
      }));
  }

  /** The frame with one byte changed: near misses of wildcards, and hits. */
  const flip = fc.record({ at: fc.nat(120), byte: fc.integer({ min: 0, max: 255 }) });
  const changed = (packet: Buffer, { at, byte }: { at: number; byte: number }) => {
    const copy = Buffer.from(packet);
    copy[at % copy.length] = byte;
    return copy;
  };

  const cases = frame.chain((base) =>
    fc
      .record({
        flow: flowFor(base, 1),
        flips: fc.array(flip, { maxLength: 4 }),
        stranger: frame,
      })
      .map(({ flow, flips, stranger }) => ({
        flow,
        packets: [base, ...flips.map((f) => changed(base, f)), stranger],
      })),
  );

  it("performs and counts the flow's actions on its packets; all others stay unchanged", async () => {
    let redirected = 0;
    let readdressed = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ flow, packets: sent }) => {
        await backend.withdrawAll();
        await carried(backend);
        let installed = false;
        if (flow !== undefined) {
          const [result] = await backend.apply([{ kind: 'put', flow }], never());
          // Of some flows no packet could be redirected: then there is no entry.
          installed = result.ok;
          if (!result.ok) assert.match(result.refusal.detail, /checksum/);
        }
        let packets = 0;
        let bytes = 0;
        for (const packet of sent) {
          const seen = seenOf(packet);
          const isDrop = flow?.actions.length === 0;
          const hit =
            installed &&
            flow !== undefined &&
            seen !== undefined &&
            matches(flow.match, seen.fields) &&
            !(seen.isBehindExtensions && rewritesTuple(flow.match, flow.actions)) &&
            (isDrop || seen.finished) &&
            !endsConnection(seen);
          const result = program.run(packet, world.port(inPort).ifindex);
          if (!hit) {
            assert.equal(result.verdict, VERDICT.pass);
            assert.ok(result.bytes.equals(packet), 'a packet that is passed is untouched');
            continue;
          }
          packets++;
          bytes += packet.length;
          if (flow.actions.length === 0) {
            assert.equal(result.verdict, VERDICT.drop);
            continue;
          }
          redirected++;
          assert.equal(result.verdict, VERDICT.redirect);
          const expected = performed(packet, flow.actions);
          if (rewritesTuple(flow.match, flow.actions)) readdressed++;
          assert.equal(result.bytes.toString('hex'), expected.toString('hex'));
        }
        const sum = flow === undefined ? undefined : (await carried(backend)).get(idText(flow));
        assert.deepEqual([sum?.packets ?? 0, sum?.bytes ?? 0], [packets, bytes]);
      }),
      { numRuns: 2_200 },
    );
    assert.ok(redirected > 1_000, `only ${redirected} packets were redirected: a weak test`);
    assert.ok(readdressed > 100, `addresses of ${readdressed} packets changed: a weak test`);
  });

  it('distinguishes a valid checksum from one that the sender left to its device', async () => {
    const match = matchOn(inPort, exactly('eth_type', 0x0800));
    const flow = { id: flowId(1), match, actions: [{ kind: 'output' as const, port: outPort }] };
    await backend.withdrawAll();
    await backend.apply([{ kind: 'put', flow }], never());
    const verdictOf = (packet: Buffer) => program.run(packet, world.port(inPort).ifindex).verdict;
    const data = fc.uint8Array({ minLength: 2, maxLength: 1_400 }).map((b) => Buffer.from(b));
    fc.assert(
      fc.property(data, fc.boolean(), (bytes, isTcp) => {
        const addresses = { src: Buffer.from([10, 0, 0, 1]), dst: Buffer.from([10, 0, 0, 2]) };
        const ip = { ...addresses, protocol: isTcp ? 6 : 17, ttl: 64, tos: 0 };
        const segment = isTcp ? tcp(ip, 1, 2, 3, 16, bytes) : udp(ip, 1, 2, bytes);
        const at = isTcp ? 16 : 6;
        const length = Buffer.from([segment.length >> 8, segment.length & 255]);
        const all = [addresses.src, addresses.dst, Buffer.from([0, ip.protocol]), length];
        const pseudo = ~checksum(Buffer.concat(all)) & 0xffff;
        const macs = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
        const packet = () =>
          ethernet({ ...macs, etherType: 0x0800, payload: ipv4(ip, 1, segment) });
        assert.equal(verdictOf(packet()), VERDICT.redirect);

        // Data that makes the good checksum look like an unfinished one.
        const tail = segment.length - (segment.length % 2) - 2;
        const old = segment.readUInt16BE(tail);
        const wanted = segment.readUInt16BE(at) - pseudo + old;
        segment.writeUInt16BE(((wanted % 0xffff) + 0xffff) % 0xffff, tail);
        segment.writeUInt16BE(pseudo, at);
        if (checksum(Buffer.concat([...all, segment])) === 0) {
          assert.equal(verdictOf(packet()), VERDICT.redirect);
        }
        segment[tail] ^= 0x10;
        assert.equal(verdictOf(packet()), VERDICT.pass);
      }),
      { numRuns: 300 },
    );
  });

  it('rewrites addresses and ports of packets from a wire, whatever their checksums are', async () => {
    program.finishChecksums(world.port(inPort).ifindex);
    const wired = frame.filter((packet) => {
      const fields = seenOf(packet)?.fields;
      return fields?.get('ip_frag')?.[0] === 0 && !fields.has('vlan_tpid');
    });
    const readdressed = wired
      .chain((packet) => fc.record({ packet: fc.constant(packet), flow: flowFor(packet, 1) }))
      .filter(({ flow }) => flow !== undefined && rewritesTuple(flow.match, flow.actions));
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(readdressed, async ({ packet, flow }) => {
        if (flow === undefined) return;
        await backend.withdrawAll();
        const [put] = await backend.apply([{ kind: 'put', flow }], never());
        if (!put.ok) return assert.match(put.refusal.detail, /checksum/);
        const seen = seenOf(packet);
        const { verdict, bytes } = program.run(packet, world.port(inPort).ifindex);
        if (flow.actions.length === 0) return assert.equal(verdict, VERDICT.drop);
        if (seen === undefined || seen.isBehindExtensions || endsConnection(seen)) {
          assert.equal(verdict, VERDICT.pass);
          return assert.equal(bytes.toString('hex'), packet.toString('hex'));
        }
        assert.equal(verdict, VERDICT.redirect);
        assert.equal(bytes.toString('hex'), performed(packet, flow.actions).toString('hex'));
        changed++;
      }),
      { numRuns: 300 },
    );
    assert.ok(changed > 100, `only ${changed} packets were rewritten: a weak test`);
  });

  it('writes a UDP checksum of zero as 0xffff', async () => {
    await assertWritesZeroAsOnes({ backend, program, world, redirect: VERDICT.redirect });
  });

  it('passes packets of unknown ports', () => {
    fc.assert(
      fc.property(frame, (packet) => {
        const result = program.run(packet, 1);
        assert.equal(result.verdict, VERDICT.pass);
        assert.ok(result.bytes.equals(packet));
      }),
      { numRuns: 50 },
    );
  });
});
