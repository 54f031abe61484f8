import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../../adapters/nic/host/backend.ts';
import { ifindexOf } from '../../../../../adapters/nic/core/device.ts';
import { monotonicMs } from '../../../../../async/monotonic.ts';
import type { FlowSpec } from '../../../../../engine/model/flow.ts';
import type { TunnelMatch } from '../../../../../engine/model/match.ts';
import type { PortSnapshot } from '../../../../../engine/model/port.ts';
import type { TunnelHeader, TunnelKind } from '../../../../../engine/model/tunnel.ts';
import { ethernet, ipv4, MARKER, udp } from '../../../../../lab/testbed/frames.ts';
import { ingressTable } from '../../../../../lab/testbed/nic-tables.ts';
import { Capture, sendFrames, sequenceOf } from '../../../../../lab/testbed/packets.ts';
import { run } from '../../../../../lab/testbed/run.ts';
import { waitFor } from '../../../../../lab/testbed/wait.ts';
import { carried, idText, never } from '../../../../contract/collect.ts';
import { flowId } from '../../../../support/flows.ts';
import { exactly, matchOn } from '../../../../support/match-fields.ts';
import { needs, type Need } from '../../../../support/needs.ts';
import { builtObject } from '../../support/object.ts';
import { outerHeaderOf } from '../../support/outer-header.ts';
import { encapsulated } from '../../support/tunnel-model.ts';
import { World, type WorldPort } from '../../support/world.ts';

/** UDP ports and networks of this process alone. */
const UDP_PORT = 20_000 + (process.pid % 20_000);
const NET = `198.${18 + ((process.pid >> 8) % 2)}.${process.pid % 256}`;
const NAMES = { geneve: 'genev', vxlan: 'vxlan' } as const;
const VNI = 0x1234;
const OPTIONS = { geneve: Uint8Array.of(1, 2, 3, 1, 0, 1, 0, 2), vxlan: new Uint8Array() } as const;
const PACKETS = 5;

