import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { run } from '../../lab/testbed/run.ts';
import { Guardian } from '../../guest/guardian/guardian.ts';
import { bootTimeMs } from '../../guest/machine/clock.ts';
import { SysfsDevices } from '../../guest/machine/devices.ts';
import { clean } from '../../guest/tc/clean.ts';
import { TcProgram } from '../../guest/tc/tc-program.ts';
import { TcRules } from '../../guest/tc/tc-rules.ts';
import type { GuestRule, RuleField } from '../../protocols/guest-channel/codec/rule.ts';
import { eventually } from '../support/eventually.ts';
import { needs } from '../support/needs.ts';

/*
 * The rules of a guest in a real kernel. veth devices stand for the paravirtual interface and for the
 * VF; behind both is a bridge in another namespace, which learns by which of them the guest sends, as
 * the NIC is told by the host.
 */

const ETH = 'nketh';
const VF = 'nkvf';
const PEER = 'nkpeer';
const MAC = '020000000001';
const PEER_MAC = '020000000009';
const PORT = 9_999;
/** An address that leads to the peer, which drops what is sent there, without an ICMP error. */
const SILENT = '10.77.0.77';
const PATIENCE_MS = 60_000;

const IP: RuleField = { field: 'eth_type', value: '0800', mask: 'ffff' };
const IPV6: RuleField = { field: 'eth_type', value: '86dd', mask: 'ffff' };
const proto = (value: string): RuleField => ({ field: 'ip_proto', value, mask: 'ff' });
const mac = (field: 'eth_src' | 'eth_dst', value: string): RuleField => ({
  field,
  value,
  mask: 'ffffffffffff',
});

const rule = (id: number, direction: GuestRule['direction'], match: RuleField[]): GuestRule => {
  const [device, to] = direction === 'transmit' ? [ETH, VF] : [VF, ETH];
  return { id, direction, device, to, match };
};
const RECEIVE = rule(1, 'receive', [mac('eth_dst', MAC)]);
const TRANSMIT = rule(2, 'transmit', [IP, mac('eth_dst', PEER_MAC)]);

/** A match of every field, and what tc must print of it. */
const MATCHES: readonly { readonly match: RuleField[]; readonly keys: object }[] = [
  {
    match: [
      IP,
      mac('eth_src', MAC),
      { field: 'eth_dst', value: '020000000000', mask: 'ffffffffff00' },
      { field: 'ipv4_src', value: '0a4d0000', mask: 'ffff0000' },
      { field: 'ipv4_dst', value: '0a4d0009', mask: 'ffffffff' },
      { field: 'ip_tos', value: '10', mask: 'fc' },
      { field: 'ip_ttl', value: '40', mask: 'ff' },
      { field: 'ip_frag', value: '00', mask: '03' },
      proto('06'),
      { field: 'tcp_src', value: '1f00', mask: 'ff00' },
      { field: 'tcp_dst', value: '01bb', mask: 'ffff' },
      { field: 'tcp_flags', value: '0002', mask: '0012' },
    ],
    keys: {
      src_mac: '02:00:00:00:00:01',
      dst_mac: '02:00:00:00:00:00/40',
      src_ip: '10.77.0.0/16',
      dst_ip: '10.77.0.9',
      ip_tos: 16,
      ip_tos_mask: 'fc',
      ip_ttl: 64,
      ip_flags: { frag: false },
      ip_proto: 'tcp',
      src_port: 7936,
      src_port_mask: 'ff00',
      dst_port: 443,
      tcp_flags: '0x2/12',
    },
  },
  {
    match: [IP, proto('11'), { field: 'udp_src', value: '0035', mask: 'ffff' }],
    keys: { ip_proto: 'udp', src_port: 53 },
  },
  {
    match: [IP, proto('84'), { field: 'sctp_dst', value: '0009', mask: 'ffff' }],
    keys: { ip_proto: 'sctp', dst_port: 9 },
  },
  {
    match: [IP, proto('01'), { field: 'icmp_type', value: '08', mask: 'fe' }],
    keys: { ip_proto: 'icmp', icmp_type: '8/254' },
  },
  {
    match: [IP, { field: 'ip_frag', value: '01', mask: '03' }],
    keys: { ip_flags: { frag: true, firstfrag: true } },
  },
  {
    match: [IP, { field: 'ip_frag', value: '02', mask: '03' }],
    keys: { ip_flags: { frag: true, firstfrag: false } },
  },
  { match: [IP, proto('2f')], keys: { ip_proto: '2f' } },
  {
    match: [
      IPV6,
      {
        field: 'ipv6_src',
        value: 'fd000000000000000000000000000000',
        mask: 'ffffffffffffffff0000000000000000',
      },
      proto('3a'),
      { field: 'icmpv6_type', value: '80', mask: 'ff' },
      { field: 'icmpv6_code', value: '00', mask: 'ff' },
    ],
    keys: { src_ip: 'fd00::/64', ip_proto: 'icmpv6', icmp_type: '128', icmp_code: '0' },
  },
  { match: [], keys: {} },
];

