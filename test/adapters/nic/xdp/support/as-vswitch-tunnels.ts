import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { HostBackend } from '../../../../../adapters/nic/host/backend.ts';
import { monotonicMs } from '../../../../../async/monotonic.ts';
import type { FlowMatch } from '../../../../../engine/model/match.ts';
import type { TunnelHeader } from '../../../../../engine/model/tunnel.ts';
import {
  echoRequest,
  ethernet as ethernetFrame,
  ipv4,
  ipv6,
  MARKER,
  tcp,
  udp,
} from '../../../../../lab/testbed/frames.ts';
import { xdpTable } from '../../../../../lab/testbed/nic-tables.ts';
import { type Capture, sendFrames, sequenceOf } from '../../../../../lab/testbed/packets.ts';
import { waitFor } from '../../../../../lab/testbed/wait.ts';
import { never } from '../../../../contract/collect.ts';
import { flowId } from '../../../../support/flows.ts';
import { exactly } from '../../../../support/match-fields.ts';
import { needs } from '../../../../support/needs.ts';
import { outerSeenOf } from '../../support/arrived-model.ts';
import { builtObject } from '../../support/object.ts';
import { outerHeaderOf } from '../../support/outer-header.ts';
import { encapsulated } from '../../support/tunnel-model.ts';
import { World } from '../../support/world.ts';
import { ProgramRun, VERDICT } from './program-run.ts';
import { type TunnelSettings, TunnellingVswitch } from './tunnelling-vswitch.ts';

const PACKETS_PER_SECOND = 1_000;
const MACS = { src: '02:00:00:00:00:0a', dst: '02:00:00:00:00:0b' };

/** A frame of one of the usual kinds, with the number behind the marker. */
const randomFrame = fc
  .record({
    kind: fc.constantFrom('tcp4', 'udp4', 'icmp4', 'tcp6', 'udp6', 'icmp6', 'other', 'tagged'),
    tail: fc.uint8Array({ minLength: 0, maxLength: 1_300 }),
    addresses: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    ports: fc.tuple(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 65_535 })),
    tos: fc.integer({ min: 0, max: 63 }).map((dscp) => dscp * 4),
    ttl: fc.integer({ min: 2, max: 255 }),
  })
  .map(({ kind, tail, addresses, ports, tos, ttl }) => (sequence: number): Buffer => {
    const data = Buffer.concat([MARKER, Buffer.alloc(4), tail]);
    data.writeUInt32BE(sequence, MARKER.length);
    const isV6 = kind.endsWith('6');
    const bytes = isV6 ? 16 : 4;
    const protocol = kind.startsWith('tcp') ? 6 : kind.startsWith('icmp') ? (isV6 ? 58 : 1) : 17;
    const src = Buffer.from(addresses.subarray(0, bytes));
    const dst = Buffer.from(addresses.subarray(16, 16 + bytes));
    // Neither multicast nor loopback.
    src[0] = dst[0] = isV6 ? 0xfd : 10;
    const ip = { src, dst, protocol, ttl, tos };
    if (kind === 'other') return ethernetFrame({ ...MACS, etherType: 0x88b5, payload: data });
    const segment = kind.startsWith('tcp')
      ? tcp(ip, ...ports, 1, 0x10, data)
      : kind.startsWith('icmp')
        ? echoRequest(ip, ports[0], data)
        : udp(ip, ...ports, data);
    const payload = isV6 ? ipv6(ip, 5, segment) : ipv4(ip, sequence, segment);
    const tags = kind === 'tagged' ? [{ tpid: 0x8100, vid: 9, pcp: 2 }] : [];
    return ethernetFrame({ ...MACS, tags, etherType: isV6 ? 0x86dd : 0x0800, payload });
  });

/** A match of frames like this one by their type alone. */
function matchLike(frame: Buffer, inPort: string): FlowMatch {
  const isTagged = frame.readUInt16BE(12) === 0x8100;
  const type = frame.readUInt16BE(isTagged ? 16 : 12);
  const tag = isTagged ? [exactly('vlan_tpid', 0x8100)] : [];
  return { inPort, fields: [...tag, exactly('eth_type', type)], opaque: [] };
}

/**
 * Sends frames into the vSwitch, which keeps their order. Resolves to what comes out, by the number behind the
 * marker, once that of the last frame has come.
 */
async function through(
  from: TunnellingVswitch['vm'],
  capture: Capture,
  frames: readonly Buffer[],
  folder: string,
): Promise<ReadonlyMap<number, Buffer>> {
  const last = sequenceOf(frames[frames.length - 1]);
  capture.take();
  await sendFrames(from, frames, PACKETS_PER_SECOND, folder);
  const hasLast = () => capture.frames.some(({ bytes }) => sequenceOf(bytes) === last) || undefined;
  await waitFor('the last frame', hasLast, { timeoutMs: 20_000 });
  return new Map(capture.take().map(({ bytes }) => [sequenceOf(bytes) ?? -1, bytes]));
}

