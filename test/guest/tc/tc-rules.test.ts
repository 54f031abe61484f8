import assert from 'node:assert/strict';
import type { Devices, DeviceState } from '../../../guest/machine/devices.ts';
import { clean } from '../../../guest/tc/clean.ts';
import { TcUnusable } from '../../../guest/tc/errors.ts';
import { TcRules } from '../../../guest/tc/tc-rules.ts';
import { batchErrors } from '../../../guest/tc/tc-program.ts';
import type { GuestDevice } from '../../../protocols/guest-channel/codec/messages.ts';
import type { GuestRule, RuleField } from '../../../protocols/guest-channel/codec/rule.ts';
import { MODEL_DEVICES } from '../../support/guest/model-guest.ts';
import { FakeTc } from './fake-tc.ts';

class FakeDevices implements Devices {
  readonly states = new Map<string, DeviceState>([
    ['eth0', { ifindex: '2', hasLink: true }],
    ['vf0', { ifindex: '3', hasLink: true }],
  ]);

  async list(): Promise<readonly GuestDevice[]> {
    return MODEL_DEVICES;
  }

  async state(name: string): Promise<DeviceState> {
    return this.states.get(name) ?? { ifindex: undefined, hasLink: false };
  }
}

const port = (n: number): RuleField[] => [
  { field: 'eth_type', value: '0800', mask: 'ffff' },
  { field: 'ip_proto', value: '11', mask: 'ff' },
  { field: 'udp_dst', value: n.toString(16).padStart(4, '0'), mask: 'ffff' },
];
const transmit = (id: number, match: readonly RuleField[] = port(id), to = 'vf0'): GuestRule => ({
  id,
  direction: 'transmit',
  device: 'eth0',
  to,
  match,
});
const receive = (id: number, match: readonly RuleField[] = port(id)): GuestRule => ({
  id,
  direction: 'receive',
  device: 'vf0',
  to: 'eth0',
  match,
});

