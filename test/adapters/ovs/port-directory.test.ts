import assert from 'node:assert/strict';
import { OvsPortDirectory } from '../../../adapters/ovs/port-directory.ts';
import { runSession } from '../../../protocols/ovsdb/session.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import { never } from '../../contract/collect.ts';
import { FakeServer } from '../../protocols/json-rpc/fake-server.ts';
import { deletionOf, interfaceRow, type PortRow, tables, uuid } from './ovsdb-tables.ts';
import { eventually } from '../../support/eventually.ts';

const VM1: PortRow = { name: 'vm1', row: interfaceRow('vm1', { ifindex: 5 }) };
const VM2: PortRow = { name: 'vm2', row: interfaceRow('vm2', { ifindex: 6 }) };

/** The first reply to `monitor`. */
function replyOf(result: unknown): string {
  return JSON.stringify({ id: 'monitor', result, error: null });
}

/** A first reply with other columns of an Interface. */
function replyWith(columns: Readonly<Record<string, unknown>>): string {
  return replyOf(tables([{ name: 'vm1', row: interfaceRow('vm1', columns) }]));
}

describe('port directory with a fake OVSDB', () => {
  let server: FakeServer;
  let directory: OvsPortDirectory;
  let rows: readonly PortRow[];

  beforeEach(async () => {
    rows = [VM1, VM2];
    server = await FakeServer.start('db.sock', (request, socket) => {
      const { id, method } = request;
      if (method === 'monitor') {
        socket.write(JSON.stringify({ id, result: tables(rows), error: null }));
      } else if (method === 'echo') {
        socket.write(JSON.stringify({ id, result: [], error: null }));
      }
    });
    directory = new OvsPortDirectory({ socket: `unix:${server.path}`, timeoutMs: 100 });
  });
  afterEach(async () => {
    await directory.close();
    await server.remove();
  });

  const update = (changes: unknown): void =>
    server.broadcast({ id: null, method: 'update', params: [null, changes] });

  it('reports every change in order, and a deleted port at once', async () => {
    const seen: string[] = [];
    directory.subscribe((ports) => {
      seen.push([...ports.values()].map((p) => `${p.name}:${p.ifindex}`).join(' '));
    });
    await directory.start(never());
    for (const ifindex of [0, 7, 8]) {
      update({ Interface: { [uuid('vm1')]: { new: interfaceRow('vm1', { ifindex }) } } });
    }
    update(deletionOf('vm2', ['vm1']));
    await eventually('all changes', () => seen.at(-1) === 'vm1:8');
    const expected = ['', 'vm1:5 vm2:6', 'vm1:0 vm2:6', 'vm1:7 vm2:6', 'vm1:8 vm2:6', 'vm1:8'];
    assert.deepEqual(seen, expected);
  });

  it('follows the qos and the policing of a port', async () => {
    await directory.start(never());
    const port = () => directory.current().get('vm1');
    assert.equal(port()?.shaped, false);
    update({ Port: { [uuid('Pvm1')]: { new: { qos: ['uuid', uuid('q')] } } } });
    await eventually('it is shaped', () => port()?.shaped === true);
    update({ Interface: { [uuid('vm1')]: { new: { ingress_policing_rate: 100 } } } });
    await eventually('it is policed', () => port()?.policed === true);
    update({ Port: { [uuid('Pvm1')]: { new: { qos: ['set', []] } } } });
    await eventually('it is not shaped', () => port()?.shaped === false);
  });

  it('works without columns that an older Open vSwitch lacks', async () => {
    const newer = 'ingress_policing_kpkts_rate';
    const usual = server.behaviour;
    server.behaviour = (request, socket) => {
      if (request['method'] === 'monitor' && JSON.stringify(request).includes(newer)) {
        const error = { error: 'syntax error', details: `no column ${newer} in table Interface` };
        socket.write(JSON.stringify({ id: request['id'], result: null, error }));
      } else usual(request, socket);
    };
    await directory.start(never());
    assert.ok(directory.inSync());
    assert.equal(directory.current().size, 2);
    assert.equal(server.connections, 1);
  });

  it('answers echo requests', async () => {
    await directory.start(never());
    server.broadcast({ id: 'ping', method: 'echo', params: [1, 'x'] });
    await eventually('an answer', () => server.requests.some((r) => r['id'] === 'ping'));
    const answer = server.requests.find((r) => r['id'] === 'ping');
    assert.deepEqual(answer, { id: 'ping', result: [1, 'x'], error: null });
  });

  it('stays fresh with a silent server that answers echo requests', async () => {
    await directory.start(never());
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(directory.inSync(), true);
    assert.equal(server.connections, 1);
    assert.ok(server.requests.filter((r) => r['method'] === 'echo').length >= 2);
  });

  it('disconnects from a server that no longer answers', async () => {
    await directory.start(never());
    server.behaviour = () => undefined;
    await eventually('it is out of step', () => !directory.inSync());
    assert.match(directory.lastError()?.message ?? '', /did not answer echo within 100 ms/);
    assert.equal(directory.current().size, 2, 'what it knew stays');
  });

  it('reads everything again after a disconnect, including removed ports', async () => {
    await directory.start(never());
    let last: PortSnapshot = new Map();
    directory.subscribe((ports) => (last = ports));
    await server.stop();
    await eventually('it is out of step', () => !directory.inSync());
    rows = [VM1];
    await server.listen();
    await eventually('it is in step', () => directory.inSync());
    assert.deepEqual([...last.keys()], ['vm1']);
  });

  it('bridges the moment without ephemeral columns after a restart', async () => {
    await directory.start(never());
    const seen: (number | undefined)[] = [];
    directory.subscribe((ports) => seen.push(ports.get('vm1')?.ifindex));
    await server.stop();
    await eventually('it is out of step', () => !directory.inSync());
    rows = [{ name: 'vm1', row: interfaceRow('vm1', {}) }, VM2];
    const { connections } = server;
    await server.listen();
    await eventually('it is connected', () => server.connections > connections);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(directory.inSync(), false, 'not yet');
    update({ Interface: { [uuid('vm1')]: { new: VM1.row } } });
    await eventually('it is in step', () => directory.inSync());
    assert.deepEqual(new Set(seen), new Set([5]));
  });

  it('reports a device as gone when its ifindex stays empty', async function () {
    this.timeout(10_000);
    await directory.start(never());
    await server.stop();
    rows = [{ name: 'vm1', row: interfaceRow('vm1', {}) }, VM2];
    await server.listen();
    await eventually('the device is gone', () => directory.current().get('vm1')?.ifindex === 0);
    assert.equal(directory.inSync(), true);
  });

  for (const [what, reply] of [
    ['garbage', 'hello'],
    ['a refusal', '{"id":"monitor","result":null,"error":"unknown database"}'],
    ['an update that is none', '{"id":"monitor","result":{"Interface":1},"error":null}'],
    ['a list', '{"id":"monitor","result":[],"error":null}'],
    ['a malformed row', replyOf({ Interface: { x: { new: 5 } } })],
    ['a bridge without a name', replyOf({ Bridge: { x: { new: { ports: ['set', []] } } } })],
    [
      'ports that are numbers',
      replyOf({ Bridge: { x: { new: { name: 'b', ports: ['set', [1]] } } } }),
    ],
    ['ports that are a text', replyOf({ Bridge: { x: { new: { name: 'b', ports: 'none' } } } })],
    ['a malformed set', replyOf({ Bridge: { x: { new: { name: 'b', ports: ['set', 0] } } } })],
    ['a port without a row', replyOf({ ...tables([VM1]), Port: {} })],
    ['an interface without a row', replyOf({ ...tables([VM1]), Interface: {} })],
    ['an ifindex that is a text', replyWith({ ifindex: '5' })],
    ['a name that is a number', replyWith({ name: 5 })],
    ['external_ids that are a set', replyWith({ external_ids: ['set', []] })],
    ['external_ids with numbers', replyWith({ external_ids: ['map', [['vm-id', 5]]] })],
  ] as const) {
    it(`reports why it is stale when it receives ${what}`, async () => {
      server.behaviour = (request, socket) => {
        if (request['method'] === 'monitor') socket.write(reply);
      };
      await assert.rejects(directory.start(AbortSignal.timeout(250)), /no ports from OVSDB yet: ./);
      assert.equal(directory.inSync(), false);
      assert.equal(directory.current().size, 0);
      assert.ok(server.connections <= 3, `${server.connections} connections in 250 ms`);
    });
  }

  it('keeps its ports when an update has wrong types', async () => {
    await directory.start(never());
    server.behaviour = () => undefined;
    update({ Bridge: { [uuid('br0')]: { new: { ports: 'none' } } } });
    await eventually('it is out of step', () => !directory.inSync());
    assert.match(directory.lastError()?.message ?? '', /instead of a uuid/);
    assert.equal(directory.current().size, 2);
  });

  it('waits for a first reply that arrives slowly', async () => {
    const text = JSON.stringify({ id: 'monitor', result: tables(rows), error: null });
    const pieces = 10;
    server.behaviour = (request, socket) => {
      if (request['method'] !== 'monitor') return;
      for (let i = 0; i < pieces; i++) {
        const [from, to] = [i, i + 1].map((n) => Math.round((n / pieces) * text.length));
        setTimeout(() => socket.write(text.slice(from, to)), i * 60);
      }
    };
    await directory.start(never());
    assert.equal(directory.current().size, 2);
    assert.equal(server.connections, 1);
  });

  it('stops waiting for a first reply that never ends', async () => {
    server.behaviour = (request, socket) => {
      if (request['method'] !== 'monitor') return;
      socket.write('{"id":"monitor","result":{');
      const timer = setInterval(() => socket.write(' '), 20);
      socket.once('close', () => clearInterval(timer));
    };
    const options = {
      address: { path: server.path },
      name: 'slow',
      database: 'Open_vSwitch',
      tables: {},
      timeoutMs: 100,
      firstReplyMs: 300,
    };
    const sinceMs = performance.now();
    await assert.rejects(
      runSession(options, () => {}, never()),
      /within 300 ms/,
    );
    assert.ok(performance.now() - sinceMs < 2_000);
  });

  it('waits for a server that does not run yet', async () => {
    await server.stop();
    const started = directory.start(never());
    await new Promise((resolve) => setTimeout(resolve, 50));
    await server.listen();
    await started;
    assert.equal(directory.current().size, 2);
  });
});