/** Compares tunnels of the XDP program with those of a real Open vSwitch, byte by byte. */
export function describeTunnelsAsVswitch(settings: TunnelSettings, frameCount: number): void {
  const { kind, ipVersion, hasChecksum } = settings;
  const sum = hasChecksum ? 'with' : 'without';
  describe(`XDP and Open vSwitch: ${kind} over IPv${ipVersion}, ${sum} a checksum`, function () {
    this.timeout(60_000);
    let world: World;
    let vswitch: TunnellingVswitch;
    let backend: HostBackend;
    let program: ProgramRun;
    let inPort = '';
    let outPort = '';
    const seed = Date.now() % 1_000_000_000;
    const frames = fc
      .sample(randomFrame, { numRuns: frameCount, seed })
      .map((make, sequence) => make(sequence));
    /** The frames as the vSwitch sends them, by number. */
    let onWire: ReadonlyMap<number, Buffer> = new Map();

    before(async function () {
      needs(this, 'root', 'netns', 'ovs', 'xdp', 'debian-python3');
      const objectPath = builtObject();
      vswitch = await TunnellingVswitch.start(settings);
      world = await World.create(2);
      [inPort, outPort] = world.names();
      const pinPath = world.pinPath();
      const common = { pinPath, objectPath, entries: 64, masks: 16, mode: 'native' } as const;
      backend = xdpTable({ ...common, leaseMs: 600_000, heartbeatMs: 0, trainMs: 0 });
      await backend.start(world.snapshot(), never());
      await backend.renewLease(monotonicMs());
      program = await ProgramRun.load(pinPath, objectPath, 64);
      program.finishChecksums(world.port(inPort).ifindex);
      onWire = await through(vswitch.vm, vswitch.wireCapture, frames, world.folder);
    });

    after(async () => {
      program?.close();
      await backend?.close('withdraw');
      await world?.close();
      await vswitch?.stop();
    });

    it('put the same bytes in front of packets', async () => {
      assert.equal(onWire.size, frames.length, `lost by the vSwitch (seed ${seed})`);
      for (const [n, packet] of frames.entries()) {
        const sent = onWire.get(n);
        assert.ok(sent !== undefined, `packet ${n}`);
        const header = outerHeaderOf(sent, kind);
        assert.equal(header.hasChecksum, hasChecksum);
        assert.equal(header.options.length, kind === 'geneve' ? 8 : 0);
        const flow = {
          id: flowId(1),
          match: matchLike(packet, inPort),
          actions: [
            { kind: 'push-tunnel' as const, header },
            { kind: 'output' as const, port: outPort },
          ],
        };
        await backend.withdrawAll();
        const [put] = await backend.apply([{ kind: 'put', flow }], never());
        if (!put.ok) {
          assert.match(put.refusal.detail, /checksum/);
          continue;
        }
        const { verdict, bytes } = program.run(packet, world.port(inPort).ifindex);
        assert.equal(verdict, VERDICT.redirect);
        assert.equal(bytes.toString('hex'), sent.toString('hex'), `packet ${n} (seed ${seed})`);
      }
    });

    it('take out the same packets, and XDP none that the vSwitch drops', async () => {
      const flips = fc.sample(fc.record({ at: fc.nat(), byte: fc.nat(255) }), {
        numRuns: frameCount * 3,
        seed,
      });
      const isChanged = (n: number): boolean => n >= frameCount && n < flips.length - 1;
      /** To the VM: as the vSwitch would have sent them, whole and with a wrong byte. */
      const arriving: Buffer[] = [];
      for (const [n, { at, byte }] of flips.entries()) {
        const sent = onWire.get(n % frameCount);
        assert.ok(sent !== undefined);
        const inner = Buffer.from(frames[n % frameCount]);
        inner.writeUInt32BE(n, inner.indexOf(MARKER) + MARKER.length);
        const whole = encapsulated(inner, returned(outerHeaderOf(sent, kind)));
        const outerBytes = whole.length - inner.length;
        if (isChanged(n)) whole[at % (outerBytes + 20)] = byte;
        arriving.push(whole);
      }
      const { wire, vmCapture } = vswitch;
      const delivered = await through(wire, vmCapture, arriving, world.folder);
      let same = 0;
      let left = 0;
      for (const [n, packet] of arriving.entries()) {
        const base = arriving[n % frameCount];
        const seen = outerSeenOf(base, base.readUInt16BE(ipVersion === 4 ? 36 : 56));
        assert.ok(seen !== undefined);
        const fields = [...seen.fields].map(([field, value]) => exactly(field, value));
        const { vni, options } = outerHeaderOf(base, kind);
        const flow = {
          id: flowId(1),
          match: {
            ...matchLike(seen.inner, inPort),
            tunnel: {
              kind,
              vni,
              options,
              // Of the ECN bits the vSwitch looks at CE alone.
              fields: fields.filter(({ field }) => field !== 'ip_tos' && field !== 'ip_ttl'),
            },
          },
          actions: [{ kind: 'output' as const, port: outPort }],
        };
        await backend.withdrawAll();
        const [put] = await backend.apply([{ kind: 'put', flow }], never());
        if (!put.ok) {
          assert.match(put.refusal.detail, /checksum/);
          continue;
        }
        const { verdict, bytes } = program.run(packet, world.port(inPort).ifindex);
        if (verdict !== VERDICT.redirect) {
          left++;
          assert.ok(isChanged(n), `packet ${n} is whole (seed ${seed})`);
          continue;
        }
        same++;
        const expected = delivered.get(n)?.toString('hex');
        assert.equal(bytes.toString('hex'), expected, `packet ${n} (seed ${seed})`);
      }
      assert.ok(same > frameCount / 2 && left > 0, `${same} taken out, ${left} left`);
    });
  });
}

/** The header of an answer. */
function returned(header: TunnelHeader): TunnelHeader {
  const { src, dst, ethernet } = header;
  return {
    ...header,
    src: dst,
    dst: src,
    ethernet: ethernet && { src: ethernet.dst, dst: ethernet.src },
  };
}
