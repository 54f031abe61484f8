import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { ingressTable } from '../../../../lab/testbed/nic-tables.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { FlowAction } from '../../../../engine/model/action.ts';
import type { FieldMatch, FieldName } from '../../../../engine/model/match.ts';
import type { Namespace } from '../../../../lab/testbed/namespace.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { sleep } from '../../../../lab/testbed/wait.ts';
import { carried, idText, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { allBits, exactly, matchOn, numberBytes } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { INGRESS_HOOKS } from './support/ingress.ts';
import { builtObject, compiled, projectRoot } from '../support/object.ts';
import { World } from '../support/world.ts';
import { sendDatagrams } from './support/datagrams.ts';
import { bridgeOver } from './support/bridge.ts';

const BYTES = 20_000_000;
const MSS = 1_460;
const PYTHON = '/usr/bin/python3';

/** Overwrites a whole field. */
function rewrite(field: FieldName, value: Uint8Array): FlowAction {
  return { kind: 'set', field, value, mask: allBits(field) };
}

/** Bytes of an IPv4 address, or of an IPv6 address with one `::`. */
function addressBytes(text: string): Uint8Array {
  if (!text.includes(':')) return Uint8Array.from(text.split('.'), Number);
  const [head, tail] = text.split('::').map((part) => part.split(':'));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  const groups = [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** What carried the packets of a transfer. */
interface Carried {
  readonly packets: number;
  readonly bytes: number;
}

/**
 * VMs with all offloads on, between them a bridge in place of the vSwitch. Their TCP leaves segmentation
 * and checksums to the device; whether the data arrives is judged at the sockets.
 */
for (const { hook, need } of INGRESS_HOOKS) {
  describe(`${hook} and the offloads of VMs`, function () {
    this.timeout(60_000);
    let world: World;
    let backend: HostBackend;
    let sender: Namespace;
    let receiver: Namespace;
    let ports: readonly string[] = [];
    let bridge = '';
    let port = 5_000;

    before(async function () {
      needs(this, 'root', 'netns', need, 'debian-python3');
      world = await World.create(2);
      ports = world.names();
      [sender, receiver] = ports.map((name) => world.port(name).vm);
      for (const [i, vm] of [sender, receiver].entries()) {
        await vm.exec('ethtool', ['-K', 'eth0', 'tx', 'on', 'sg', 'on', 'tso', 'on', 'gso', 'on']);
        await vm.exec('ip', ['address', 'add', `10.9.0.${i + 1}/24`, 'dev', 'eth0']);
        await vm.exec('ip', ['address', 'add', `fd09::${i + 1}/64`, 'dev', 'eth0', 'nodad']);
      }
      bridge = await bridgeOver(world, ...ports);
      const objectPath = builtObject('tcx');
      const sizes = { entries: 64, masks: 8, leaseMs: 600_000, heartbeatMs: 0, trainMs: 0 };
      backend = ingressTable(hook, { pinPath: world.pinPath(), objectPath, ...sizes });
      await backend.start(world.snapshot(), never());
      await backend.renewLease(monotonicMs());
    });

    after(async () => {
      await backend?.close('withdraw');
      await world?.close();
    });

    /** Entries for TCP in both directions. */
    async function install(
      ethType: number,
      there: readonly FlowAction[] = [],
      back: { readonly fields: readonly FieldMatch[]; readonly actions: readonly FlowAction[] } = {
        fields: [],
        actions: [],
      },
    ): Promise<void> {
      const [from, to] = ports;
      const tcp = [exactly('eth_type', ethType), exactly('ip_proto', 6), exactly('ip_frag', 0)];
      const flows = [
        { inPort: from, fields: tcp, actions: there, output: to },
        { inPort: to, fields: [...tcp, ...back.fields], actions: back.actions, output: from },
      ].map(({ inPort, fields, actions, output }, n) => ({
        id: flowId(n + 1),
        match: matchOn(inPort, ...fields),
        actions: [...actions, { kind: 'output' as const, port: output }],
      }));
      await backend.withdrawAll();
      await carried(backend);
      const puts = flows.map((flow) => ({ kind: 'put' as const, flow }));
      for (const result of await backend.apply(puts, never())) assert(result.ok);
      // The first train of an entry.
      await sleep(100);
    }

    /**
     * Sends through a connection; resolves to what the entries carried from sender to receiver.
     *
     * @param server where the data arrives, if entries translate the address; it stops to receive after
     *   all bytes, since the bridge does not translate the end of the connection
     */
    async function transfer(
      address: string,
      bytes = BYTES,
      server?: { readonly address: string; readonly port: number },
    ): Promise<Carried> {
      const script = join(projectRoot(), 'test/adapters/nic/tcx/support/transfer.py');
      const at = [address, String(port++)];
      const place =
        server === undefined ? at : [server.address, String(server.port), String(bytes)];
      const listener = await receiver.spawn('receiver', PYTHON, [script, 'receive', ...place]);
      await listener.waitForLine((line) => line === 'ready', 10_000, 'listen');
      const arrived = listener.waitForLine(
        (line) => /^\d+ [0-9a-f]{64}$/.test(line),
        20_000,
        'end',
      );
      const sent = await sender.exec(PYTHON, [script, 'send', ...at, String(bytes)]);
      assert.equal(await arrived, sent.trim());
      await listener.stop();
      const sums = await carried(backend);
      const there = [...sums.entries()].find(([id]) => id.endsWith('1'))?.[1];
      return { packets: there?.packets ?? 0, bytes: there?.bytes ?? 0 };
    }

    /** Segments with a wrong checksum that the receiver's kernel has seen. */
    async function wrongChecksums(): Promise<number> {
      const text = await receiver.exec('nstat', ['-asz', 'TcpInCsumErrors', 'Ip6InHdrErrors']);
      return [...text.matchAll(/^\w+\s+(\d+)/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
    }

    /**
     * Runs while the ports have no offloads: they complete the checksums of what entries send, and the
     * VMs verify them.
     */
    async function withoutOffloads(act: () => Promise<void>): Promise<void> {
      for (const name of ports) await setPort(name, 'off');
      try {
        await act();
      } finally {
        for (const name of ports) await setPort(name, 'on');
      }
    }

    async function setPort(name: string, state: 'on' | 'off'): Promise<void> {
      await run('ethtool', ['-K', name, 'tx', state, 'sg', state, 'tso', state, 'gso', state]);
    }

    function assertWhole({ packets, bytes }: Carried): void {
      assert(bytes > BYTES * 0.9, `entries carried ${bytes} of ${BYTES} bytes`);
      const average = bytes / packets;
      assert(average > 4 * MSS, `${average} bytes a packet: segments were not kept whole`);
    }

    it('sends segments whole, with checksums that the receiver accepts', async () => {
      await install(0x0800);
      assertWhole(await transfer('10.9.0.2'));
      assert.equal(await wrongChecksums(), 0);
    });

    it('sends segments of IPv6 whole', async () => {
      await install(0x86dd);
      assertWhole(await transfer('fd09::2'));
      assert.equal(await wrongChecksums(), 0);
    });

    for (const [what, ethType, address] of [
      ['IPv4', 0x0800, '10.9.0.2'],
      ['IPv6', 0x86dd, 'fd09::2'],
    ] as const) {
      it(`rewrites MAC addresses, TTL and TOS of ${what} without breaking checksums`, async () => {
        const full = Uint8Array.of(255);
        const mac = Buffer.from(world.port(ports[1]).mac.replaceAll(':', ''), 'hex');
        await install(ethType, [
          { kind: 'set', field: 'eth_dst', value: mac, mask: new Uint8Array(6).fill(255) },
          { kind: 'set', field: 'ip_ttl', value: Uint8Array.of(9), mask: full },
          { kind: 'set', field: 'ip_tos', value: Uint8Array.of(0x28), mask: Uint8Array.of(0xfc) },
        ]);
        assertWhole(await transfer(address));
        assert.equal(await wrongChecksums(), 0);
      });
    }

    for (const [what, ethType, service, server] of [
      ['IPv4', 0x0800, '10.9.0.100', '10.9.0.2'],
      ['IPv6', 0x86dd, 'fd09::100', 'fd09::2'],
    ] as const) {
      it(`translates addresses and ports of segments of ${what} on their way to a server`, async () => {
        const version = ethType === 0x0800 ? 'ipv4' : 'ipv6';
        const { mac } = world.port(ports[1]);
        const neighbour = ['neighbour', 'replace', service, 'lladdr', mac, 'dev', 'eth0'];
        await sender.exec('ip', neighbour);
        const [from, to] = [numberBytes('tcp_dst', port), numberBytes('tcp_dst', port + 1_000)];
        await install(
          ethType,
          [rewrite(`${version}_dst`, addressBytes(server)), rewrite('tcp_dst', to)],
          {
            fields: [exactly('tcp_src', to)],
            actions: [rewrite(`${version}_src`, addressBytes(service)), rewrite('tcp_src', from)],
          },
        );
        await withoutOffloads(async () => {
          assertWhole(await transfer(service, BYTES, { address: server, port: port + 1_000 }));
        });
        assert.equal(await wrongChecksums(), 0);
      });
    }

    it('tags segments, and takes tags off', async () => {
      // The kernels of the VMs take tags off; the receiver tags what it sends.
      for (const vm of [sender, receiver]) {
        await vm.exec('tc', ['qdisc', 'add', 'dev', 'eth0', 'clsact']);
        await addFilter(vm, 'ingress', 'pop-tag');
      }
      await addFilter(receiver, 'egress', 'push-tag');
      const tag = [exactly('vlan_tpid', 0x8100), exactly('vlan_vid', 7)];
      const push = { kind: 'push-vlan', tpid: 0x8100, vid: 42, pcp: 0 } as const;
      await install(0x0800, [push], { fields: tag, actions: [{ kind: 'pop-vlan' }] });
      assertWhole(await transfer('10.9.0.2'));
      assert.equal(await wrongChecksums(), 0);
      for (const vm of [sender, receiver]) {
        await vm.exec('tc', ['qdisc', 'delete', 'dev', 'eth0', 'clsact']);
      }
    });

    async function addFilter(vm: Namespace, direction: string, program: string): Promise<void> {
      const filter = ['filter', 'add', 'dev', 'eth0', direction, 'bpf', 'direct-action'];
      const file = ['object-file', compiled(program, world.folder), 'section', 'tc'];
      await vm.exec('tc', [...filter, ...file]);
    }

    it('leaves datagrams that await segmentation to the vSwitch, and carries others', async () => {
      const [from, output] = ports;
      const match = matchOn(from, exactly('eth_type', 0x0800), exactly('ip_proto', 17));
      const flow = { id: flowId(1), match, actions: [{ kind: 'output' as const, port: output }] };
      await backend.withdrawAll();
      const [result] = await backend.apply([{ kind: 'put', flow }], never());
      assert(result.ok);
      // The first train of an entry.
      await sleep(100);
      const count = 200;
      for (const atOnce of [10, 1]) {
        await carried(backend);
        const all = { sender, receiver, address: '10.9.0.2', port: port++, count, atOnce };
        const arrived = await sendDatagrams(all);
        assert.deepEqual(
          arrived,
          Array.from({ length: count }, (_, i) => i),
        );
        const sum = (await carried(backend)).get(idText(flow));
        assert.equal(sum?.packets ?? 0, atOnce === 1 ? count : 0);
      }
    });

    it('translates addresses of datagrams whose checksums await the device', async () => {
      const [from, output] = ports;
      const whole = [exactly('ip_proto', 17), exactly('ip_frag', 0)];
      const match = matchOn(from, exactly('eth_type', 0x0800), ...whole);
      const target = '10.9.0.101';
      const mac = ['lladdr', world.port(output).mac, 'dev', 'eth0'];
      await sender.exec('ip', ['neighbour', 'replace', target, ...mac]);
      const address = '10.9.0.2';
      const to = rewrite('ipv4_dst', addressBytes(address));
      const flow = {
        id: flowId(1),
        match,
        actions: [to, { kind: 'output' as const, port: output }],
      };
      await backend.withdrawAll();
      await carried(backend);
      const [result] = await backend.apply([{ kind: 'put', flow }], never());
      assert(result.ok);
      // The first train of an entry.
      await sleep(100);
      const count = 200;
      const all = { sender, receiver, address, target, port: port++, count, atOnce: 1 };
      await withoutOffloads(async () => {
        assert.deepEqual(
          await sendDatagrams(all),
          Array.from({ length: count }, (_, i) => i),
        );
      });
      assert.equal((await carried(backend)).get(idText(flow))?.packets, count);
    });

    it('leaves segments to the vSwitch that exceed the MTU of the output', async () => {
      await run('ip', ['link', 'set', ports[1], 'mtu', '1000']);
      try {
        await install(0x0800);
        // The bridge takes over the smaller MTU, and what it does with such segments is its business.
        const script = join(projectRoot(), 'test/adapters/nic/tcx/support/transfer.py');
        const at = ['10.9.0.2', String(port++)];
        const server = await receiver.spawn('receiver', PYTHON, [script, 'receive', ...at]);
        await server.waitForLine((line) => line === 'ready', 10_000, 'listen');
        const attempt = sender.exec('timeout', ['3', PYTHON, script, 'send', ...at, '2000000']);
        await attempt.catch(() => undefined);
        await server.stop();
        const sums = [...(await carried(backend)).entries()];
        const there = sums.find(([id]) => id.endsWith('1'))?.[1];
        const perPacket = (there?.bytes ?? 0) / Math.max(1, there?.packets ?? 0);
        assert(perPacket <= 1_014, `the entry carried packets of ${perPacket} bytes on average`);
      } finally {
        await run('ip', ['link', 'set', ports[1], 'mtu', '1500']);
        await run('ip', ['link', 'set', bridge, 'mtu', '1500']);
      }
    });
  });
}