describe('rules as filters of tc', () => {
  let tc: FakeTc;
  let devices: FakeDevices;
  let rules: TcRules;

  beforeEach(() => {
    tc = new FakeTc();
    devices = new FakeDevices();
    rules = new TcRules(tc, devices);
  });

  it('send and receive through the VF', async () => {
    assert.deepEqual(await rules.put([transmit(1), receive(2)]), [
      { id: 1, ok: true },
      { id: 2, ok: true },
    ]);
    assert.deepEqual(tc.at('eth0', 'egress'), [
      '1 ip_proto udp dst_port 1/0xffff action mirred egress redirect dev vf0',
    ]);
    assert.deepEqual(tc.at('vf0', 'ingress'), [
      '2 ip_proto udp dst_port 2/0xffff action skbedit ptype host pipe action mirred ingress redirect dev eth0',
    ]);
    // The way back is there before anything is sent.
    assert.match(tc.commands.find((c) => c.startsWith('filter')) ?? '', /dev vf0 ingress/);
    assert.deepEqual([...rules.transmit, ...rules.receive], [1, 2]);
  });

  it('are replaced, also by ones that match something else', async () => {
    await rules.put([transmit(1, port(1))]);
    devices.states.set('vf1', { ifindex: '4', hasLink: true });
    assert.deepEqual(await rules.put([transmit(1, port(1), 'vf1')]), [{ id: 1, ok: true }]);
    assert.deepEqual(await rules.put([transmit(1, port(9))]), [{ id: 1, ok: true }]);
    assert.deepEqual(await rules.put([transmit(2, port(9))]), [{ id: 2, ok: true }]);
    assert.deepEqual(tc.at('eth0', 'egress'), [
      '2 ip_proto udp dst_port 9/0xffff action mirred egress redirect dev vf0',
    ]);
    assert.deepEqual([...rules.transmit], [2]);
    await rules.put([receive(2, port(9))]);
    assert.deepEqual(tc.at('eth0', 'egress'), []);
    assert.deepEqual([...rules.transmit, ...rules.receive], [2]);
  });

  it('are refused with the reason', async () => {
    const results = await rules.put([
      transmit(1, [{ field: 'eth_type', value: '0806', mask: 'ffff' }]),
      transmit(2, [{ field: 'tcp_dst', value: '0050', mask: 'ffff' }]),
      transmit(3, [
        { field: 'eth_type', value: '0800', mask: 'ffff' },
        { field: 'ipv4_dst', value: '0a000001', mask: 'ff0000ff' },
      ]),
      transmit(4, port(4), 'vf7'),
      transmit(5),
    ]);
    assert.deepEqual(results, [
      { id: 1, ok: false, why: 'the guest cannot match eth_type 0x0806' },
      { id: 2, ok: false, why: 'the guest cannot match tcp_dst without its protocol' },
      { id: 3, ok: false, why: 'the guest cannot match ipv4_dst with the mask ff0000ff' },
      { id: 4, ok: false, why: 'there is no device vf7' },
      { id: 5, ok: true },
    ]);
    devices.states.set('vf0', { ifindex: '3', hasLink: false });
    assert.deepEqual(await rules.put([transmit(6), receive(7)]), [
      { id: 6, ok: false, why: 'vf0 has no link' },
      { id: 7, ok: false, why: 'vf0 has no link' },
    ]);
  });

  it('wait a moment for the link of a VF that the host has just switched on', async () => {
    devices.states.set('vf0', { ifindex: '3', hasLink: false });
    setTimeout(() => devices.states.set('vf0', { ifindex: '3', hasLink: true }), 50);
    assert.deepEqual(await rules.put([receive(1), transmit(2)]), [
      { id: 1, ok: true },
      { id: 2, ok: true },
    ]);
  });

  it('are deleted, transmit rules first', async () => {
    await rules.put([receive(1), transmit(2)]);
    tc.commands.length = 0;
    assert.equal(await rules.delete([1, 2, 3]), 2);
    assert.deepEqual(
      tc.commands.map((command) => command.split(' ').slice(0, 5).join(' ')),
      ['filter del dev eth0 egress', 'filter del dev vf0 ingress'],
    );
    assert.deepEqual([...rules.transmit, ...rules.receive], []);
  });

  it('that cannot be deleted are not forgotten', async () => {
    await rules.put([transmit(1)]);
    tc.deleteError = 'RTNETLINK answers: Operation not permitted';
    await assert.rejects(rules.deleteTransmit(), TcUnusable);
    await assert.rejects(rules.delete([1]), TcUnusable);
    assert.deepEqual([...rules.transmit], [1]);
    tc.deleteError = undefined;
    assert.equal(await rules.deleteTransmit(), 1);
  });

  it('count their traffic', async () => {
    await rules.put([transmit(7), receive(3), transmit(1)]);
    const [filter] = tc.filters.get('vf0 ingress') ?? [];
    filter.packets = 5;
    filter.bytes = 700;
    assert.deepEqual(await rules.counters(), [
      [1, 0, 0],
      [3, 5, 700],
      [7, 0, 0],
    ]);
  });

  describe('of a VF', () => {
    beforeEach(() => rules.put([transmit(1), receive(2)]));

    it('without a link: the transmit rules go', async () => {
      devices.states.set('vf0', { ifindex: '3', hasLink: false });
      assert.equal(await rules.dropUnusable(), 1);
      assert.deepEqual(tc.at('eth0', 'egress'), []);
      assert.deepEqual([...rules.transmit, ...rules.receive], [2]);
    });

    for (const [what, ifindex] of [
      ['that is gone', undefined],
      ['whose name another device has', '9'],
    ] as const) {
      it(`${what}: all rules go`, async () => {
        devices.states.set('vf0', { ifindex, hasLink: ifindex !== undefined });
        assert.equal(await rules.dropUnusable(), 2);
        assert.deepEqual(tc.at('eth0', 'egress'), []);
        assert.equal(await rules.dropUnusable(), 0);
      });
    }
  });

  describe('of an earlier agent', () => {
    it('are removed at the start if they transmit, and after the resynchronisation if they receive', async () => {
      await rules.put([transmit(1), receive(2), receive(3)]);
      const successor = new TcRules(tc, devices);
      await successor.adopt();
      assert.deepEqual(tc.at('eth0', 'egress'), []);
      assert.equal(tc.at('vf0', 'ingress').length, 2);
      // The same rule under another id, beside the earlier one.
      assert.deepEqual(await successor.put([receive(5, port(2))]), [{ id: 5, ok: true }]);
      assert.equal(tc.at('vf0', 'ingress').length, 3);
      assert.equal(await successor.retain(new Set([5])), 0);
      assert.match(tc.at('vf0', 'ingress').join(), /^5 /);
      // And the third agent finds room again.
      const third = new TcRules(tc, devices);
      await third.adopt();
      await third.put([receive(6, port(2))]);
      await third.retain(new Set([6]));
      assert.match(tc.at('vf0', 'ingress').join(), /^6 [^,]*$/);
    });

    it('survive several agents that were never resynchronised', async () => {
      await rules.put([receive(1, port(1))]);
      for (let i = 2; i < 6; i++) {
        const successor = new TcRules(tc, devices);
        await successor.adopt();
        assert.deepEqual(await successor.put([receive(i, port(1))]), [{ id: i, ok: true }]);
        assert.equal(tc.at('vf0', 'ingress').length, 2);
      }
    });

    it('are cleaned on demand', async () => {
      await rules.put([transmit(1), receive(2)]);
      await clean(tc, devices, 'transmit');
      assert.deepEqual([tc.at('eth0', 'egress').length, tc.at('vf0', 'ingress').length], [0, 1]);
      await clean(tc, devices, 'all');
      assert.equal(tc.at('vf0', 'ingress').length, 0);
    });
  });
});

describe('errors of a tc batch', () => {
  it('belong to the command whose line follows them', () => {
    const stderr = [
      'Warning: something',
      'Command failed -:2',
      'RTNETLINK answers: File exists',
      'We have an error talking to the kernel',
      'Command failed -:4',
      'Command failed -:99',
      '',
    ].join('\n');
    assert.deepEqual(batchErrors(stderr, 4), [
      undefined,
      'Warning: something',
      undefined,
      'RTNETLINK answers: File exists We have an error talking to the kernel',
    ]);
  });
});
