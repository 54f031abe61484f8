import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Cleanup } from '../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../lab/testbed/names.ts';
import { run } from '../../lab/testbed/run.ts';
import { NetlinkRefused } from '../../protocols/netlink/errors.ts';
import { NetlinkRequests } from '../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../protocols/netlink/socket.ts';
import { CSUM_UPDATE, PEDIT_HEADER } from '../../protocols/netlink/tc/action-tables.ts';
import {
  checksums,
  mirror,
  policePackets,
  popVlan,
  pushVlan,
  redirect,
  releaseTunnel,
  setTunnel,
  verdict,
  withCookie,
  withSharedCounters,
  writeHeaders,
} from '../../protocols/netlink/tc/actions.ts';
import {
  deleteFilter,
  type FilterPlace,
  flowerFilters,
  newFilter,
} from '../../protocols/netlink/tc/filters.ts';
import { FLOWER } from '../../protocols/netlink/tc/flower-table.ts';
import { FILTER_FLAGS, VERDICT } from '../../protocols/netlink/tc/tables.ts';
import { PARENT } from '../../protocols/netlink/tc/traffic-control.ts';
import { needs } from '../support/needs.ts';

/** The compared fields of a filter in `tc -j filter show`. */
interface TcFilter {
  readonly options?: {
    readonly handle?: number;
    readonly keys?: Readonly<Record<string, unknown>>;
    readonly actions?: readonly Readonly<Record<string, unknown>>[];
  };
}

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const COOKIE = bytes('000102030405060708090a0b0c0d0e0f');
const FULL4 = bytes('ffffffff');

/** Each filter: keys, actions, and what tc prints of them. */
const FILTERS: readonly {
  readonly options: readonly Buffer[];
  readonly actions: (to: number) => readonly Buffer[];
  readonly protocol: number;
  readonly keys: Readonly<Record<string, unknown>>;
  readonly printed: readonly Readonly<Record<string, unknown>>[];
}[] = [
  {
    protocol: 0x0800,
    options: [
      FLOWER.ethType.of(0x0800),
      FLOWER.ethDestination.of(bytes('020a00000001')),
      FLOWER.ethDestinationMask.of(bytes('ffffffffffff')),
      FLOWER.ipProto.of(6),
      FLOWER.ipv4Source.of(bytes('0a000100')),
      FLOWER.ipv4SourceMask.of(bytes('ffffff00')),
      FLOWER.tcpDestination.of(443),
      FLOWER.tcpDestinationMask.of(0xffff),
      FLOWER.ipTtl.of(64),
      FLOWER.ipTtlMask.of(0xff),
    ],
    actions: (to) => [
      withSharedCounters(policePackets(1n, 1n, VERDICT.ok, VERDICT.pipe)),
      withCookie(redirect(to), COOKIE),
    ],
    keys: {
      dst_mac: '02:0a:00:00:00:01',
      eth_type: 'ipv4',
      ip_proto: 'tcp',
      src_ip: '10.0.1.0/24',
      dst_port: 443,
      ip_ttl: 64,
    },
    printed: [
      {
        kind: 'police',
        pkts_rate: 1,
        pkts_burst: 1,
        control_action: { type: 'pipe' },
      },
      {
        kind: 'mirred',
        mirred_action: 'redirect',
        direction: 'egress',
        cookie: COOKIE.toString('hex'),
      },
    ],
  },
  {
    protocol: 0x8100,
    options: [
      FLOWER.ethType.of(0x8100),
      FLOWER.vlanId.of(5),
      FLOWER.vlanPriority.of(3),
      FLOWER.vlanEthType.of(0x86dd),
      FLOWER.ipv6Destination.of(bytes('fd000000000000000000000000000001')),
      FLOWER.ipv6DestinationMask.of(Buffer.alloc(16, 0xff)),
    ],
    actions: (to) => [popVlan(), mirror(to), verdict(VERDICT.shot)],
    keys: { vlan_id: 5, vlan_prio: 3, dst_ip: 'fd00::1' },
    printed: [
      { kind: 'vlan', vlan_action: 'pop' },
      { kind: 'mirred', mirred_action: 'mirror' },
      { kind: 'gact', control_action: { type: 'drop' } },
    ],
  },
  {
    protocol: 0x0800,
    options: [FLOWER.ethType.of(0x0800), FLOWER.ipProto.of(17)],
    actions: (to) => [
      writeHeaders([
        { header: PEDIT_HEADER.ipv4, offset: 16, value: bytes('0a090001'), mask: FULL4 },
        { header: PEDIT_HEADER.ethernet, offset: 0, value: bytes('020b0000'), mask: FULL4 },
      ]),
      checksums(CSUM_UPDATE.ipv4 | CSUM_UPDATE.udp),
      pushVlan(7, 0x8100, 2),
      redirect(to),
    ],
    keys: { ip_proto: 'udp' },
    printed: [
      { kind: 'pedit', nkeys: 2 },
      { kind: 'csum', csum: 'iph, udp' },
      { kind: 'vlan', vlan_action: 'push', id: 7, priority: 2, protocol: '802.1Q' },
      { kind: 'mirred', mirred_action: 'redirect' },
    ],
  },
  {
    protocol: 0x0800,
    options: [FLOWER.ethType.of(0x0800), FLOWER.tunnelKeyId.of(42)],
    actions: (to) => [
      releaseTunnel(),
      setTunnel({
        source: bytes('0a000001'),
        destination: bytes('0a000002'),
        keyId: 99,
        destinationPort: 4789,
        ttl: 64,
      }),
      redirect(to),
    ],
    keys: { enc_key_id: 42 },
    printed: [
      { kind: 'tunnel_key', mode: 'unset' },
      {
        kind: 'tunnel_key',
        mode: 'set',
        src_ip: '10.0.0.1',
        dst_ip: '10.0.0.2',
        key_id: 99,
        dst_port: 4789,
        ttl: 64,
      },
      { kind: 'mirred' },
    ],
  },
];

