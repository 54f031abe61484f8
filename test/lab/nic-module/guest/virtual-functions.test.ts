import assert from 'node:assert/strict';
import { exact, flowIdOf } from '../../../../adapters/emulator/megaflow.ts';
import { openFilterDevice } from '../../../../adapters/nic/ntuple/keeper/filter-device.ts';
import { FilterKeeper } from '../../../../adapters/nic/ntuple/keeper/filter-keeper.ts';
import { VfBackend } from '../../../../adapters/nic/vf/vf-backend.ts';
import { LinkVfControl, VfDevice } from '../../../../adapters/nic/vf/vf-device.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { FieldMatch } from '../../../../engine/model/match.ts';
import type { VirtualFunction } from '../../../../protocols/netlink/link/virtual-functions.ts';
import { NetlinkRequests } from '../../../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../../../protocols/netlink/socket.ts';
import { ethernet, MARKER } from '../../../../lab/testbed/frames.ts';
import { Capture, startSender } from '../../../../lab/testbed/packets.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { FakeSessions, vmNumbered } from '../../../adapters/nic/vf/rig.ts';
import { MemoryJournal, portNamed } from '../../../adapters/nic/ntuple/rig.ts';
import { carried, idText, installed, never } from '../../../contract/collect.ts';
import { del, outcomesOf, put } from '../../../contract/offload-backend-operations.ts';
import { eventually } from '../../../support/eventually.ts';
import { needs } from '../../../support/needs.ts';
import { KernelGuest } from './support/kernel-guest.ts';
import { PEER_ADDRESS, VF_MAC, VfRig, VM_ADDRESS, VM_MAC, VM_PORT } from './support/vf-rig.ts';

/** An emulated processor takes long to start a process. */
const SLOW_MS = 120_000;
const COUNT = 5;
/** Frames that a rate limits: in so many rounds, of which the NIC's burst of 128 KiB lets at least some pass. */
const ROUNDS = 80;
const PAYLOAD_BYTES = 1_200;
const BURST_FRAMES = 100;
/** Address of the second virtual function, and its number. */
const SECOND_MAC = '02:0f:00:00:00:02';
const SECOND = 1;
/** Ports of the VM's flows: one that is offloaded, and one that stays on the vSwitch. */
const MOVED = 9_001;
const STAYING = 9_002;
const SENT = 9_003;

