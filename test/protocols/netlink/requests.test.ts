import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { encodeAttribute, encodeNested, textValue } from '../../../protocols/netlink/attributes.ts';
import { NetlinkRefused } from '../../../protocols/netlink/errors.ts';
import { genericFamily } from '../../../protocols/netlink/generic.ts';
import { links } from '../../../protocols/netlink/link/links.ts';
import { XdpFeatures } from '../../../protocols/netlink/netdev.ts';
import { deviceChains } from '../../../protocols/netlink/nftables.ts';
import { NetlinkNotifications } from '../../../protocols/netlink/notifications.ts';
import { NetlinkRequests } from '../../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../../protocols/netlink/socket.ts';
import {
  filters,
  GROUP_TRAFFIC_CONTROL,
  PARENT,
  qdiscs,
} from '../../../protocols/netlink/tc/traffic-control.ts';

const LOOPBACK = Number(readFileSync('/sys/class/net/lo/ifindex', 'utf8'));

/** What sysfs says of a device of this host. */
function inSysfs(device: string, file: string): string {
  return readFileSync(`/sys/class/net/${device}/${file}`, 'utf8').trim();
}

describe('netlink requests, without privileges', () => {
  let route: NetlinkRequests;
  let generic: NetlinkRequests;

  before(() => {
    route = new NetlinkRequests(PROTOCOL.route);
    generic = new NetlinkRequests(PROTOCOL.generic);
  });

  after(() => {
    route.close();
    generic.close();
  });

  it('list the loopback as sysfs does', async () => {
    const lo = (await links(route)).find(({ ifindex }) => ifindex === LOOPBACK);
    assert(lo !== undefined);
    assert.deepEqual(
      [lo.name, lo.mac, lo.isUp],
      ['lo', inSysfs('lo', 'address'), (Number(inSysfs('lo', 'flags')) & 1) !== 0],
    );
    assert.equal(lo.mtu, Number(inSysfs('lo', 'mtu')));
    assert.deepEqual([lo.kind, lo.master, lo.switchId], [undefined, undefined, undefined]);
    const packets = BigInt(inSysfs('lo', 'statistics/rx_packets'));
    assert(lo.rxPackets <= packets, `${lo.rxPackets} packets, then ${packets}`);
  });

  it('list the qdiscs and filters of the loopback', async () => {
    const kinds = (await qdiscs(route)).filter(({ ifindex }) => ifindex === LOOPBACK);
    assert(kinds.every(({ kind }) => kind !== ''));
    assert.deepEqual(await filters(route, LOOPBACK, PARENT.clsactEgress), []);
  });

  it('find a family of generic netlink by name', async () => {
    assert.equal((await genericFamily(generic, 'nlctrl'))?.id, 16);
    assert.equal(await genericFamily(generic, 'no-such-family'), undefined);
  });

  it('list the devices that accept redirected frames', async () => {
    const targets = await (await XdpFeatures.of(generic))?.redirectTargets(generic);
    assert.notEqual(targets?.has(LOOPBACK), true);
  });

  it('report what the kernel refuses, and work afterwards', async () => {
    const unknown = () => route.dump('RTM_X', 0x7ff, Buffer.alloc(20));
    await assert.rejects(unknown, (error) => error instanceof NetlinkRefused && error.errno > 0);
    assert(Array.isArray(await qdiscs(route)));
  });

  it('subscribe to notifications, and end that', () => {
    const groups = new Map([[PROTOCOL.route, [GROUP_TRAFFIC_CONTROL]]]);
    new NetlinkNotifications(groups, () => undefined).close();
    const unknown = new Map([[PROTOCOL.route, [0x7fff_ffff]]]);
    assert.throws(() => new NetlinkNotifications(unknown, () => undefined), /netlink: setsockopt/);
  });
});

describe('nftables chains of devices', () => {
  const message = (...attributes: readonly Buffer[]) => ({
    type: 0,
    flags: 0,
    sequence: 0,
    payload: Buffer.concat([Buffer.alloc(4), ...attributes]),
  });
  const name = (type: number, text: string) => encodeAttribute(type, textValue(text));
  const hookNumber = (value: number) => encodeAttribute(1, Buffer.of(0, 0, 0, value));

  it('are read with one device, several devices, and a prefix', async () => {
    const chains = [
      message(name(1, 't'), name(3, 'one'), encodeNested(4, hookNumber(0), name(3, 'eth0'))),
      message(
        name(1, 't'),
        name(3, 'several'),
        encodeNested(
          4,
          hookNumber(1),
          encodeNested(4, name(1, 'eth0'), name(1, 'eth1'), name(2, 'tap')),
        ),
      ),
      message(name(1, 't'), name(3, 'no device')),
    ];
    const flowtables = [
      message(name(1, 't'), name(2, 'f'), encodeNested(3, encodeNested(3, name(1, 'eth2')))),
    ];
    const dump = (request: string) =>
      Promise.resolve(request === 'NFT_MSG_GETCHAIN' ? chains : flowtables);
    assert.deepEqual(await deviceChains({ dump }), [
      { kind: 'chain', direction: 'ingress', table: 't', name: 'one', devices: ['eth0'] },
      {
        kind: 'chain',
        direction: 'egress',
        table: 't',
        name: 'several',
        devices: ['eth0', 'eth1', 'tap*'],
      },
      { kind: 'flowtable', direction: 'ingress', table: 't', name: 'f', devices: ['eth2'] },
    ]);
  });

  it('are none where the kernel has no nftables; another refusal is an error', async () => {
    const refusing = (errno: number) => ({
      dump: (request: string) => Promise.reject(new NetlinkRefused(request, errno, '')),
    });
    assert.deepEqual(await deviceChains(refusing(22)), []);
    await assert.rejects(() => deviceChains(refusing(1)), /EPERM/);
  });
});
