import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { NameMaker } from '../../../lab/testbed/names.ts';
import { createNftChain } from '../../../lab/testbed/nft.ts';
import { run } from '../../../lab/testbed/run.ts';
import { NetlinkRefused } from '../../../protocols/netlink/errors.ts';
import { announceLink, GROUP_LINK, linkOf, links } from '../../../protocols/netlink/link/links.ts';
import { CONTROL, genericPayload } from '../../../protocols/netlink/generic.ts';
import { NetlinkSubscription } from '../../../protocols/netlink/subscription.ts';
import { XdpFeatures } from '../../../protocols/netlink/netdev.ts';
import { deviceChains, GROUP_NFTABLES } from '../../../protocols/netlink/nftables.ts';
import { NetlinkNotifications } from '../../../protocols/netlink/notifications.ts';
import { NetlinkRequests } from '../../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../../protocols/netlink/socket.ts';
import { deleteClsact, newClsact } from '../../../protocols/netlink/tc/qdiscs.ts';
import {
  filters,
  GROUP_TRAFFIC_CONTROL,
  PARENT,
  qdiscs,
} from '../../../protocols/netlink/tc/traffic-control.ts';
import { eventually } from '../../support/eventually.ts';
import { needs } from '../../support/needs.ts';
import { World } from '../../adapters/nic/support/world.ts';

/** `GENL_ID_CTRL` and `CTRL_CMD_GETFAMILY`. */
const CONTROLLER = 16;
const GET_FAMILY = 3;

/** What `tc -j` prints of a qdisc. */
interface TcQdisc {
  readonly kind: string;
  readonly handle: string;
  readonly root?: boolean;
}

/** What `ip -j -d -s link` prints of a device. */
interface IpLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly address?: string;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly stats64?: { readonly rx: { readonly packets: number } };
}

