import assert from 'node:assert/strict';
import { Replica } from '../../../protocols/ovsdb/replica.ts';
import { parseOvsdbAddress } from '../../../protocols/ovsdb/address.ts';
import { OvsdbAddressError } from '../../../protocols/ovsdb/errors.ts';
import { portsOf, samePorts } from '../../../adapters/ovs/port-info.ts';
import { bridged } from '../../../adapters/ovs/settling.ts';
import type { PortInfo } from '../../../engine/model/port.ts';
import { deletionOf, interfaceRow, map, tables, uuid } from './ovsdb-tables.ts';

function replicaOf(...updates: readonly unknown[]): Replica {
  const replica = new Replica();
  for (const update of updates) assert.ok(replica.apply(update));
  return replica;
}

function onlyPort(row: Readonly<Record<string, unknown>>, portIds = {}): PortInfo {
  const port = portsOf(replicaOf(tables([{ name: 'p', row, portIds }]))).get('p');
  assert.ok(port !== undefined);
  return port;
}

describe('ports from OVSDB', () => {
  it('have the values of their rows', () => {
    const row = interfaceRow('vm1', {
      ifindex: 7,
      external_ids: map({
        'vm-id': 'web',
        'norikae:slice': 'gold',
        'attached-mac': '52:54:00:AA:BB:CC',
      }),
      mac_in_use: 'fe:54:00:00:00:01',
      link_speed: 10_000_000_000,
    });
    assert.deepEqual(portsOf(replicaOf(tables([{ name: 'vm1', row }]))).get('vm1'), {
      name: 'vm1',
      uuid: uuid('vm1'),
      ifindex: 7,
      bridge: 'br0',
      datapath: 'kernel',
      kind: 'vm',
      mac: '52:54:00:aa:bb:cc',
      vm: 'web',
      slice: 'gold',
      linkBitsPerSecond: 10_000_000_000,
      shaped: false,
      policed: false,
    });
  });

  for (const [type, datapath] of [
    ['', 'kernel'],
    ['system', 'kernel'],
    ['netdev', 'userspace'],
    ['another', undefined],
  ] as const) {
    it(`are in the datapath of their bridge: ${type === '' ? 'the default type' : type}`, () => {
      const replica = replicaOf(tables([{ name: 'p', row: interfaceRow('p', {}) }], type));
      assert.equal(portsOf(replica).get('p')?.datapath, datapath);
    });
  }

  it('have no value for empty columns', () => {
    const port = onlyPort(interfaceRow('p', {}));
    assert.equal(port.ifindex, 0);
    assert.equal(port.mac, undefined);
    assert.equal(port.vm, undefined);
    assert.equal(port.slice, undefined);
    assert.equal(port.linkBitsPerSecond, undefined);
  });

  for (const [what, ids, portIds, vm, kind] of [
    ['norikae:vm first', { 'norikae:vm': 'a', 'vm-id': 'b', 'iface-id': 'c' }, {}, 'a', 'vm'],
    ['then vm-id', { 'vm-id': 'b', 'iface-id': 'c' }, {}, 'b', 'vm'],
    ['then iface-id', { 'iface-id': 'c' }, {}, 'c', 'vm'],
    ['what the Port says', {}, { 'norikae:vm': 'd' }, 'd', 'vm'],
    ['nobody', {}, {}, undefined, 'uplink'],
    ['a kind that is set', { 'norikae:kind': 'other' }, {}, undefined, 'other'],
    [
      'a kind that is set, with a VM',
      { 'vm-id': 'b', 'norikae:kind': 'uplink' },
      {},
      'b',
      'uplink',
    ],
    ['no kind that is none', { 'norikae:kind': 'x' }, {}, undefined, 'uplink'],
  ] as const) {
    it(`belong to ${what}`, () => {
      const port = onlyPort(interfaceRow('p', { external_ids: map(ids) }), portIds);
      assert.equal(port.vm, vm);
      assert.equal(port.kind, kind);
    });
  }

  it('have the kind of their type', () => {
    const kinds = ['', 'system', 'internal', 'dpdk', 'dpdkvhostuserclient', 'patch', 'vxlan'].map(
      (type) => onlyPort(interfaceRow('p', { type })).kind,
    );
    assert.deepEqual(kinds, ['uplink', 'uplink', 'internal', 'uplink', 'vm', 'other', 'other']);
  });

  it('are shaped with a qos, whatever it is, and policed with a rate in either unit', () => {
    const row = interfaceRow('p', {});
    const shaped = (qos: unknown): boolean | undefined =>
      portsOf(replicaOf(tables([{ name: 'p', row, qos }]))).get('p')?.shaped;
    assert.equal(shaped(['uuid', uuid('q')]), true);
    assert.equal(shaped(['set', [['uuid', uuid('q')]]]), true);
    assert.equal(shaped(['set', []]), false);
    const policed = (columns: Readonly<Record<string, unknown>>): boolean =>
      onlyPort(interfaceRow('p', columns)).policed;
    assert.equal(policed({}), false);
    assert.equal(policed({ ingress_policing_rate: 1000 }), true);
    assert.equal(policed({ ingress_policing_kpkts_rate: 1 }), true);
    assert.equal(policed({ ingress_policing_kpkts_rate: 0 }), false);
  });

  it('follow updates: changed, deleted, of another device, of another row', () => {
    const replica = replicaOf(
      tables([
        { name: 'a', row: interfaceRow('a', { ifindex: 5 }) },
        { name: 'b', row: interfaceRow('b', { ifindex: 6 }) },
      ]),
    );
    const change = (next: Readonly<Record<string, unknown>>): void => {
      const update = { Interface: { [uuid('a')]: { old: {}, new: next } } };
      assert.ok(replica.apply(update));
    };
    change(interfaceRow('a', { ifindex: 0 }));
    assert.equal(portsOf(replica).get('a')?.ifindex, 0);
    change(interfaceRow('a', { ifindex: ['set', []] }));
    assert.equal(portsOf(replica).get('a')?.ifindex, 0);
    change(interfaceRow('a', { ifindex: 9 }));
    assert.equal(portsOf(replica).get('a')?.ifindex, 9);
    assert.ok(replica.apply(deletionOf('a', ['b'])));
    assert.deepEqual([...portsOf(replica).keys()], ['b']);
  });

  it('are the same only when all properties are equal', () => {
    const make = (columns: Readonly<Record<string, unknown>>): Map<string, PortInfo> =>
      portsOf(replicaOf(tables([{ name: 'p', row: interfaceRow('p', columns) }])));
    assert.ok(samePorts(make({ ifindex: 1 }), make({ ifindex: 1 })));
    assert.ok(!samePorts(make({ ifindex: 1 }), make({ ifindex: 2 })));
    assert.ok(!samePorts(make({}), new Map()));
    assert.ok(!samePorts(make({}), make({ link_speed: 5 })));
    assert.ok(!samePorts(make({}), make({ external_ids: map({ 'norikae:slice': 'x' }) })));
    assert.ok(!samePorts(make({}), make({ ingress_policing_rate: 5 })));
    const [plain, shaped] = [
      ['set', []],
      ['uuid', uuid('q')],
    ].map((qos) => portsOf(replicaOf(tables([{ name: 'p', row: interfaceRow('p', {}), qos }]))));
    assert.ok(!samePorts(plain, shaped));
  });

  it('ignore malformed updates', () => {
    for (const update of [
      null,
      1,
      [],
      { Interface: 1 },
      { Interface: { x: 1 } },
      { Interface: { x: {} } },
    ]) {
      assert.equal(new Replica().apply(update), false);
    }
  });
});

