import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { ingressTable } from '../../../../lab/testbed/nic-tables.ts';
import { carried, idText, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { needs } from '../../../support/needs.ts';
import { builtObject } from '../support/object.ts';
import { assertWritesZeroAsOnes } from '../xdp/support/checksum-of-zero.ts';
import { World } from '../support/world.ts';
import { actionsFor, frame, matchFor } from '../xdp/support/arbitrary.ts';
import { matches, performed, type Seen, seenOf } from '../xdp/support/model.ts';
import { rewritesTuple } from '../xdp/support/tuple-model.ts';
import { INGRESS_VERDICT, ProgramRun } from '../xdp/support/program-run.ts';

const ENTRIES = 64;
const ETHERNET_BYTES = 14;
/** Bytes of an IP header by ethertype. */
const IP_BYTES = new Map([
  [0x0800, 20],
  [0x86dd, 40],
]);

/** FIN or RST: a rule can shorten its time-outs when it sees them. */
const endsConnection = ({ fields }: Seen) => ((fields.get('tcp_flags')?.[1] ?? 0) & 0x05) !== 0;

/**
 * The kernel runs the program on packets without a network. Their tags are in the frame, where a received
 * packet has only its second one, and the program leaves them to the vSwitch. A tag that it pushes is
 * metadata, which a run does not show; `vlan.test.ts` is about tags.
 */
describe('program at tc ingress against a model, on random packets', function () {
  this.timeout(120_000);
  let world: World;
  let backend: HostBackend;
  let program: ProgramRun;
  let inPort = '';
  let outPort = '';

  before(async function () {
    needs(this, 'root', 'netns', 'xdp');
    const objectPath = builtObject('tcx');
    world = await World.create(2);
    [inPort, outPort] = world.names();
    const pinPath = world.pinPath();
    const sizes = { entries: ENTRIES, masks: 128, leaseMs: 600_000, heartbeatMs: 0, trainMs: 0 };
    backend = ingressTable('cls_bpf', { pinPath, objectPath, ...sizes });
    await backend.start(world.snapshot(), never());
    await backend.renewLease(monotonicMs());
    program = await ProgramRun.loadIngress(pinPath, objectPath, ENTRIES);
  });

  after(async () => {
    program?.close();
    await backend?.close('withdraw');
    await world?.close();
  });

  /** A flow made for one frame, if the program looks at that frame at all. */
  function flowFor(packet: Buffer): fc.Arbitrary<FlowSpec | undefined> {
    const fields = seenOf(packet)?.fields;
    if (fields === undefined) return fc.constant(undefined);
    return fc
      .record({ fields: matchFor(fields), actions: actionsFor(fields, outPort) })
      .map((r) => ({
        id: flowId(1),
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

  /** The kernel runs programs on frames with a whole IP header alone, if they have one. */
  const isRunnable = (packet: Buffer): boolean =>
    packet.length - ETHERNET_BYTES >= (IP_BYTES.get(packet.readUInt16BE(12)) ?? 1);
  const runnable = frame.filter(isRunnable);
  const cases = runnable.chain((base) =>
    fc
      .record({
        flow: flowFor(base),
        flips: fc.array(flip, { maxLength: 4 }),
        stranger: runnable,
      })
      .map(({ flow, flips, stranger }) => ({
        flow,
        packets: [base, ...flips.map((f) => changed(base, f)).filter(isRunnable), stranger],
      })),
  );

  it("performs and counts the flow's actions on its packets; all others stay unchanged", async () => {
    let redirected = 0;
    let rewritten = 0;
    let readdressed = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ flow, packets: sent }) => {
        await backend.withdrawAll();
        await carried(backend);
        if (flow !== undefined) {
          const [result] = await backend.apply([{ kind: 'put', flow }], never());
          assert(result.ok, JSON.stringify(result));
        }
        let packets = 0;
        let bytes = 0;
        for (const packet of sent) {
          const seen = seenOf(packet);
          const isHit =
            flow !== undefined &&
            seen !== undefined &&
            !seen.fields.has('vlan_tpid') &&
            matches(flow.match, seen.fields) &&
            !(seen.isBehindExtensions && rewritesTuple(flow.match, flow.actions)) &&
            !endsConnection(seen);
          const result = program.run(packet, world.port(inPort).ifindex);
          if (!isHit) {
            assert.equal(result.verdict, INGRESS_VERDICT.pass);
            assert.ok(result.bytes.equals(packet), 'a packet that is passed is untouched');
            continue;
          }
          packets++;
          bytes += packet.length;
          if (flow.actions.length === 0) {
            assert.equal(result.verdict, INGRESS_VERDICT.drop);
            continue;
          }
          redirected++;
          assert.equal(result.verdict, INGRESS_VERDICT.redirect);
          const inFrame = flow.actions.filter(({ kind }) => kind !== 'push-vlan');
          const expected = performed(packet, inFrame);
          if (!expected.equals(packet)) rewritten++;
          if (rewritesTuple(flow.match, flow.actions)) readdressed++;
          const keptSum = program.keepsSum(packet, world.port(inPort).ifindex);
          assert.notEqual(keptSum, false, 'the sum over the packet (CHECKSUM_COMPLETE) is wrong');
          if (keptSum === undefined) continue;
          packets++;
          bytes += packet.length;
          assert.equal(result.bytes.toString('hex'), expected.toString('hex'));
        }
        const sum = flow === undefined ? undefined : (await carried(backend)).get(idText(flow));
        assert.deepEqual([sum?.packets ?? 0, sum?.bytes ?? 0], [packets, bytes]);
      }),
      { numRuns: 2_000 },
    );
    assert.ok(redirected > 500, `only ${redirected} packets were redirected: a weak test`);
    assert.ok(rewritten > 200, `only ${rewritten} packets were rewritten: a weak test`);
    assert.ok(readdressed > 100, `addresses of ${readdressed} packets changed: a weak test`);
  });

  it('writes a UDP checksum of zero as 0xffff', async () => {
    await assertWritesZeroAsOnes({ backend, program, world, redirect: INGRESS_VERDICT.redirect });
  });

  it('passes packets of unknown ports', () => {
    fc.assert(
      fc.property(runnable, (packet) => {
        const result = program.run(packet, 1);
        assert.equal(result.verdict, INGRESS_VERDICT.pass);
        assert.ok(result.bytes.equals(packet));
      }),
      { numRuns: 50 },
    );
  });
});
