import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { exact, flowIdOf } from '../../../../adapters/emulator/megaflow.ts';
import type { VfOptions, VfVm } from '../../../../adapters/nic/vf/options.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { FlowAction } from '../../../../engine/model/action.ts';
import { FlowTable } from '../../../../engine/model/flow-table.ts';
import { formatFlowId } from '../../../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { FieldMatch } from '../../../../engine/model/match.ts';
import { GuestRefused } from '../../../../protocols/guest-channel/host/errors.ts';
import { carried, idText, installed, never } from '../../../contract/collect.ts';
import { del, outcomesOf, put } from '../../../contract/offload-backend-operations.ts';
import { eventually } from '../../../support/eventually.ts';
import { udpFlow } from '../ntuple/rig.ts';
import { VfRig, vmNumbered } from './rig.ts';

const GUEST = exact('eth_dst', 0x0200_0000_0001);
const PEER = 0x0209_0000_0009;

function flowOf(
  inPort: string,
  fields: readonly FieldMatch[],
  actions: readonly FlowAction[],
): FlowSpec {
  const match = { inPort, fields, opaque: [] };
  return { id: flowIdOf(match), match, actions };
}

/** A receive filter of another program. */
const OTHERS_KEY = { kind: 'tcp4', destination: '0a000001', destinationPort: 22 } as const;

const to = (port: string): FlowAction => ({ kind: 'output', port });
const IPV4 = exact('eth_type', 0x0800);

/** What a bridge with NORMAL has for a VM and a peer on the wire. */
const RECEIVED = flowOf('p0', [exact('eth_src', PEER), GUEST, IPV4], [to('vm1')]);
const SENT = flowOf(
  'vm1',
  [exact('eth_src', 0x0200_0000_0001), exact('eth_dst', PEER), IPV4],
  [to('p0')],
);
const FLOODED = flowOf(
  'vm1',
  [
    exact('eth_src', 0x0200_0000_0001),
    exact('eth_dst', 0xffff_ffff_ffff),
    exact('eth_type', 0x0806),
  ],
  [to('p0'), to('vm2')],
);