describe('ports while vswitchd writes ephemeral columns again', () => {
  const make = (columns: Readonly<Record<string, unknown>>, id = 'p'): Map<string, PortInfo> =>
    portsOf(replicaOf(tables([{ name: 'p', row: interfaceRow('p', columns), id }])));
  const before = make({ ifindex: 5, link_speed: 100 });

  it('keep their earlier values', () => {
    const { ports, settled } = bridged(make({}), before);
    assert.equal(settled, false);
    assert.equal(ports.get('p')?.ifindex, 5);
    assert.equal(ports.get('p')?.linkBitsPerSecond, 100);
  });

  it('change at once with another device or row, or when removed', () => {
    assert.equal(bridged(make({ ifindex: 6 }), before).ports.get('p')?.ifindex, 6);
    const other = bridged(make({}, 'q'), before);
    assert.equal(other.ports.get('p')?.ifindex, 0);
    assert.equal(other.settled, true);
    assert.equal(bridged(new Map(), before).ports.size, 0);
  });
});

describe('OVSDB addresses', () => {
  it('are paths or hosts', () => {
    assert.deepEqual(parseOvsdbAddress('/run/db.sock'), { path: '/run/db.sock' });
    assert.deepEqual(parseOvsdbAddress('unix:/run/db.sock'), { path: '/run/db.sock' });
    assert.deepEqual(parseOvsdbAddress('tcp:127.0.0.1:6640'), { host: '127.0.0.1', port: 6640 });
    assert.deepEqual(parseOvsdbAddress('tcp:[::1]:6640'), { host: '::1', port: 6640 });
  });

  it('are refused when malformed', () => {
    for (const text of [
      '',
      'db.sock',
      'unix:',
      'tcp:host',
      'tcp:::1:6640',
      'tcp:h:99999',
      'ssl:h:1',
    ]) {
      assert.throws(() => parseOvsdbAddress(text), OvsdbAddressError);
    }
  });
});