describe('tc filters written over netlink, compared with what tc prints', function () {
  this.timeout(60_000);
  const cleanup = new Cleanup();
  let requests: NetlinkRequests | undefined;
  let device = '';
  let ifindex = 0;

  before(async function () {
    needs(this, 'kernel-lab', 'root', 'netns', 'nft');
    requests = new NetlinkRequests(PROTOCOL.route, { timeoutMs: 10_000 });
    device = new NameMaker().next('f');
    await run('ip', ['link', 'add', device, 'type', 'veth']);
    cleanup.add({
      name: device,
      undo: async () => void (await run('ip', ['link', 'delete', device])),
      undoNow: () => undefined,
    });
    await run('tc', ['qdisc', 'add', 'dev', device, 'clsact']);
    ifindex = Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8'));
  });
  after(async () => {
    requests?.close();
    await cleanup.run();
  });

  const place = (n: number, protocol: number): FilterPlace => ({
    ifindex,
    parent: PARENT.clsactIngress,
    priority: 10 + n,
    protocol,
    handle: 1,
  });
  const shown = async (): Promise<TcFilter[]> => {
    const all: TcFilter[] = JSON.parse(
      await run('tc', ['-j', 'filter', 'show', 'dev', device, 'ingress']),
    );
    return all.filter(({ options }) => options?.handle !== undefined);
  };

  it('are what tc prints, and read back the same', async () => {
    assert(requests !== undefined);
    const all = FILTERS.map(({ options, actions, protocol }, n) =>
      newFilter(place(n, protocol), 'flower', [
        ...options,
        FLOWER.filterFlags.of(FILTER_FLAGS.skipHardware),
        FLOWER.actions.of(actions(ifindex)),
      ]),
    );
    const answers = await requests.batch(all);
    assert.deepEqual(
      answers.filter((answer) => answer instanceof NetlinkRefused),
      [],
    );
    const printed = await shown();
    assert.equal(printed.length, FILTERS.length);
    for (const [n, { keys, printed: actions }] of FILTERS.entries()) {
      const { options } = printed[n];
      assertIncludes(options?.keys ?? {}, keys);
      assert.equal(options?.actions?.length, actions.length);
      for (const [i, action] of actions.entries()) {
        assertIncludes(options?.actions?.[i] ?? {}, action);
      }
    }
    const read = await flowerFilters(requests, ifindex, PARENT.clsactIngress);
    assert.deepEqual(
      read.map(({ priority, protocol, actions }) => [
        priority,
        protocol,
        actions.map(({ kind }) => kind),
      ]),
      FILTERS.map(({ protocol, printed: actions }, n) => [
        10 + n,
        protocol,
        actions.map(({ kind }) => kind),
      ]),
    );
  });

  it('are refused with the reason of the kernel, and deleted', async () => {
    assert(requests !== undefined);
    const again = newFilter(place(0, 0x0800), 'flower', [FLOWER.ethType.of(0x0800)]);
    await assert.rejects(requests.request(again), /EEXIST/);
    for (const [n, { protocol }] of FILTERS.entries()) {
      await requests.request(deleteFilter(place(n, protocol), 'flower'));
    }
    await assert.rejects(requests.request(deleteFilter(place(0, 0x0800), 'flower')), /ENOENT/);
    assert.deepEqual(await shown(), []);
  });
});

/** Every value of `expected` is in `found`. */
function assertIncludes(
  found: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
): void {
  const same = Object.fromEntries(Object.keys(expected).map((key) => [key, found[key]]));
  assert.deepEqual(same, expected, JSON.stringify(found));
}