describe('netlink, compared with tc and nft', function () {
  this.timeout(20_000);
  const names = new NameMaker();
  let world: World;
  let route: NetlinkRequests;
  let netfilter: NetlinkRequests;
  let device = '';
  let ifindex = 0;

  before(async function () {
    needs(this, 'root', 'netns', 'nft');
    route = new NetlinkRequests(PROTOCOL.route);
    netfilter = new NetlinkRequests(PROTOCOL.netfilter);
    world = await World.create(1);
    [device] = world.names();
    ({ ifindex } = world.port(device));
  });

  after(async () => {
    route?.close();
    netfilter?.close();
    await world?.close();
  });

  const tc = (...args: readonly string[]) => run('tc', args);
  const qdiscsHere = async () => (await qdiscs(route)).filter((qdisc) => qdisc.ifindex === ifindex);

  it('reads qdiscs as tc prints them', async () => {
    await tc('qdisc', 'add', 'dev', device, 'root', 'handle', '5:', 'pfifo');
    await tc('qdisc', 'add', 'dev', device, 'clsact');
    const printed: TcQdisc[] = JSON.parse(await tc('-j', 'qdisc', 'show', 'dev', device));
    assert.deepEqual(
      (await qdiscsHere()).map(({ kind, handle }) => ({
        kind,
        handle: `${(handle >>> 16).toString(16)}:`,
      })),
      printed.map(({ kind, handle }) => ({ kind, handle })),
    );
    assert.deepEqual(
      (await qdiscsHere()).map(({ parent }) => parent === PARENT.root),
      printed.map(({ root }) => root === true),
    );
    await tc('qdisc', 'delete', 'dev', device, 'root');
    const [own] = (await qdiscsHere()).filter(({ parent }) => parent === PARENT.root);
    assert.equal(own.handle, 0, 'the default qdisc of the kernel');
  });

  it('reads devices as ip prints them', async () => {
    const printed: IpLink[] = JSON.parse(await run('ip', ['-j', '-d', '-s', 'link', 'show']));
    const read = await links(route);
    assert.deepEqual(
      read.map((link) => ({
        ifindex: link.ifindex,
        ifname: link.name,
        mtu: link.mtu,
        isUp: link.isUp,
        kind: link.kind,
        mac: link.mac,
      })),
      printed.map((link) => ({
        ifindex: link.ifindex,
        ifname: link.ifname,
        mtu: link.mtu,
        isUp: link.flags.includes('UP'),
        kind: link.linkinfo?.info_kind,
        mac: link.address?.length === 17 ? link.address : '',
      })),
    );
    const lo = read.find(({ name }) => name === 'lo');
    const printedLo = printed.find(({ ifname }) => ifname === 'lo');
    const before = printedLo?.stats64?.rx.packets ?? 0;
    // The loopback's traffic goes on between the two readings.
    assert(Number(lo?.rxPackets) >= before && Number(lo?.rxPackets) < before + 10_000);
    assert.equal(read.find(({ name }) => name === device)?.kind, 'veth');
  });

  it('reads the filters of both directions', async () => {
    const filter = ['u32', 'match', 'u32', '0', '0', 'flowid', '1:1'];
    assert.deepEqual(await filters(route, ifindex, PARENT.clsactEgress), []);
    await tc('filter', 'add', 'dev', device, 'egress', ...filter);
    const kinds = async (parent: number) =>
      (await filters(route, ifindex, parent)).map(({ kind }) => kind);
    assert((await kinds(PARENT.clsactEgress)).includes('u32'));
    assert.deepEqual(await kinds(PARENT.clsactIngress), []);
    await tc('filter', 'delete', 'dev', device, 'egress');
    assert.deepEqual(await kinds(PARENT.clsactEgress), []);
  });

  it('adds and deletes clsact, and no other qdisc', async () => {
    const kinds = async () => (await qdiscsHere()).map(({ kind }) => kind);
    await tc('qdisc', 'delete', 'dev', device, 'clsact');
    await route.request(newClsact(ifindex));
    assert((await kinds()).includes('clsact'));
    await assert.rejects(route.request(newClsact(ifindex)), /EEXIST/);
    await route.request(deleteClsact(ifindex));
    assert(!(await kinds()).includes('clsact'));
    await tc('qdisc', 'add', 'dev', device, 'ingress');
    await assert.rejects(route.request(newClsact(ifindex)), /EEXIST/);
    await assert.rejects(route.request(deleteClsact(ifindex)), /EINVAL/);
    assert((await kinds()).includes('ingress'));
    await tc('qdisc', 'delete', 'dev', device, 'ingress');
    await tc('qdisc', 'add', 'dev', device, 'clsact');
  });

  it('lists the head of a priority before its filters', async () => {
    const bytecode = ['bpf', 'da', 'bytecode', '1,6 0 0 0'];
    await tc('filter', 'add', 'dev', device, 'ingress', 'pref', '9', ...bytecode);
    const found = await filters(route, ifindex, PARENT.clsactIngress);
    assert.deepEqual(
      found.map(({ kind, priority, protocol, chain, handle, programId }) => ({
        place: [kind, priority, protocol, chain, handle],
        programId,
      })),
      // Classic BPF has no program id.
      [
        { place: ['bpf', 9, 3, 0, 0], programId: undefined },
        { place: ['bpf', 9, 3, 0, 1], programId: undefined },
      ],
    );
    await tc('filter', 'delete', 'dev', device, 'ingress', 'pref', '9');
  });

  it('makes the kernel notify of a device, whose group stays', async () => {
    await run('ip', ['link', 'set', 'dev', device, 'group', '7']);
    const heard: number[] = [];
    const subscription = new NetlinkSubscription(PROTOCOL.route, [GROUP_LINK], {
      notified: ({ payload }) => heard.push(linkOf(payload).ifindex),
      lost: () => undefined,
    });
    try {
      await announceLink(route, ifindex);
      await eventually('a notification', () => heard.includes(ifindex), 2_000);
    } finally {
      subscription.close();
    }
    assert.match(await run('ip', ['link', 'show', 'dev', device]), /group 7/);
    await assert.rejects(announceLink(route, 0x7fff_fff0), /ENODEV/);
  });

  it('reads the chains of nftables that are hooked to devices', async () => {
    const chain = await createNftChain(world.cleanup, names, device, 'egress', 'accept');
    const { table } = chain;
    const here = async () =>
      (await deviceChains(netfilter)).filter((found) => found.table === table);
    assert.deepEqual(await here(), [
      { kind: 'chain', direction: 'egress', table, name: 'guard', devices: [device] },
    ]);
    await chain.delete();
    assert.deepEqual(await here(), []);
  });

  it('reports changes of filters and of nftables', async () => {
    let changes = 0;
    const groups = new Map([
      [PROTOCOL.route, [GROUP_TRAFFIC_CONTROL]],
      [PROTOCOL.netfilter, [GROUP_NFTABLES]],
    ]);
    const notifications = new NetlinkNotifications(groups, () => changes++);
    try {
      await tc('qdisc', 'add', 'dev', device, 'root', 'pfifo');
      await eventually('a change of qdiscs', () => changes > 0, 1_000);
      changes = 0;
      const chain = await createNftChain(world.cleanup, names, device, 'ingress', 'accept');
      await eventually('a change of nftables', () => changes > 0, 1_000);
      await chain.delete();
    } finally {
      notifications.close();
    }
  });

  it('says that notifications were lost, and delivers those after it', async () => {
    const seen = new Set<number>();
    let losses = 0;
    const reader = {
      notified: ({ payload }: { payload: Buffer }): void => {
        const link = linkOf(payload);
        if (link.ifindex === ifindex) seen.add(link.mtu);
      },
      lost: (): void => {
        losses++;
        seen.clear();
      },
    };
    const subscription = new NetlinkSubscription(PROTOCOL.route, [GROUP_LINK], reader);
    try {
      // More than the buffer of the socket holds, while the event loop is busy.
      const changes = Array.from(
        { length: 4_000 },
        (_, i) => `link set ${device} mtu ${1000 + (i % 200)}`,
      );
      execFileSync('ip', ['-batch', '-'], { input: `${changes.join('\n')}\n`, timeout: 15_000 });
      while (!subscription.drain());
      assert(losses > 0, 'the buffer did not overflow');
      await run('ip', ['link', 'set', device, 'mtu', '1500']);
      await eventually('the change after the loss', () => seen.has(1500), 1_000);
    } finally {
      subscription.close();
    }
  });

  it('answers a batch of requests in their order, whatever is refused', async () => {
    const generic = new NetlinkRequests(PROTOCOL.generic, { timeoutMs: 5_000 });
    try {
      const names = Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? 'nlctrl' : `no-${i}`));
      const answers = await generic.batch(
        names.map((name) => ({
          name,
          type: CONTROLLER,
          payload: genericPayload(GET_FAMILY, 1, CONTROL.familyName.of(name)),
        })),
      );
      assert.deepEqual(
        answers.map((answer) => (answer instanceof NetlinkRefused ? answer.code : answer.length)),
        names.map((name) => (name === 'nlctrl' ? 1 : 'ENOENT')),
      );
    } finally {
      generic.close();
    }
  });

  it('reads which devices accept redirected frames, from generic netlink', async function () {
    const generic = new NetlinkRequests(PROTOCOL.generic);
    try {
      const features = await XdpFeatures.of(generic);
      if (features === undefined) {
        if (this.test !== undefined) this.test.title += ' [SKIPPED: needs Linux 6.3]';
        this.skip();
        return;
      }
      assert(features.group !== undefined);
      const isTarget = async () => (await features.redirectTargets(generic)).has(ifindex);
      assert(await isTarget(), 'the VM has GRO on');
      await world.port(device).vm.exec('ethtool', ['-K', 'eth0', 'gro', 'off']);
      assert(!(await isTarget()));
      await world.port(device).vm.exec('ethtool', ['-K', 'eth0', 'gro', 'on']);
      assert(await isTarget());
    } finally {
      generic.close();
    }
  });

  it('reports a refusal with the explanation of the kernel', async () => {
    const ask = () => route.dump('RTM_X', 0x7ff, Buffer.alloc(20));
    await assert.rejects(
      ask,
      (error) => error instanceof NetlinkRefused && error.code === 'EOPNOTSUPP',
    );
    assert((await qdiscsHere()).length > 0, 'the socket works after a refusal');
  });
});
