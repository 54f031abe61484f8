import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { ifindexOf } from '../../../../../adapters/nic/core/device.ts';
import { PacketMeter } from '../../../../../adapters/nic/meter/packet-meter.ts';
import type { PortInfo } from '../../../../../engine/model/port.ts';
import type { TunnelKind } from '../../../../../engine/model/tunnel.ts';
import { run } from '../../../../../lab/testbed/run.ts';
import { type Metered, readMeter } from '../../../../contract/connection-meter.ts';
import { frameOf, PLAIN, valuesOf } from '../../../../contract/metered-frames.ts';
import { GENEVE, tunnelHeader, VXLAN } from '../../../../contract/tunnelled-frames.ts';
import { eventually } from '../../../../support/eventually.ts';
import { needs } from '../../../../support/needs.ts';
import { builtObject } from '../../support/object.ts';
import { World } from '../../support/world.ts';

/** No other test has a device for it. */
const PORT = 47_891;

/** What a device of the kernel's datapath leaves of packets in tunnels, sent to this machine. */
export function describeTunnelDevice(
  kind: TunnelKind,
  ...needed: Parameters<typeof needs>[1][]
): void {
  describe(`a device that takes packets out of ${kind} tunnels`, function () {
    this.timeout(60_000);
    const DEVICE = `${kind === 'geneve' ? 'genev' : 'vxlan'}_sys_${PORT}`;
    const TUNNEL = kind === 'geneve' ? GENEVE : VXLAN;
    let world: World;
    let meter: PacketMeter | undefined;
    const sockets: Socket[] = [];

    before(async function () {
      needs(this, ...needed);
      world = await World.create(1);
      await run('ip', ['link', 'add', DEVICE, 'type', kind, 'external', 'dstport', String(PORT)]);
      await run('ip', ['link', 'set', DEVICE, 'up']);
    });

    after(async () => {
      for (const socket of sockets) socket.close();
      await meter?.close('withdraw');
      await run('ip', ['link', 'del', DEVICE]).catch(() => undefined);
      await world?.close();
    });

    /** A port of the vSwitch that shares the device. */
    function tunnelPort(name: string): PortInfo {
      const [first] = world.snapshot().values();
      const ifindex = ifindexOf(DEVICE) ?? 0;
      return {
        ...first,
        name,
        uuid: `uuid of ${name}`,
        ifindex,
        kind: 'other',
        datapath: 'kernel',
      };
    }

    /** Sends a packet in a tunnel to this machine. */
    async function send(address: string, vni: number): Promise<void> {
      const type = address.includes(':') ? 'udp6' : 'udp4';
      const socket = createSocket(type);
      sockets.push(socket);
      const header = [tunnelHeader({ ...TUNNEL, vni }), TUNNEL.options];
      const data = Buffer.concat([...header, frameOf(PLAIN)]);
      socket.send(data, PORT, address);
      await once(socket, 'listening');
    }

    it('leaves connections that are counted by the headers inside, with the outer ones from the metadata', async () => {
      const counting = new PacketMeter({
        pinPath: world.pinPath(),
        objectPath: builtObject('meter'),
        connections: 4096,
        forgetAfterMs: 60_000,
        sampling: { above: 0, oneIn: 1 },
        maxLockWaitMs: 30_000,
      });
      meter = counting;
      const ports = [tunnelPort('ovn-a-0'), tunnelPort('ovn-b-0')];
      await counting.portsChanged(new Map(ports.map((port) => [port.name, port])));
      assert.deepEqual(counting.ports(), new Set([DEVICE]));
      assert.deepEqual(counting.uncountedPorts(), []);
      for (const vni of [5, 6]) await send('127.0.0.1', vni);
      await send('::1', 5);
      let found: readonly Metered[] = [];
      await eventually('three connections', async () => {
        found = [...(await readMeter(counting)).all.values()];
        return found.length >= 3;
      });
      const tunnels = found.map(({ packets, bytes, headers: { inPort, values, tunnel } }) => {
        assert.equal(packets, 1);
        assert.equal(bytes, frameOf(PLAIN).length);
        assert.equal(inPort, DEVICE);
        assert.deepEqual(values, valuesOf(PLAIN));
        assert.ok(tunnel);
        assert.equal(tunnel.kind, kind);
        assert.deepEqual(tunnel.options, Uint8Array.from(TUNNEL.options));
        assert.equal(tunnel.values.eth_src, undefined);
        assert.deepEqual(tunnel.values.udp_dst, Uint8Array.of(PORT >> 8, PORT & 0xff));
        const src = tunnel.values.ipv4_src ?? tunnel.values.ipv6_src ?? [];
        const dst = tunnel.values.ipv4_dst ?? tunnel.values.ipv6_dst ?? [];
        return `${tunnel.vni} ${src.join('.')} ${dst.join('.')}`;
      });
      const v6 = `${'0.'.repeat(15)}1`;
      const v4 = '127.0.0.1';
      assert.deepEqual(tunnels.sort(), [`5 ${v6} ${v6}`, `5 ${v4} ${v4}`, `6 ${v4} ${v4}`].sort());
    });
  });
}
