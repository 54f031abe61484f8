import assert from 'node:assert/strict';
import { BpfPrograms } from '../../../../adapters/nic/core/bpf-programs.ts';
import { ifindexOf } from '../../../../adapters/nic/core/device.ts';
import { Lease, LEASE_PROGRAM } from '../../../../adapters/nic/core/lease.ts';
import { Libbpf } from '../../../../adapters/nic/core/libbpf.ts';
import { NetworkLock } from '../../../../adapters/nic/core/network-lock.ts';
import { PinLock } from '../../../../adapters/nic/core/pin-lock.ts';
import { ProgramLoader } from '../../../../adapters/nic/core/program-loader.ts';
import { Gate, GATE_PROGRAM } from '../../../../adapters/nic/flower/gate.ts';
import { FlowerPins } from '../../../../adapters/nic/flower/pins.ts';
import { TrafficControlRequests } from '../../../../adapters/nic/flower/traffic-control.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import { Cleanup } from '../../../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../../../lab/testbed/names.ts';
import { Namespace } from '../../../../lab/testbed/namespace.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { waitFor } from '../../../../lab/testbed/wait.ts';
import { needs } from '../../../support/needs.ts';
import { builtObject } from '../support/object.ts';
import { World } from '../support/world.ts';

const PACKETS = 5;
/** Bytes of the option of VXLAN with group policy, which the kernel keeps as those of Geneve. */
const OPTION_BYTES = 4;
const PORT = 4_799;
/** Sends datagrams; a mark is the group of the sender. */
const SEND = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 36, int(sys.argv[1]))
for _ in range(${PACKETS}): s.sendto(b'x' * 60, ('10.99.0.9', 9))
`;

describe('the gate of rules of tc flower', function () {
  this.timeout(20_000);
  const cleanup = new Cleanup();
  const undo: (() => void)[] = [];
  let world: World | undefined;
  let remote: Namespace;
  let pins: FlowerPins;
  let tunnel = '';
  let ifindex = 0;

  before(async function () {
    needs(this, 'root', 'netns', 'xdp', 'debian-python3');
    world = await World.create(1);
    const names = new NameMaker();
    remote = await Namespace.create(cleanup, names, 'g');
    const near = names.next('g');
    tunnel = names.next('g');
    await layTunnel(near);
    ifindex = ifindexOf(tunnel) ?? 0;
    const libbpf = new Libbpf();
    const programs = new BpfPrograms();
    const pinPath = world.pinPath();
    const pinLock = PinLock.acquire(pinPath);
    pins = FlowerPins.openOrCreate(libbpf, pinPath);
    const objects = [{ path: builtObject('flower'), names: [LEASE_PROGRAM, GATE_PROGRAM] }];
    const loader = await ProgramLoader.open({ programs, objects, maps: pins.maps });
    const gate = await Gate.open(libbpf, loader);
    const lease = await Lease.open(libbpf, programs, loader);
    const tc = new TrafficControlRequests(new NetworkLock());
    undo.push(
      () => tc.close(),
      () => lease.close(),
      () => gate.close(),
      () => pins.close(),
      () => pinLock.release(),
    );
    assert.equal(lease.renew(monotonicMs(), monotonicMs() + 60_000), 'renewed');
    assert.equal(await tc.one('adding the gate', gate.put(ifindex)), undefined);
  });

  after(async () => {
    for (const step of undo) step();
    await cleanup.run();
    await world?.close();
  });

  /** A tunnel between this namespace, where its device tells each packet's option, and another one. */
  async function layTunnel(near: string): Promise<void> {
    const remove = (name: string) => () => run('ip', ['link', 'del', name]).then(() => undefined);
    cleanup.add({ name: near, undo: remove(near), undoNow: () => undefined });
    const host = [
      `ip link add ${near} type veth peer eth0 netns ${remote.name}`,
      `ip address add 172.31.99.1/24 dev ${near}; ip link set ${near} up`,
      `ip link add ${tunnel} type vxlan external gbp dstport ${PORT}; ip link set ${tunnel} up`,
      `tc qdisc add dev ${tunnel} clsact`,
      // What comes to the rules leaves by the link of the VM.
      `tc filter add dev ${tunnel} ingress pref 10 protocol ip u32 match u32 0 0 ` +
        `action mirred egress redirect dev ${world?.names()[0]}`,
    ];
    await run('sh', ['-ec', host.join('\n')]);
    cleanup.add({ name: tunnel, undo: remove(tunnel), undoNow: () => undefined });
    const far = [
      'ip address add 172.31.99.2/24 dev eth0; ip link set eth0 up',
      `ip link add far type vxlan id 100 remote 172.31.99.1 dstport ${PORT} gbp`,
      'echo 1 > /proc/sys/net/ipv6/conf/far/disable_ipv6',
      'ip address add 10.99.0.2/24 dev far; ip link set far up',
      'ip neigh add 10.99.0.9 lladdr 02:00:00:00:00:09 dev far',
    ];
    await remote.exec('sh', ['-ec', far.join('\n')]);
  }

  /** Packets that came to the rules. */
  async function seen(): Promise<number> {
    const show = ['-s', '-j', 'filter', 'show', 'dev', tunnel, 'ingress', 'pref', '10'];
    const [, packets] = /"packets":(\d+)/.exec(await run('tc', show)) ?? [];
    return Number(packets);
  }

  /** Sends packets of a group, then some without an option, and asserts how many of the first came to the rules. */
  async function assertPassed(group: number, expected: number): Promise<void> {
    const before = await seen();
    for (const one of [group, 0]) await remote.exec('python3', ['-c', SEND, String(one)]);
    const look = async () => ((await seen()) - before >= expected + PACKETS ? true : undefined);
    await waitFor('the last packets come to the rules', look, { timeoutMs: 5_000, everyMs: 10 });
    assert.equal((await seen()) - before, expected + PACKETS);
  }

  it('lets packets without options reach the rules', async () => {
    pins.addDevice(ifindex, { madeClsact: true, optionBytes: 0 });
    await assertPassed(0, PACKETS);
  });

  it('sends packets with options to the vSwitch where rules expect none, or others', async () => {
    for (const optionBytes of [0, 2 * OPTION_BYTES]) {
      pins.addDevice(ifindex, { madeClsact: true, optionBytes });
      await assertPassed(0x2a, 0);
    }
  });

  it('lets packets with options of the expected length reach the rules', async () => {
    pins.addDevice(ifindex, { madeClsact: true, optionBytes: OPTION_BYTES });
    await assertPassed(0x2a, PACKETS);
  });
});
