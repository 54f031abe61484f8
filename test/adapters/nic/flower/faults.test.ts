import assert from 'node:assert/strict';
import { constants } from 'node:os';
import type { FlowerBackend } from '../../../../adapters/nic/flower/backend.ts';
import { formatFlowId } from '../../../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import { carried, idText, installed, never } from '../../../contract/collect.ts';
import { del, outcomesOf, put } from '../../../contract/offload-backend-operations.ts';
import { FLOWER } from '../../../../protocols/netlink/tc/flower-table.ts';
import { AttributeReader } from '../../../../protocols/netlink/tables.ts';
import { fakeFlow } from './support/fake-flow.ts';
import { FakeHost } from './support/fake-host.ts';

const IN = 11;
const flow = (n: number) => fakeFlow(n, 'out');

/** A flow from a tunnel. @param text options, with a comma */
function fromTunnel(n: number, text: string): FlowSpec {
  const { match, ...others } = flow(n);
  const tunnel = { name: 'tunnel', text: `tun_id=0x1,src=1.1.1.1,${text}flags(+key)` };
  return { ...others, match: { ...match, opaque: [tunnel] } };
}

describe('rules of tc flower, when tc refuses or loses them', () => {
  let host: FakeHost;
  let backend: FlowerBackend;

  async function start(rulesIn: 'hardware' | 'software'): Promise<void> {
    host = new FakeHost();
    host.addPort('in', IN);
    host.addPort('out', 12);
    backend = host.backend(rulesIn);
    await backend.start(host.snapshot(), never());
    assert.equal(await backend.renewLease(monotonicMs()), 'renewed');
  }

  afterEach(() => backend.close('withdraw'));

  for (const { errno, code } of [
    { errno: constants.errno.ENOSPC, code: 'table-full' },
    { errno: constants.errno.EBUSY, code: 'probe-depth' },
    { errno: constants.errno.EOPNOTSUPP, code: 'unsupported-match' },
  ]) {
    it(`reports errno ${errno} as ${code}, and goes on with the others`, async () => {
      await start('hardware');
      let asked = 0;
      host.tc.refuse = () => (++asked === 2 ? { errno, words: 'the NIC says no' } : undefined);
      const results = await backend.apply(
        [0, 1, 2].map((n) => put(flow(n))),
        never(),
      );
      assert.deepEqual(
        results.map(({ ok }) => ok),
        [true, false, true],
      );
      const [, refused] = results;
      assert(!refused.ok);
      assert.equal(refused.refusal.code, code);
      assert.match(refused.refusal.detail, /the NIC says no/);
      assert.equal(backend.capacity().used, 2);
    });
  }

  it('sends many operations in few requests', async () => {
    await start('software');
    host.tc.writes = 0;
    const flows = Array.from({ length: 120 }, (_, n) => put(flow(n)));
    await backend.apply(flows, never());
    // The qdisc, the gate, and two batches.
    assert.equal(host.tc.writes, 4);
    assert.equal(host.tc.of(IN).length, 120);
  });

  it('has rules for packets with one length of options on a device, which the gate compares', async () => {
    await start('software');
    const apply = async (n: number, text: string) =>
      (await backend.apply([put(fromTunnel(n, text))], never()))[0];
    const option = (bytes: number) => `geneve({class=0x1,type=0x2,len=${bytes},0xa}),`;
    assert((await apply(0, option(4))).ok);
    assert.equal(host.pins.devices().get(IN)?.optionBytes, 8);
    assert((await apply(1, option(4))).ok);
    for (const [n, text, bytes] of [
      [2, option(8), 12],
      [3, '', 0],
    ] as const) {
      const refused = await apply(n, text);
      assert(!refused.ok);
      assert.deepEqual(refused.refusal, {
        code: 'mask-table-full',
        detail: `rules on in are for packets with 8 bytes of options, and flower cannot tell them from ${bytes} bytes`,
      });
    }
    await backend.close('keep');
    backend = host.backend('software');
    await backend.start(host.snapshot(), never());
    assert.equal(host.pins.devices().get(IN)?.optionBytes, 8);
  });

  it('asks the device of a tunnel for no feature', async () => {
    await start('hardware');
    host.addPort('vxlan_sys_4789', 13);
    host.withoutOffload.add('vxlan_sys_4789');
    await backend.portsChanged(host.snapshot());
    const { match, ...others } = fromTunnel(0, '');
    const onTunnel = { ...others, match: { ...match, inPort: 'vxlan_sys_4789' } };
    const [result] = await backend.apply([put(onTunnel)], never());
    assert(result.ok, JSON.stringify(result));
    // The kernel accepts no skip_sw there, and a rule in software has a gate.
    const flags = host.tc
      .of(13)
      .map(({ options }) => new AttributeReader(options).get(FLOWER.filterFlags));
    assert.deepEqual(flags, [0]);
    assert.equal(host.tc.of(13, 'bpf').length, 1);
    await backend.close('keep');
    backend = host.backend('hardware');
    await backend.start(host.snapshot(), never());
    assert.deepEqual(await installed(backend), [idText(onTunnel)]);
  });

  it('has no rule that the kernel accepts without the NIC', async () => {
    await start('hardware');
    host.tc.takesHardware = false;
    const [result] = await backend.apply([put(flow(0))], never());
    assert(!result.ok);
    assert.equal(result.refusal.code, 'device-error');
    assert.deepEqual(await installed(backend), []);
    assert.equal(host.tc.of(IN).length, 0);
  });

  it('finds out what has become of requests without an answer', async () => {
    await start('software');
    await backend.apply([put(flow(0))], never());
    host.tc.isMute = true;
    const results = await backend.apply([put(flow(1)), del(flow(0))], never());
    assert(results.every((result) => !result.ok && result.refusal.code === 'device-error'));
    host.tc.isMute = false;
    // One was deleted, and is lost; the other was written, but nobody knows it, so it is removed.
    let lost = 0;
    backend.onLost(() => lost++);
    assert.deepEqual(await installed(backend), []);
    assert.equal(host.tc.of(IN).length, 0);
    assert.equal(lost, 1);
    assert.deepEqual((await backend.portsChanged(host.snapshot())).map(formatFlowId), [
      idText(flow(0)),
    ]);
    const again = await backend.apply([put(flow(0)), put(flow(1))], never());
    assert.deepEqual(outcomesOf(again), ['installed', 'installed']);
  });

  it('drops entries that somebody else has deleted, and reports their traffic', async () => {
    await start('software');
    await backend.apply([put(flow(0)), put(flow(1))], never());
    const [first] = host.tc.of(IN);
    first.packets = 7;
    first.bytes = 700;
    await backend.counters({ carried: () => undefined }, never());
    first.packets = 9;
    first.bytes = 900;
    const sums = await carried(backend);
    assert.deepEqual(
      [sums.get(idText(flow(0)))?.packets, sums.get(idText(flow(0)))?.bytes],
      [2, 200 + 2 * 14],
    );
    host.tc.filters.delete(`${IN} ${first.priority} ${first.handle}`);
    assert.deepEqual(await installed(backend), [idText(flow(1))]);
    assert.equal(backend.capacity().used, 1);
  });

  it('renews no lease without its watchdog', async () => {
    await start('hardware');
    host.pins.isWatched = false;
    assert.equal(await backend.renewLease(monotonicMs()), 'late');
    assert.match(backend.capabilities().description, /the watchdog does not run/);
    host.pins.isWatched = true;
    assert.equal(await backend.renewLease(monotonicMs()), 'renewed');
  });

  it('shows its watchdog, and counts what it has removed', async () => {
    await start('hardware');
    await backend.apply([put(flow(0)), put(flow(1))], never());
    const shown = () => {
      const state = backend.watchdog();
      assert(state !== undefined);
      return [state.isAlive, state.leaseLeftMs > 0, state.removedEntries];
    };
    assert.deepEqual(shown(), [true, true, 0]);
    host.pins.leaseUntilMs = monotonicMs();
    host.removeLapsed();
    assert.deepEqual(shown(), [true, false, 0]);
    // It finds out when it reads the rules; they are written again with the next lease.
    assert.equal((await installed(backend)).length, 2);
    assert.deepEqual(shown(), [true, false, 2]);
    assert.equal(await backend.renewLease(monotonicMs()), 'renewed');
    assert.deepEqual(shown(), [true, true, 2]);
    assert.equal(host.tc.of(IN).length, 2);
    // Without a reading in between, the renewal counts them.
    host.pins.leaseUntilMs = monotonicMs();
    assert.equal(await backend.renewLease(monotonicMs()), 'renewed');
    assert.deepEqual(shown(), [true, true, 4]);
    host.pins.isWatched = false;
    assert.deepEqual(shown(), [false, true, 4]);
  });

  it('writes nothing to the NIC after a lapse until the lease is renewed', async () => {
    await start('hardware');
    await backend.apply(
      [0, 1, 2].map((n) => put(flow(n))),
      never(),
    );
    await backend.endLease();
    assert.equal(host.tc.of(IN).length, 0);
    // Another flow, and one that has changed: its lapsed rule must not come back.
    const results = await backend.apply([put(flow(3)), put(fakeFlow(2, 'in'))], never());
    for (const result of results) {
      assert(!result.ok);
      assert.equal(result.refusal.code, 'device-error');
      assert.match(result.refusal.detail, /the lease is not in force/);
    }
    assert.equal(host.tc.of(IN).length, 0);
    host.tc.refuse = (filter) =>
      filter.handle === 2 ? { errno: constants.errno.ENOSPC, words: 'full' } : undefined;
    assert.equal(await backend.renewLease(monotonicMs()), 'renewed');
    assert.deepEqual(await installed(backend), [idText(flow(0))]);
    assert.equal(host.tc.of(IN).length, 1);
    // The one that was refused is lost.
    assert.deepEqual((await backend.portsChanged(host.snapshot())).map(formatFlowId), [
      idText(flow(1)),
    ]);
    assert.deepEqual(outcomesOf(await backend.apply([put(flow(3))], never())), ['installed']);
  });

  it('gives a port back on which something else appears, or the vSwitch polices', async () => {
    await start('software');
    await backend.apply([put(flow(0))], never());
    assert.equal(host.tc.qdiscs.get(IN), 'clsact');
    assert.equal(host.tc.of(IN, 'bpf').length, 1, 'the gate');
    host.others.set('in', 'its device has a tc ingress filter, which a rule would bypass');
    assert.equal((await backend.portsChanged(host.snapshot())).length, 1);
    assert.equal(host.tc.qdiscs.size, 0);
    const support = backend.supports(flow(0));
    assert(!support.ok && support.refusal.code === 'port-unavailable');
    assert.match(support.refusal.detail, /tc ingress filter/);
    assert.equal(backend.unservedPorts()[0]?.name, 'in');

    host.others.clear();
    await backend.portsChanged(host.snapshot());
    assert.deepEqual(outcomesOf(await backend.apply([put(flow(0))], never())), ['installed']);
    host.addPort('in', IN, { policed: true });
    assert.equal((await backend.portsChanged(host.snapshot())).length, 1);
    assert.equal(host.tc.qdiscs.size, 0);
  });

  it('leaves a clsact that was there, and one that others use by then', async () => {
    await start('software');
    host.tc.qdiscs.set(12, 'clsact');
    await backend.apply([put({ ...flow(0), match: { ...flow(0).match, inPort: 'out' } })], never());
    await backend.apply([put(fakeFlow(1, 'out'))], never());
    host.tc.filters.set('foreign', { ...host.tc.of(IN)[0], priority: 99, handle: 1, kind: 'u32' });
    await backend.close('withdraw');
    assert.deepEqual(new Set(host.tc.qdiscs.keys()), new Set([IN, 12]));
    assert.equal(host.tc.of(IN).length, 0);
    assert.equal(host.tc.filters.size, 1);
  });

  it("removes rules of an earlier daemon whose pins are lost, and nobody else's", async () => {
    await start('software');
    await backend.apply([put(flow(0))], never());
    await backend.close('keep');
    host.pins.unpin();
    const [rule] = host.tc.of(IN);
    host.tc.devices.add(12);
    host.tc.qdiscs.set(12, 'clsact');
    const foreign = { ...rule, ifindex: 12, options: Buffer.alloc(0) };
    host.tc.filters.set('foreign', foreign);
    backend = host.backend('software');
    await backend.start(host.snapshot(), never());
    assert.equal(host.tc.of(IN).length, 0);
    assert.deepEqual(host.tc.of(12), [foreign]);
  });

  it('does not serve a port beside the offload of Open vSwitch itself, and says what to do', async () => {
    await start('hardware');
    host.addPort('in', IN, { vswitchOffloads: true });
    await backend.portsChanged(host.snapshot());
    const support = backend.supports(flow(0));
    assert(!support.ok);
    assert.match(support.refusal.detail, /remove Open_vSwitch \. other_config hw-offload/);
  });

  it('does not serve a NIC with hw-tc-offload off, and says what to do', async () => {
    await start('hardware');
    host.withoutOffload.add('in');
    const [result] = await backend.apply([put(flow(0))], never());
    assert(!result.ok);
    assert.equal(result.refusal.code, 'port-unavailable');
    assert.match(result.refusal.detail, /ethtool -K in hw-tc-offload on/);
    host.withoutOffload.clear();
    // The next change of ports, or a minute, leads to another attempt.
    await backend.portsChanged(host.snapshot());
    assert.deepEqual(outcomesOf(await backend.apply([put(flow(0))], never())), ['installed']);
  });

  it('does not serve a device with an ingress qdisc, and says why', async () => {
    await start('software');
    host.tc.qdiscs.set(IN, 'ingress');
    const [result] = await backend.apply([put(flow(0))], never());
    assert(!result.ok);
    assert.equal(result.refusal.code, 'port-unavailable');
    assert.match(result.refusal.detail, /ingress qdisc.*ingress_policing_rate/);
  });
});