describe('virtual functions as a backend', () => {
  const rigs: VfRig[] = [];
  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.backend.close();
  });

  /** A started backend that steers by MAC address, with its lease renewed and `vm1` connected. */
  async function startedRig(
    vm: Partial<VfVm> = {},
    options: Partial<VfOptions> = {},
  ): Promise<VfRig> {
    const rig = new VfRig({ steering: 'mac', vms: [vmNumbered(1, vm)], ...options });
    rigs.push(rig);
    await rig.connect('vm1');
    await rig.backend.start(rig.ports, never());
    assert.equal(await rig.backend.renewLease(monotonicMs()), 'renewed');
    return rig;
  }

  /** The vSwitch has these flows now; resolves to what they contradict. */
  function read(rig: VfRig, table: FlowTable, ...flows: readonly FlowSpec[]): readonly string[] {
    table.begin(performance.now());
    for (const { id, match, actions } of flows) {
      const { w0, w1, w2, w3 } = id;
      const found = table.find(w0, w1, w2, w3);
      const row = found === -1 ? table.add(id, match, actions) : found;
      table.observe(row, 0, 0, 0);
    }
    table.end();
    return rig.backend.contradicted(table).map(formatFlowId);
  }

  it('receives before the NIC steers, and sends last; and the reverse', async () => {
    const rig = await startedRig({ maxTxMbps: 500 });
    read(rig, new FlowTable(), RECEIVED, SENT, FLOODED);
    rig.log.length = 0;
    assert.deepEqual(outcomesOf(await rig.backend.apply([put(SENT)], never())), ['installed']);
    assert.deepEqual(outcomesOf(await rig.backend.apply([put(RECEIVED)], never())), ['installed']);
    assert.deepEqual(await installed(rig.backend), [idText(SENT), idText(RECEIVED)].sort());
    const functions = { port: 'vm1', vf: 0, isOpen: true, flows: 2 };
    assert.deepEqual(rig.backend.virtualFunctions(), [functions]);
    await rig.backend.apply([del(SENT), del(RECEIVED)], never());
    assert.deepEqual(rig.log, [
      'VF 0 maxTxMbps 500',
      'VF 0 spoofCheck true',
      'VF 0 linkState auto',
      'vm1 put receive 1',
      'VF 0 mac 02:00:00:00:00:01',
      'PF receives 020000000001: no',
      'vm1 put transmit 2',
      'vm1 put receive 3',
      'vm1 delete 2',
      'PF receives 020000000001: yes',
      'VF 0 mac 02:00:00:00:0f:01',
      'vm1 delete 1',
      'vm1 delete 3',
      'VF 0 linkState disable',
    ]);
    assert.deepEqual(await installed(rig.backend), []);
  });

  it('is refused while nothing is known of the flows of the vSwitch', async () => {
    const rig = await startedRig();
    const [result] = await rig.backend.apply([put(SENT)], never());
    assert.ok(!result.ok);
    assert.match(result.refusal.detail, /have not been read/);
  });

  const L4 = flowOf('vm1', [...SENT.match.fields, exact('ip_proto', 6)], [to('p0')]);
  const DROPPED = flowOf('vm1', [exact('eth_dst', 5)], []);
  const OTHERS = flowOf('p0', [IPV4], []);
  const MIRRORED = flowOf('p0', [exact('eth_src', 3), GUEST], [to('vm1'), to('vm2')]);
  const DEEPER = flowOf(
    'p0',
    [exact('eth_src', 3), GUEST, IPV4, exact('ipv4_src', 9)],
    [to('vm1')],
  );
  for (const { what, flow, why } of [
    {
      what: 'a rule that looks at the protocol of what the VM sends',
      flow: L4,
      why: /look at ip_proto/,
    },
    { what: 'a rule that drops what the VM sends', flow: DROPPED, why: /with the actions drop/ },
    { what: 'a rule that drops what arrives', flow: OTHERS, why: /with the actions drop/ },
    { what: 'a mirror of what the VM receives', flow: MIRRORED, why: /with the actions vm1, vm2/ },
    { what: 'a rule that looks at addresses of what arrives', flow: DEEPER, why: /ipv4_src/ },
  ]) {
    it(`is refused for ${what}, and ends when it appears`, async () => {
      const rig = await startedRig();
      const table = new FlowTable();
      assert.deepEqual(read(rig, table, RECEIVED, SENT, flow), []);
      const [refused] = await rig.backend.apply([put(RECEIVED)], never());
      assert.ok(!refused.ok);
      assert.equal(refused.refusal.code, 'port-unavailable');
      assert.match(refused.refusal.detail, why);
      assert.equal(rig.backend.supports(RECEIVED).ok, true, 'only other flows are in the way');
      assert.deepEqual(read(rig, table, RECEIVED, SENT), []);
      const [taken] = await rig.backend.apply([put(RECEIVED)], never());
      assert.ok(taken.ok);
      assert.deepEqual(read(rig, table, RECEIVED, SENT, flow), [idText(RECEIVED)]);
    });
  }

  it('ignores what concerns other VMs, and what a trusted guest sends', async () => {
    const rig = await startedRig({ trustGuest: true });
    const other = flowOf('p0', [exact('eth_dst', 0x0200_0000_0077), IPV4], []);
    read(rig, new FlowTable(), RECEIVED, SENT, L4, DROPPED, other);
    assert.deepEqual(outcomesOf(await rig.backend.apply([put(RECEIVED)], never())), ['installed']);
    assert.equal(rig.control.functions.get(0)?.spoofCheck, false);
  });

  it('with a VLAN takes flows that the vSwitch tags alike, and no others', async () => {
    const rig = await startedRig({ vlan: 7 });
    const tag = exact('vlan_vid', 7);
    const tpid = exact('vlan_tpid', 0x8100);
    const push: FlowAction = { kind: 'push-vlan', tpid: 0x8100, vid: 7, pcp: 0 };
    const received = flowOf('p0', [GUEST, tpid, tag, IPV4], [{ kind: 'pop-vlan' }, to('vm1')]);
    const sent = flowOf('vm1', [exact('eth_dst', PEER), IPV4], [push, to('p0')]);
    read(rig, new FlowTable(), received, sent);
    const results = await rig.backend.apply([put(received), put(sent)], never());
    assert.deepEqual(outcomesOf(results), ['installed', 'installed']);
    assert.equal(rig.control.functions.get(0)?.vlan, 7);
    for (const wrong of [RECEIVED, SENT, { ...received, actions: [to('vm1')] }]) {
      assert.equal(rig.backend.supports(wrong).ok, false);
    }
  });

  it('ends for a guest whose session ends: the NIC at once, the VF after the guest’s lease', async () => {
    const rig = await startedRig({}, { leaseMs: 500 });
    read(rig, new FlowTable(), RECEIVED, SENT);
    await rig.backend.apply([put(RECEIVED), put(SENT)], never());
    let notified = 0;
    rig.backend.onLost(() => notified++);
    rig.log.length = 0;
    rig.sessions.set('vm1', undefined);
    await eventually('the entries are lost', () => notified > 0);
    assert.deepEqual(
      (await rig.backend.portsChanged(rig.ports)).map(formatFlowId).sort(),
      [idText(RECEIVED), idText(SENT)].sort(),
    );
    assert.deepEqual(rig.log, ['PF receives 020000000001: yes', 'VF 0 mac 02:00:00:00:0f:01']);
    assert.deepEqual(await installed(rig.backend), []);
    assert.match(rig.backend.unservedPorts()[0].why, /no agent that is connected/);
    await sleep(550);
    await rig.backend.portsChanged(rig.ports);
    assert.deepEqual(rig.log.at(-1), 'VF 0 linkState disable');
    await rig.connect('vm1');
    await eventually('the port is served', () => rig.backend.unservedPorts().length === 0);
    read(rig, new FlowTable(), RECEIVED, SENT);
    await rig.backend.renewLease(monotonicMs());
    const [again] = await rig.backend.apply([put(RECEIVED)], never());
    assert.ok(again.ok);
  });

  it('closes the VF of a guest that is gone with a later renewal, when nothing else happens', async () => {
    const rig = await startedRig({}, { leaseMs: 2_000 });
    read(rig, new FlowTable(), RECEIVED, SENT);
    await rig.backend.apply([put(RECEIVED), put(SENT)], never());
    rig.log.length = 0;
    rig.sessions.set('vm1', undefined);
    const hasStopped = () => rig.log.includes('VF 0 mac 02:00:00:00:0f:01');
    await eventually('the NIC stops steering', hasStopped);
    assert.equal(rig.control.functions.get(0)?.linkState, 'auto');
    await eventually('the VF is closed', async () => {
      await rig.backend.renewLease(monotonicMs());
      await sleep(100);
      return rig.control.functions.get(0)?.linkState === 'disable';
    });
  });

  it('moves the traffic back, make before break, when the agent of a guest wants to end', async () => {
    const rig = await startedRig();
    read(rig, new FlowTable(), RECEIVED, SENT);
    await rig.backend.apply([put(RECEIVED), put(SENT)], never());
    let notified = 0;
    rig.backend.onLost(() => notified++);
    rig.log.length = 0;
    await rig.guests.get('vm1')?.agent.leaving();
    await eventually('the entries are lost', () => notified > 0);
    assert.deepEqual(rig.log, [
      'vm1 delete 3',
      'PF receives 020000000001: yes',
      'VF 0 mac 02:00:00:00:0f:01',
      'vm1 delete 1',
      'vm1 delete 2',
      'VF 0 linkState disable',
    ]);
    assert.equal(rig.guests.get('vm1')?.rules.rules.size, 0);
    assert.deepEqual(
      (await rig.backend.portsChanged(rig.ports)).map(formatFlowId).sort(),
      [idText(RECEIVED), idText(SENT)].sort(),
    );
    assert.match(rig.backend.unservedPorts()[0].why, /the agent of guest vm1 is about to end/);
    const [refused] = await rig.backend.apply([put(SENT)], never());
    assert.ok(!refused.ok);
    await rig.connect('vm1');
    await eventually('the port is served', () => rig.backend.unservedPorts().length === 0);
  });

  it('stops steering as soon as a guest says that its VF is gone, and begins a new session', async () => {
    const rig = await startedRig();
    read(rig, new FlowTable(), RECEIVED, SENT);
    await rig.backend.apply([put(RECEIVED), put(SENT)], never());
    const session = rig.sessions.find('vm1');
    let notified = 0;
    rig.backend.onLost(() => notified++);
    rig.guests.get('vm1')?.rules.unusable.push(1, 2, 3);
    rig.log.length = 0;
    assert.equal(await rig.backend.renewLease(monotonicMs()), 'renewed');
    await eventually('the entries are lost', () => notified > 0);
    assert.deepEqual(
      rig.log.filter((line) => !line.startsWith('vm1')),
      ['PF receives 020000000001: yes', 'VF 0 mac 02:00:00:00:0f:01'],
    );
    assert.equal((await rig.backend.portsChanged(rig.ports)).length, 2);
    assert.equal(session?.end?.reason, 'closed', 'so that the guest lists its devices again');
  });

  it('does not take what an earlier session has lost for a new loss', async () => {
    const rig = await startedRig();
    read(rig, new FlowTable(), RECEIVED, SENT);
    await rig.backend.apply([put(SENT)], never());
    const guest = rig.guests.get('vm1');
    guest?.rules.unusable.push(1, 2);
    await rig.backend.renewLease(monotonicMs());
    await eventually('the session ends', () => rig.sessions.find('vm1')?.end !== undefined);
    assert(guest !== undefined);
    rig.sessions.set('vm1', await guest.session());
    await eventually('the port is served', () => rig.backend.unservedPorts().length === 0);
    await rig.backend.renewLease(monotonicMs());
    const [taken] = await rig.backend.apply([put(SENT)], never());
    assert.ok(taken.ok, JSON.stringify(taken));
    assert.equal(rig.sessions.find('vm1')?.end, undefined);
  });

  it('asks a guest that lacks a device for its devices again, after some time', async () => {
    const rig = new VfRig({ steering: 'mac', vms: [vmNumbered(1)] });
    rigs.push(rig);
    const session = await rig.connect('vm1', '02:00:00:00:0f:77');
    await rig.backend.start(rig.ports, never());
    await rig.backend.renewLease(monotonicMs());
    const endings = (): unknown => session.end?.reason;
    assert.equal(endings(), undefined);
    rig.aheadMs = 31_000;
    await rig.backend.renewLease(monotonicMs() + rig.aheadMs);
    assert.equal(endings(), 'closed');
    assert.match(rig.backend.unservedPorts()[0].why, /no device with the MAC address/);
  });

  it('is refused for a guest without the device that the host expects', async () => {
    const rig = new VfRig({ steering: 'mac', vms: [vmNumbered(1)] });
    rigs.push(rig);
    await rig.connect('vm1', '02:00:00:00:0f:77');
    await rig.backend.start(rig.ports, never());
    await rig.backend.renewLease(monotonicMs());
    read(rig, new FlowTable(), RECEIVED, SENT);
    const [refused] = await rig.backend.apply([put(RECEIVED)], never());
    assert.ok(!refused.ok);
    assert.match(refused.refusal.detail, /no device with the MAC address 02:00:00:00:0f:01/);
    const prepared = ['VF 0 linkState disable', 'VF 0 mac 02:00:00:00:0f:01'];
    assert.deepEqual(rig.log, prepared, 'nothing after the start');
  });

  it('takes a step back when the guest or the NIC refuses one', async () => {
    const rig = await startedRig();
    read(rig, new FlowTable(), RECEIVED, SENT);
    rig.guests.get('vm1')?.rules.refused.set(2, 'no such device');
    const [refused] = await rig.backend.apply([put(SENT)], never());
    assert.ok(!refused.ok);
    assert.match(refused.refusal.detail, /the guest: no such device/);
    assert.equal(rig.control.functions.get(0)?.linkState, 'disable');
    assert.equal(rig.guests.get('vm1')?.rules.rules.size, 0);
    rig.control.refused.set('mac', 16);
    const [steered] = await rig.backend.apply([put(SENT)], never());
    assert.ok(!steered.ok);
    assert.equal(steered.refusal.code, 'probe-depth');
    assert.equal(rig.guests.get('vm1')?.rules.rules.size, 0);
    rig.control.refused.clear();
    const [taken] = await rig.backend.apply([put(SENT)], never());
    assert.ok(taken.ok);
  });

  it('with receive filters takes the lowest free place where the NIC does not choose it', async () => {
    const vms = [vmNumbered(1, { trustGuest: true })];
    const rig = new VfRig({ steering: 'ntuple', vms, entries: 3 }, false);
    rigs.push(rig);
    await rig.filters.insert({ key: OTHERS_KEY, target: { queue: 4 } }, 1);
    await rig.connect('vm1');
    await rig.backend.start(rig.ports, never());
    await rig.backend.renewLease(monotonicMs());
    const flows = [0, 1, 2].map((n) => udpFlow(n, 'vm1'));
    const results = await rig.backend.apply(flows.map(put), never());
    assert.deepEqual(outcomesOf(results), ['installed', 'installed', 'table-full']);
    assert.deepEqual(
      [...rig.filters.filters.keys()].toSorted((a, b) => a - b),
      [0, 1, 2],
    );
    const again = await rig.backend.apply([del(flows[0]), put(flows[2])], never());
    assert.deepEqual(outcomesOf(again), ['deleted', 'installed']);
    assert.deepEqual(await installed(rig.backend), [flows[1], flows[2]].map(idText).sort());
  });

  it('comes back after a lapse, whatever happens before the next renewal', async () => {
    const vms = [vmNumbered(1, { trustGuest: true })];
    const rig = await startedRig({}, { steering: 'ntuple', vms });
    const flows = [0, 1, 2, 3].map((n) => udpFlow(n, 'vm1'));
    const sent = { ...SENT, id: flows[3].id };
    const before = [flows[0], flows[1], sent];
    const taken = await rig.backend.apply(before.map(put), never());
    assert.deepEqual(outcomesOf(taken), ['installed', 'installed', 'installed']);
    // The agent sees that the VF has no link, and removes its rules before the host asks it to.
    const rules = rig.guests.get('vm1')?.rules;
    const set = rig.control.set.bind(rig.control);
    rig.control.set = (vf, settings) => {
      if (settings.linkState === 'disable') rules?.unusable.push(...(rules?.transmit ?? []));
      return set(vf, settings);
    };
    await rig.keeper.renew(monotonicMs());
    await eventually('the VF is closed', () => rules?.transmit.size === 0);
    const [early] = await rig.backend.apply([put(flows[2])], never());
    assert.ok(!early.ok && early.refusal.code === 'device-error', JSON.stringify(early));
    assert.deepEqual(outcomesOf(await rig.backend.apply([del(flows[1])], never())), ['deleted']);
    assert.deepEqual(await installed(rig.backend), []);
    assert.equal(rig.control.functions.get(0)?.linkState, 'disable');
    assert.equal(await rig.backend.renewLease(monotonicMs()), 'renewed');
    assert.deepEqual(await installed(rig.backend), [flows[0], sent].map(idText).sort());
    assert.equal(rig.sessions.find('vm1')?.end, undefined, 'the session goes on');
  });

  it('lapses for all guests, whatever one of them answers', async () => {
    const vms = [vmNumbered(1), vmNumbered(2, { vfMac: '02:00:00:00:0f:02' })];
    const rig = await startedRig({}, { leaseMs: 500, vms });
    await rig.connect('vm2', '02:00:00:00:0f:02');
    const other = flowOf('vm2', SENT.match.fields, [to('p0')]);
    read(rig, new FlowTable(), SENT, other);
    const taken = await rig.backend.apply([put(SENT), put(other)], never());
    assert.deepEqual(outcomesOf(taken), ['installed', 'installed']);
    const session = rig.sessions.find('vm1');
    assert.ok(session !== undefined);
    Object.assign(session, {
      delete: () => Promise.reject(new GuestRefused('vm1', 'delete', 'it does not want to')),
    });
    const isAsked = () => rig.log.some((line) => line.startsWith('vm2 delete'));
    await eventually('the other guest stops sending', isAsked, 5_000);
    await eventually('it is logged', () => rig.logged.length > 0);
    assert.match(rig.logged[0], /^vf: the end of the lease: .*vm1.*it does not want to/);

    const second = rig.sessions.find('vm2');
    assert.ok(second !== undefined);
    assert.equal(await rig.backend.renewLease(monotonicMs()), 'renewed');
    Object.assign(second, {
      delete: () => Promise.reject(new GuestRefused('vm2', 'delete', 'nor does this one')),
    });
    rig.logged.length = 0;
    await eventually('both are logged', () => rig.logged.length > 0);
    assert.match(
      rig.logged[0],
      /^vf: the end of the lease: .*it does not want to.*; .*vm2.*nor does/,
    );
    for (const each of [session, second]) Reflect.deleteProperty(each, 'delete');
  });

  it('renews for all guests, however many of them do not answer', async () => {
    const vms = [1, 2, 3, 4, 5, 6, 7].map((n) => vmNumbered(n, { vfMac: `02:00:00:00:0f:0${n}` }));
    const rig = await startedRig({}, { leaseMs: 5_000, vms });
    for (const { guest, vfMac } of vms.slice(1)) await rig.connect(guest, vfMac);
    read(rig, new FlowTable(), SENT);
    await rig.backend.renewLease(monotonicMs());
    const [taken] = await rig.backend.apply([put(SENT)], never());
    assert.ok(taken.ok);
    for (const { guest } of vms.slice(1)) {
      const model = rig.guests.get(guest);
      assert(model !== undefined);
      model.pair.guest.onText = () => {};
    }
    // Each of them is given up after 1 s. One after another, they would take longer than the lease.
    assert.equal(await rig.backend.renewLease(monotonicMs()), 'renewed');
    assert.equal(await rig.backend.renewLease(monotonicMs()), 'renewed');
    assert.deepEqual(await installed(rig.backend), [idText(SENT)]);
    assert.deepEqual(
      rig.log.filter((line) => line.startsWith('vm1 delete')),
      [],
      'the lease has not lapsed meanwhile',
    );
  });

  it('reports what the guest counts, once, but no more than the link carries', async () => {
    const rig = await startedRig();
    read(rig, new FlowTable(), RECEIVED, SENT);
    await rig.backend.apply([put(SENT), put(RECEIVED)], never());
    const guest = rig.guests.get('vm1');
    // Rule 1 is for the whole VM.
    guest?.rules.traffic.set(2, [10, 1_000]);
    guest?.rules.traffic.set(3, [4, 400]);
    const sums = await carried(rig.backend);
    assert.deepEqual(
      [SENT, RECEIVED].map((flow) => [
        sums.get(idText(flow))?.packets,
        sums.get(idText(flow))?.bytes,
      ]),
      [
        [10, 1_000],
        [4, 400 + 4 * 14],
      ],
    );
    assert.equal((await carried(rig.backend)).size, 0);
    guest?.rules.traffic.set(2, [11, 1_100]);
    await rig.backend.apply([del(SENT)], never());
    assert.equal((await carried(rig.backend)).get(idText(SENT))?.packets, 1);
    guest?.rules.traffic.set(3, [2 ** 50, 2 ** 52]);
    const claim = (await carried(rig.backend)).get(idText(RECEIVED));
    assert.ok(claim !== undefined && claim.bytes < 100e9 * 60, `${claim?.bytes} bytes`);
  });
});