describe('rules of a guest in the kernel', function () {
  this.timeout(PATIENCE_MS);
  const tc = new TcProgram(PATIENCE_MS);
  const devices = new SysfsDevices();
  let rules = new TcRules(tc, devices);

  before(async function () {
    needs(this, 'root', 'kernel-lab');
    const script = `
      modprobe -a veth bridge act_skbedit act_mirred cls_flower sch_ingress
      ip netns add ${PEER}
      ip link add ${ETH} address 02:00:00:00:00:01 type veth peer name p-eth netns ${PEER}
      ip link add ${VF} address 02:00:00:00:0f:01 type veth peer name p-vf netns ${PEER}
      ip -n ${PEER} link add br0 address 02:00:00:00:00:09 type bridge
      for d in p-eth p-vf; do ip -n ${PEER} link set $d master br0 up; done
      ip -n ${PEER} link set br0 up
      ip -n ${PEER} addr add 10.77.0.9/24 dev br0
      ip addr add 10.77.0.1/24 dev ${ETH}
      ip link set ${ETH} up; ip link set ${VF} up
      sysctl -qw net.ipv6.conf.${ETH}.disable_ipv6=1 net.ipv6.conf.${VF}.disable_ipv6=1
      ip neigh replace ${SILENT} lladdr 02:00:00:00:00:09 dev ${ETH}
      ip neigh replace 10.77.0.9 lladdr 02:00:00:00:00:09 dev ${ETH}
      ip -n ${PEER} neigh replace 10.77.0.1 lladdr 02:00:00:00:00:01 dev br0`;
    await run('sh', ['-ec', script], { timeoutMs: PATIENCE_MS });
  });

  after(async () => {
    await run('sh', ['-c', `ip link del ${ETH}; ip link del ${VF}; ip netns del ${PEER}; true`]);
  });

  beforeEach(async () => {
    await clean(tc, devices, 'all');
    rules = new TcRules(tc, devices);
  });

  const packets = (device: string, way: 'rx' | 'tx'): number =>
    Number(readFileSync(`/sys/class/net/${device}/statistics/${way}_packets`, 'utf8'));

  /**
   * Sends datagrams to the peer, then gets as many from it; resolves to how many packets left by the
   * paravirtual interface and by the VF, and how many arrived at each.
   */
  async function exchange(count: number) {
    const readings = (): number[] => [
      packets(ETH, 'tx'),
      packets(VF, 'tx'),
      packets(ETH, 'rx'),
      packets(VF, 'rx'),
    ];
    const before = readings();
    const socket = createSocket('udp4');
    let got = 0;
    socket.on('message', () => got++);
    try {
      await new Promise<void>((resolve) => socket.bind(PORT, '10.77.0.1', resolve));
      const send = promisify<string, number, string>(socket.send.bind(socket));
      for (let i = 0; i < count; i++) await send('to the peer', PORT, SILENT);
      const script = `for i in $(seq ${count}); do echo 'to the guest' > /dev/udp/10.77.0.1/${PORT}; done`;
      await run('ip', ['netns', 'exec', PEER, 'bash', '-c', script], { timeoutMs: PATIENCE_MS });
      await eventually('the datagrams of the peer', () => got === count, PATIENCE_MS);
    } finally {
      socket.close();
    }
    const [ethSent, vfSent, ethGot, vfGot] = readings().map((now, i) => now - before[i]);
    return { ethSent, vfSent, ethGot, vfGot };
  }

  const filtersOf = (device: string, hook: string): Promise<string> =>
    run('tc', ['-j', 'filter', 'show', 'dev', device, hook]);

  it('send a flow through the VF and back, and the vSwitch again', async () => {
    const first = await exchange(3);
    assert(first.ethSent >= 3 && first.ethGot >= 3, JSON.stringify(first));
    assert.deepEqual(await rules.put([RECEIVE, TRANSMIT]), [
      { id: 1, ok: true },
      { id: 2, ok: true },
    ]);
    const offloaded = await exchange(5);
    assert(offloaded.vfSent >= 5 && offloaded.vfGot >= 5, JSON.stringify(offloaded));
    const counters = await rules.counters();
    // Datagrams of 11 and 13 bytes; tc does not count the Ethernet header of what arrives.
    assert.deepEqual(counters, [
      [1, 5, 5 * (20 + 8 + 13)],
      [2, 5, 5 * (14 + 20 + 8 + 11)],
    ]);
    await rules.delete([2]);
    const onloaded = await exchange(4);
    assert(onloaded.ethSent >= 4 && onloaded.ethGot >= 4, JSON.stringify(onloaded));
    assert.deepEqual(
      (await rules.counters()).map(([id, count]) => [id, count]),
      [[1, 5]],
    );
    await rules.delete([1]);
    assert.doesNotMatch(await filtersOf(VF, 'ingress'), /handle/);
  });

  it('match every field, as tc reads it', async () => {
    const all = MATCHES.map(({ match }, i) => rule(i + 10, 'transmit', match));
    assert.deepEqual(
      await rules.put(all),
      all.map(({ id }) => ({ id, ok: true })),
    );
    const printed = new Map<unknown, unknown>();
    for (const item of JSON.parse(await filtersOf(ETH, 'egress'))) {
      if (item.options !== undefined) printed.set(item.options.handle, item.options.keys);
    }
    const found = MATCHES.map((_, i) => {
      const { eth_type: __, ...keys } = Object(printed.get(i + 10));
      return keys;
    });
    assert.deepEqual(
      found,
      MATCHES.map(({ keys }) => keys),
    );
    assert.equal(await rules.deleteTransmit(), all.length);
    assert.doesNotMatch(await filtersOf(ETH, 'egress'), /handle/);
  });

  it('are replaced, and put beside those of an earlier agent', async () => {
    await rules.put([RECEIVE, TRANSMIT]);
    const other = rule(2, 'transmit', [IP, proto('11')]);
    assert.deepEqual(await rules.put([other]), [{ id: 2, ok: true }]);
    const successor = new TcRules(tc, devices);
    await successor.adopt();
    assert.doesNotMatch(await filtersOf(ETH, 'egress'), /handle/);
    assert.deepEqual(await successor.put([{ ...RECEIVE, id: 7 }]), [{ id: 7, ok: true }]);
    await successor.retain(new Set([7]));
    const handles = (await filtersOf(VF, 'ingress')).match(/"handle":\d+/g);
    assert.deepEqual(handles, ['"handle":7']);
  });

  it('are dropped when the VF loses its link, before packets are lost for good', async () => {
    await rules.put([RECEIVE, TRANSMIT]);
    await run('ip', ['-n', PEER, 'link', 'set', 'p-vf', 'down']);
    await eventually('dropped', async () => (await rules.dropUnusable()) === 1, PATIENCE_MS);
    const { ethSent, ethGot } = await exchange(2);
    assert(ethSent >= 2 && ethGot >= 2);
    await run('ip', ['-n', PEER, 'link', 'set', 'p-vf', 'up']);
    assert.deepEqual([...rules.receive], [1]);
  });

  it('are removed by the guardian when the lease ends', async () => {
    await rules.put([TRANSMIT]);
    let unguarded = 0;
    const guardian = new Guardian({ log: () => {}, onUnguarded: () => unguarded++ });
    guardian.guard(bootTimeMs() + 60_000, [ETH]);
    guardian.guard(bootTimeMs() + 100, [ETH]);
    await eventually('removed', () => unguarded === 1, PATIENCE_MS);
    assert.doesNotMatch(await filtersOf(ETH, 'egress'), /handle/);
    guardian.close();
  });
});
