import assert from 'node:assert/strict';
import { OvsPortDirectory } from '../../../adapters/ovs/port-directory.ts';
import { never } from '../../contract/collect.ts';
import { FakeServer } from '../../protocols/json-rpc/fake-server.ts';
import { eventually } from '../../support/eventually.ts';
import { interfaceRow, map, tables, uuid } from './ovsdb-tables.ts';

const ROWS = [{ name: 'vm1', row: interfaceRow('vm1', { ifindex: 5 }) }];
const NONE = ['set', []];
const reference = (name: string): unknown => ['uuid', uuid(name)];

/** Uuids of the changed rows, by table. */
const ROW_IDS: Readonly<Record<string, string>> = {
  Bridge: uuid('br0'),
  Port: uuid('Pvm1'),
  Interface: uuid('vm1'),
  Mirror: uuid('m0'),
  Open_vSwitch: uuid('root'),
  Flow_Sample_Collector_Set: uuid('set'),
};

/** What changes the packets of a bridge, and how it is written: table, column, value. */
const CHANGES: readonly (readonly [string, string, unknown])[] = [
  ['Mirror', 'select_all', true],
  ['Mirror', 'select_src_port', reference('Pvm1')],
  ['Mirror', 'select_dst_port', reference('Pvm1')],
  ['Mirror', 'select_vlan', 7],
  ['Mirror', 'output_port', reference('Pvm1')],
  ['Mirror', 'output_vlan', 7],
  ['Port', 'bond_mode', 'balance-slb'],
  ['Port', 'bond_active_slave', '02:00:00:00:00:01'],
  ['Port', 'lacp', 'active'],
  ['Port', 'interfaces', ['uuid', uuid('vm1')]],
  ['Port', 'qos', reference('q0')],
  ['Port', 'tag', 7],
  ['Port', 'trunks', ['set', [7, 8]]],
  ['Port', 'vlan_mode', 'access'],
  ['Bridge', 'mirrors', reference('m0')],
  ['Bridge', 'ports', ['set', [['uuid', uuid('Pvm1')]]]],
  ['Bridge', 'datapath_type', 'netdev'],
  ['Bridge', 'fail_mode', 'secure'],
  ['Bridge', 'flood_vlans', 7],
  ['Bridge', 'mcast_snooping_enable', true],
  ['Bridge', 'rstp_enable', true],
  ['Bridge', 'stp_enable', true],
  ['Bridge', 'netflow', reference('n0')],
  ['Bridge', 'sflow', reference('s0')],
  ['Bridge', 'ipfix', reference('i0')],
  ['Interface', 'link_state', 'down'],
  ['Interface', 'mtu', 1_400],
  ['Interface', 'ifindex', 6],
  ['Interface', 'ofport', 2],
  ['Interface', 'type', 'internal'],
  ['Interface', 'options', map({ peer: 'vm2' })],
  ['Interface', 'ingress_policing_rate', 1_000],
  ['Interface', 'ingress_policing_kpkts_rate', 1],
  ['Open_vSwitch', 'other_config', map({ 'max-idle': '500' })],
  ['Flow_Sample_Collector_Set', 'ipfix', reference('i0')],
];

describe('changes in OVSDB that trigger a reading', () => {
  let server: FakeServer;
  let directory: OvsPortDirectory;
  let monitored: Map<string, readonly string[]>;
  let reports: number;

  beforeEach(async () => {
    monitored = new Map();
    reports = 0;
    server = await FakeServer.start('db.sock', ({ id, method, params }, socket) => {
      if (method !== 'monitor') return;
      assert.ok(Array.isArray(params));
      for (const [table, { columns }] of Object.entries<{ columns: string[] }>(params[2])) {
        monitored.set(table, columns);
      }
      socket.write(JSON.stringify({ id, result: tables(ROWS), error: null }));
    });
    directory = new OvsPortDirectory({ socket: `unix:${server.path}`, timeoutMs: 10_000 });
    directory.onSwitchChange(() => reports++);
    await directory.start(never());
    reports = 0;
  });
  afterEach(async () => {
    await directory.close();
    await server.remove();
  });

  /** Changes a column; like ovsdb-server, it reports only what is monitored. */
  function change(table: string, column: string, old: unknown, value: unknown): void {
    if (monitored.get(table)?.includes(column) !== true) return;
    const row = { old: { [column]: old }, new: { [column]: value } };
    const params = [null, { [table]: { [ROW_IDS[table]]: row } }];
    server.broadcast({ id: null, method: 'update', params });
  }

  for (const [table, column, value] of CHANGES) {
    it(`${table}.${column}`, async () => {
      change(table, column, NONE, value);
      await eventually('a report', () => reports === 1);
      assert.ok(directory.inSync());
    });
  }

  it('a mirror that is added and removed', async () => {
    const update = (row: unknown): void =>
      server.broadcast({
        id: null,
        method: 'update',
        params: [null, { Mirror: { [uuid('m0')]: row } }],
      });
    assert.ok(monitored.has('Mirror'));
    update({ new: { select_all: true, output_port: reference('Pvm1') } });
    await eventually('a report', () => reports === 1);
    update({ old: { select_all: true, output_port: reference('Pvm1') } });
    await eventually('another report', () => reports === 2);
  });

  it('all that is monitored is in this list', () => {
    const listed = new Set(CHANGES.map(([table, column]) => `${table}.${column}`));
    // Names and identities, which come with other columns of their rows.
    const identities = ['name', 'external_ids', 'mac_in_use', 'link_speed', 'bridge'];
    const missing = [...monitored].flatMap(([table, columns]) =>
      columns
        .filter((column) => !identities.includes(column))
        .map((column) => `${table}.${column}`)
        .filter((name) => !listed.has(name)),
    );
    assert.deepEqual(missing, []);
  });
});