describe('virtual functions of the NIC in software', function () {
  this.timeout(SLOW_MS);
  let rig: VfRig;
  let requests: NetlinkRequests;
  let control: LinkVfControl;

  before(async function () {
    needs(this, 'kernel-lab', 'nic-module', 'root', 'netns', 'debian-python3');
    rig = await VfRig.start();
    requests = new NetlinkRequests(PROTOCOL.route, { timeoutMs: 10_000 });
    control = new LinkVfControl(requests, rig.uplink);
  });
  after(async () => {
    requests?.close();
    await rig?.stop();
  });

  const readSecond = async (): Promise<VirtualFunction | undefined> =>
    (await control.read()).find(({ number }) => number === SECOND);

  it('are what ip reads, and read what ip wrote', async () => {
    const settings: Omit<VirtualFunction, 'number'> = {
      mac: SECOND_MAC,
      vlan: 7,
      spoofCheck: false,
      linkState: 'disable',
      maxTxMbps: 500,
    };
    assert.equal(await control.set(SECOND, settings), 0);
    const printed = await run('ip', ['link', 'show', 'dev', rig.uplink]);
    assert.match(
      printed,
      /vf 1 .*02:0f:00:00:00:02.*vlan 7,.*tx rate 500.*spoof checking off, link-state disable/,
    );
    const words = 'vlan 0 spoofchk on state auto rate 0'.split(' ');
    for (let i = 0; i < words.length; i += 2) {
      await run('ip', ['link', 'set', rig.uplink, 'vf', '1', words[i], words[i + 1]]);
    }
    assert.deepEqual(await readSecond(), {
      ...settings,
      number: SECOND,
      vlan: 0,
      spoofCheck: true,
      linkState: 'auto',
      maxTxMbps: 0,
    });
    assert.equal(await control.set(2, { vlan: 7 }), 22, 'EINVAL: there is no such function');
  });

  it('send nothing without link, from a foreign address or beyond their rate; and with their tag', async () => {
    /** How many frames of the second function reach the peer: the NIC handles them while they are sent. */
    const sent = async (src: string, rounds = 1): Promise<number> => {
      const before = await rig.bytesAtPeer();
      const frames = Array.from({ length: COUNT }, () => frameFrom(src));
      const options = { packetsPerSecond: 100_000, rounds };
      await (await startSender(rig.second, frames, options, '/run')).exited;
      const bytes = (await rig.bytesAtPeer()) - before;
      // Less than a frame is what the kernel itself has sent.
      return Math.floor(bytes / frameFrom(src).length);
    };
    assert.equal(await control.set(SECOND, { mac: SECOND_MAC, spoofCheck: true }), 0);
    await eventually('the link', () => rig.secondHasLink());
    assert.equal(await sent(SECOND_MAC), COUNT);
    assert.equal(await sent(VM_MAC), 0);
    assert.equal(await control.set(SECOND, { spoofCheck: false }), 0);
    assert.equal(await sent(VM_MAC), COUNT);
    assert.equal(await control.set(SECOND, { linkState: 'disable' }), 0);
    assert.equal(await sent(VM_MAC), 0);

    assert.equal(await control.set(SECOND, { linkState: 'auto', vlan: 7, maxTxMbps: 1 }), 0);
    await eventually('the link', () => rig.secondHasLink());
    const capture = await Capture.start(rig.peer);
    const passed = await sent(SECOND_MAC, ROUNDS);
    // Sending all of them at 1 Mbit/s would take four seconds.
    assert(passed >= BURST_FRAMES && passed < ROUNDS * COUNT, `${passed} frames`);
    await eventually('captured frames', () => capture.frames.length === passed, SLOW_MS);
    await capture.stop();
    for (const { bytes } of capture.frames) {
      assert.equal(bytes.toString('hex', 12, 16), '81000007');
    }
  });

  it('serve a VM by receive filters, flow by flow, while the lease lasts', async () => {
    // As that of a real VF, whose driver learns of it by a message.
    await rig.nic.set('link_delay_ms', 20);
    const vm = vmNumbered(1, { vfMac: VF_MAC, trustGuest: true });
    const filters = openFilterDevice(rig.uplink);
    const keeper = new FilterKeeper({
      name: rig.uplink,
      device: new VfDevice(control, [vm], filters),
      journal: new MemoryJournal(),
    });
    const sessions = new FakeSessions();
    const backend = new VfBackend(
      {
        uplink: rig.uplink,
        entries: 16,
        leaseMs: 60_000,
        steering: 'ntuple',
        addressesAreUnique: true,
        vms: [vm],
      },
      { writer: keeper, sessions, filters, log: (line) => assert.fail(line) },
    );
    const ports = new Map([
      [rig.uplink, portNamed(rig.uplink, 1)],
      [VM_PORT, { ...portNamed(VM_PORT, 2), mac: VM_MAC }],
    ]);
    const guest = new KernelGuest();
    sessions.set(vm.guest, await guest.session(vm.guest));
    await backend.start(ports, never());
    assert.equal(await backend.renewLease(monotonicMs()), 'renewed');
    const onVswitch = { vf: 0, vswitch: COUNT };
    const onVf = { vf: COUNT, vswitch: 0 };
    assert.deepEqual(await rig.receive(MOVED, COUNT), onVswitch);
    assert.deepEqual(await rig.send(SENT, COUNT), onVswitch);

    const received = flowOf(rig.uplink, VM_PORT, VM_ADDRESS, MOVED);
    const transmitted = flowOf(VM_PORT, rig.uplink, PEER_ADDRESS, SENT);
    const results = await backend.apply([put(received), put(transmitted)], never());
    assert.deepEqual(outcomesOf(results), ['installed', 'installed'], JSON.stringify(results));
    assert.deepEqual(await installed(backend), [received, transmitted].map(idText).sort());
    assert.deepEqual(await rig.receive(MOVED, COUNT), onVf);
    assert.deepEqual(await rig.receive(STAYING, COUNT), onVswitch, 'another flow of the VM');
    assert.deepEqual(await rig.send(SENT, COUNT), onVf);
    const sums = await carried(backend);
    assert.deepEqual(
      [received, transmitted].map((flow) => sums.get(idText(flow))?.packets),
      [COUNT, COUNT],
    );

    assert.deepEqual(outcomesOf(await backend.apply([del(received)], never())), ['deleted']);
    assert.deepEqual(await rig.receive(MOVED, COUNT), onVswitch);
    assert.deepEqual(await rig.send(SENT, COUNT), onVf);
    const again = await backend.apply([put(received)], never());
    assert.deepEqual(outcomesOf(again), ['installed'], JSON.stringify(again));

    // The end of the lease, which nothing renews.
    await keeper.renew(monotonicMs() + 100);
    await eventually('the VF is closed', async () => !(await isOpen()), SLOW_MS);
    assert.deepEqual(await filters.list(), []);
    await eventually('the guest sends by the vSwitch', () => guest.transmitRules === 0, SLOW_MS);
    assert.deepEqual(await rig.receive(MOVED, COUNT), onVswitch);
    assert.deepEqual(await rig.send(SENT, COUNT), onVswitch);
    assert.equal(await backend.renewLease(monotonicMs()), 'renewed');
    assert.deepEqual(await installed(backend), [received, transmitted].map(idText).sort());
    assert.deepEqual(await rig.receive(MOVED, COUNT), onVf);
    await backend.close();
    assert.equal(await isOpen(), false);
    assert.deepEqual(await rig.receive(MOVED, COUNT), onVswitch);

    async function isOpen(): Promise<boolean> {
      return (await control.read())[0].linkState !== 'disable';
    }
  });
});

/** The flow of UDP datagrams to an address and port, as the vSwitch passes it. */
function flowOf(inPort: string, outPort: string, address: string, port: number): FlowSpec {
  const bytes = Buffer.from(address.split('.').map(Number));
  const fields: readonly FieldMatch[] = [
    exact('eth_type', 0x0800),
    exact('ipv4_dst', bytes.readUInt32BE()),
    exact('ip_proto', 17),
    exact('ip_frag', 0),
    exact('udp_dst', port),
  ];
  const match = { inPort, fields, opaque: [] };
  return { id: flowIdOf(match), match, actions: [{ kind: 'output', port: outPort }] };
}

function frameFrom(src: string): Buffer {
  const payload = Buffer.concat([MARKER, Buffer.alloc(PAYLOAD_BYTES)]);
  return ethernet({ src, dst: '02:77:00:00:00:77', etherType: 0x88b5, payload });
}