/** Tests entries into and out of a tunnel device of the kernel that takes each packet's tunnel from its metadata. */
export function describeDeviceTunnels(
  kind: TunnelKind,
  hook: 'tcx' | 'cls_bpf',
  ...needed: readonly Need[]
): void {
  describe(`${hook} and ${kind} devices`, function () {
    this.timeout(180_000);
    const device = `${NAMES[kind]}_sys_${UDP_PORT}`;
    let world: World;
    let backend: HostBackend;
    let vm: WorldPort;
    let wire: WorldPort;
    let vmCapture: Capture;
    let wireCapture: Capture;

    before(async function () {
      needs(this, 'root', 'netns', 'debian-python3', ...needed);
      world = await World.create(2);
      [vm, wire] = world.names().map((name) => world.port(name));
      await run('ip', ['addr', 'add', `${NET}.1/24`, 'dev', wire.name]);
      await run('ip', ['-n', wire.vm.name, 'addr', 'add', `${NET}.2/24`, 'dev', 'eth0']);
      const own = kind === 'geneve' ? ['udp6zerocsumrx'] : ['udp6zerocsumrx', 'nolearning'];
      const how = ['type', kind, 'external', 'dstport', String(UDP_PORT), ...own];
      world.cleanup.add({
        name: device,
        undo: async () => void (await run('ip', ['link', 'delete', device])),
        undoNow: () => undefined,
      });
      await run('ip', ['link', 'add', device, ...how]);
      await run('ip', ['link', 'set', device, 'addrgenmode', 'none']);
      await run('ip', ['link', 'set', device, 'up']);
      vmCapture = await Capture.start(vm.vm);
      wireCapture = await Capture.start(wire.vm);
      const objectPath = builtObject('tcx');
      const sizes = { entries: 16, masks: 16, leaseMs: 600_000, heartbeatMs: 0, trainMs: 0 };
      backend = ingressTable(hook, { pinPath: world.pinPath(), objectPath, ...sizes });
      await backend.start(ports(), never());
      await backend.renewLease(monotonicMs());
    });

    after(async () => {
      await backend?.close('withdraw');
      await world?.close();
    });

    function ports(): PortSnapshot {
      const snapshot = new Map(world.snapshot());
      const other = snapshot.get(vm.name);
      const ifindex = ifindexOf(device);
      assert.ok(other !== undefined && ifindex !== undefined);
      snapshot.set(device, { ...other, name: device, uuid: device, ifindex, kind: 'other' });
      return snapshot;
    }

    const address = (last: number) => Uint8Array.from([...NET.split('.').map(Number), last]);
    const header = (change: Partial<TunnelHeader> = {}): TunnelHeader => ({
      kind,
      ethernet: undefined,
      src: address(1),
      dst: address(2),
      tos: 0x20,
      ttl: 33,
      doNotFragment: true,
      srcPort: undefined,
      dstPort: UDP_PORT,
      hasChecksum: true,
      vni: VNI,
      options: OPTIONS[kind],
      ...change,
    });

    /** Frames of one connection. */
    function frames(): readonly Buffer[] {
      const ip = {
        src: Buffer.from([10, 0, 0, 1]),
        dst: Buffer.from([10, 0, 0, 2]),
        protocol: 17,
        ttl: 64,
        tos: 0,
      };
      return Array.from({ length: PACKETS }, (_, n) => {
        const data = Buffer.concat([MARKER, Buffer.alloc(4 + n * 200)]);
        data.writeUInt32BE(n, MARKER.length);
        const payload = ipv4(ip, 1, udp(ip, 1_000, 2_000, data));
        const macs = { src: '02:00:00:00:00:0a', dst: '02:00:00:00:00:0b' };
        return ethernet({ ...macs, etherType: 0x0800, payload });
      });
    }

    async function install(flow: FlowSpec): Promise<void> {
      await backend.withdrawAll();
      await carried(backend);
      const [put] = await backend.apply([{ kind: 'put', flow }], never());
      assert.ok(put.ok, JSON.stringify(put));
    }

    /** What arrives, by number. */
    async function arrived(capture: Capture): Promise<readonly Buffer[]> {
      await waitFor('the packets', () => (capture.frames.length >= PACKETS ? true : undefined), {
        timeoutMs: 20_000,
      });
      const found = new Map(capture.take().map(({ bytes }) => [sequenceOf(bytes), bytes]));
      return Array.from({ length: PACKETS }, (_, n) => found.get(n) ?? Buffer.alloc(0));
    }

    for (const hasChecksum of [true, false]) {
      it(`put packets into tunnels, ${hasChecksum ? 'with' : 'without'} a checksum`, async () => {
        const wanted = header({ hasChecksum, doNotFragment: hasChecksum });
        const flow: FlowSpec = {
          id: flowId(1),
          match: matchOn(vm.name, exactly('eth_type', 0x0800)),
          actions: [
            { kind: 'push-tunnel', header: wanted },
            { kind: 'output', port: device },
          ],
        };
        await install(flow);
        wireCapture.take();
        await sendFrames(vm.vm, frames(), 100, world.folder);
        const sent = frames();
        for (const [n, bytes] of (await arrived(wireCapture)).entries()) {
          const outer = outerHeaderOf(bytes, kind);
          const { ethernet: _, srcPort, ...rest } = outer;
          const { ethernet: __, srcPort: ___, ...expected } = wanted;
          assert.ok(srcPort !== undefined && srcPort > 0);
          assert.deepEqual(plain(rest), plain(expected));
          const whole = encapsulated(sent[n], outer);
          // The kernel numbers packets, which the header's checksum covers, and leaves that of UDP to the device.
          for (const packet of [bytes, whole]) {
            packet.fill(0, 18, 20).fill(0, 24, 26).fill(0, 40, 42);
          }
          assert.equal(bytes.toString('hex'), whole.toString('hex'));
        }
        const sum = (await carried(backend)).get(idText(flow));
        const bytes = sent.reduce((all, { length }) => all + length, 0);
        assert.deepEqual([sum?.packets, sum?.bytes], [PACKETS, bytes]);
      });
    }

    const arriving = (change: Partial<TunnelMatch> = {}): FlowSpec => ({
      id: flowId(2),
      match: {
        ...matchOn(device, exactly('eth_type', 0x0800)),
        tunnel: {
          kind,
          vni: VNI,
          options: OPTIONS[kind],
          hasChecksum: true,
          fields: [
            exactly('eth_type', 0x0800),
            exactly('ipv4_src', address(2)),
            exactly('ipv4_dst', address(1)),
            exactly('ip_ttl', 33),
            exactly('udp_dst', UDP_PORT),
          ],
          ...change,
        },
      },
      actions: [{ kind: 'output', port: vm.name }],
    });

    it('take packets out of tunnels, and no others', async () => {
      const hostMac = (await run('cat', [`/sys/class/net/${wire.name}/address`])).trim();
      const macs = {
        dst: Buffer.from(hostMac.replaceAll(':', ''), 'hex'),
        src: Buffer.from(wire.mac.replaceAll(':', ''), 'hex'),
      };
      const back = header({ src: address(2), dst: address(1), ethernet: macs, srcPort: 40_000 });
      const inner = frames();
      const sent = inner.map((frame) => encapsulated(frame, back));
      const others = [
        { vni: VNI + 1 },
        { hasChecksum: false },
        { ttl: 34 },
        { tos: back.tos | 3 },
        ...(kind === 'geneve' ? [{ options: new Uint8Array() }] : []),
      ].map((change) => encapsulated(inner[0], { ...back, ...change }));
      const flow = arriving();
      await install(flow);
      vmCapture.take();
      await sendFrames(wire.vm, [...others, ...sent], 100, world.folder);
      for (const [n, bytes] of (await arrived(vmCapture)).entries()) {
        assert.equal(bytes.toString('hex'), inner[n].toString('hex'));
      }
      const sum = (await carried(backend)).get(idText(flow));
      const bytes = inner.reduce((all, { length }) => all + length, 0);
      assert.deepEqual([sum?.packets, sum?.bytes], [PACKETS, bytes]);
    });

    it('refuse what the kernel cannot express, with the reason', async () => {
      const into = (change: Partial<TunnelHeader>, port = device): FlowSpec => ({
        id: flowId(3),
        match: matchOn(vm.name, exactly('eth_type', 0x0800)),
        actions: [
          { kind: 'push-tunnel', header: header(change) },
          { kind: 'output', port },
        ],
      });
      const refused: readonly (readonly [FlowSpec, RegExp])[] = [
        [into({ srcPort: 5 }), /chooses the outer MAC addresses and the UDP source port itself/],
        [into({}, wire.name), /is no device of such tunnels/],
        [into({ dstPort: 5 }), /has another UDP port than 5/],
        [arriving({ fields: [exactly('eth_type', 0x0800)] }), /UDP port is not matched/],
        [
          arriving({
            fields: [
              exactly('eth_src', new Uint8Array(6)),
              exactly('eth_type', 0x0800),
              exactly('udp_dst', UDP_PORT),
            ],
          }),
          /gives no outer MAC addresses/,
        ],
        ...(kind === 'geneve'
          ? [[into({ options: Uint8Array.of(1, 2, 0x80, 0) }), /critical/] as const]
          : []),
      ];
      for (const [flow, words] of refused) {
        const [put] = await backend.apply([{ kind: 'put', flow }], never());
        assert.ok(!put.ok);
        assert.match(put.refusal.detail, words);
      }
    });
  });
}

/** With bytes as text, so that buffers equal arrays. */
function plain(header: Omit<TunnelHeader, 'ethernet' | 'srcPort'>): unknown {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const { src, dst, options, ...rest } = header;
  return { ...rest, src: hex(src), dst: hex(dst), options: hex(options) };
}
