import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import {
  SwitchClient,
  type SwitchClientOptions,
} from '../../../../protocols/openflow/connection/switch-client.ts';
import {
  formatTarget,
  parseTarget,
  TargetInvalid,
} from '../../../../protocols/openflow/connection/target.ts';
import { never } from '../../../contract/collect.ts';
import { freePort } from '../../../support/free-port.ts';
import { needs } from '../../../support/needs.ts';
import { ModelSwitch } from '../support/model-switch.ts';
import { eventually } from '../../../support/eventually.ts';

const SESSION = { timeoutMs: 300, echoAfterMs: 100, goneAfterMs: 400 };
const BACKOFF = { minMs: 10, maxMs: 40 };

describe('an OpenFlow target', () => {
  it('is read and written as OVS does', () => {
    for (const text of [
      'unix:/run/br0.mgmt',
      'punix:/run/x',
      'tcp:10.0.0.1:6633',
      'ssl:[fe80::1]:6653',
      'ptcp:6633',
      'pssl:6653:127.0.0.1',
      'ptcp:6653:[::1]',
    ]) {
      assert.equal(formatTarget(parseTarget(text)), text);
    }
    assert.equal(formatTarget(parseTarget('tcp:switch')), 'tcp:switch:6653');
    assert.equal(formatTarget(parseTarget('pssl:')), 'pssl:6653');
    for (const text of ['', 'tcp:', 'tcp:a:b', 'udp:1.2.3.4', 'ptcp:70000', 'unix:', 'tcp:::1']) {
      assert.throws(() => parseTarget(text), TargetInvalid, text);
    }
  });
});

describe('an OpenFlow client', () => {
  let folder: string;
  let model: ModelSwitch;
  const clients: SwitchClient[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'norikae-client-'));
    model = new ModelSwitch({ version: 4, bundles: true, ports: ['a', 'b'] });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await model.close();
    await rm(folder, { recursive: true, force: true });
  });

  const client = (
    over: Partial<SwitchClientOptions>,
    prepare?: ConstructorParameters<typeof SwitchClient>[1],
  ): SwitchClient => {
    const target = { kind: 'unix', path: join(folder, 'switch') } as const;
    const made = new SwitchClient({ target, session: SESSION, backoff: BACKOFF, ...over }, prepare);
    clients.push(made);
    made.start();
    return made;
  };

  it('requests the role EQUAL and no packets', async () => {
    await model.listen(join(folder, 'switch'));
    const connected = await client({}).up(never());
    assert.equal(connected.datapathId, 7n);
    assert.equal(connected.description?.hardware, 'model');
    assert.deepEqual(connected.ports.names(), ['a', 'b']);
    const role = model.heard.find((m) => m.type === 'role-request');
    assert.ok(role?.type === 'role-request' && role.role === 1);
    const requested = model.heard.find((m) => m.type === 'set-async');
    assert.ok(requested?.type === 'set-async');
    assert.deepEqual(
      [requested.packetIn, requested.flowRemoved],
      [
        [0, 0],
        [0, 0],
      ],
    );
    assert.ok(!model.heard.some((m) => m.type === 'flow-mod'));
  });

  it('reconnects when the connection ends, and resynchronizes each time', async () => {
    await model.listen(join(folder, 'switch'));
    let prepared = 0;
    const it = client({}, () => {
      prepared++;
      return prepared === 2 ? Promise.reject(new Error('not this time')) : Promise.resolve();
    });
    await it.up(never());
    model.hangUp();
    await eventually('another connection', () => prepared === 3 && it.connected !== undefined);
    assert.equal(model.connections, 3);
    assert.equal(it.error, undefined);
  });

  it('retries until the switch is reachable, and reports the error', async () => {
    const it = client({});
    await assert.rejects(it.up(AbortSignal.timeout(60)), /ENOENT/);
    await model.listen(join(folder, 'switch'));
    await it.up(AbortSignal.timeout(2_000));
  });

  it('disconnects from a switch that falls silent at any step', async () => {
    const sockets: Socket[] = [];
    const mute = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => mute.listen(join(folder, 'switch'), resolve));
    const it = client({});
    await eventually('the error', () => it.error !== undefined);
    assert.match(it.error?.message ?? '', /hello within 300 ms/);
    await it.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => mute.close(resolve));
  });

  it('waits for a switch as a controller does, and for the next one', async () => {
    const path = join(folder, 'controller');
    const it = client({ target: { kind: 'punix', path } });
    await eventually('listening', () => existsSync(path));
    const first = model.connect({ path });
    await it.up(never());
    // A second one waits for its turn.
    const second = model.connect({ path });
    first.destroy();
    await eventually('the second', () => it.connected !== undefined && first.destroyed);
    await eventually('in use', () => model.connections === 2 && !second.destroyed);
  });

  it('waits on TCP, too', async () => {
    const port = await freePort();
    const it = client({ target: { kind: 'ptcp', host: '127.0.0.1', port } });
    await eventually('connected', () => {
      if (model.connections === 0 || it.connected === undefined) model.connect({ port });
      return it.connected !== undefined;
    });
  });

  describe('over TLS', () => {
    let files: Record<'switch' | 'ours' | 'stranger', Record<'ca' | 'certificate' | 'key', string>>;

    before(function () {
      needs(this, 'openssl');
      this.timeout(30_000);
    });
    beforeEach(async function () {
      this.timeout(30_000);
      files = certificates(folder);
    });

    const serve = async (who: 'switch' | 'stranger'): Promise<number> => {
      const { ca, certificate, key } = files[who];
      const [caText, cert, keyText] = [ca, certificate, key].map((file) => readFileSync(file));
      const options = { ca: caText, cert, key: keyText, requestCert: true };
      const server = createTlsServer({ ...options, rejectUnauthorized: true }, (socket) =>
        model.serve(socket),
      );
      server.on('tlsClientError', () => undefined);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      servers.push(() => new Promise((resolve) => server.close(() => resolve())));
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    };
    const servers: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const it of clients.splice(0)) await it.close();
      model.hangUp();
      for (const close of servers.splice(0)) await close();
    });

    it('connects to a switch with a certificate of our CA', async () => {
      const port = await serve('switch');
      const target = { kind: 'ssl', host: '127.0.0.1', port } as const;
      const connected = await client({ target, tls: files.ours }).up(AbortSignal.timeout(5_000));
      assert.equal(connected.datapathId, 7n);
    });

    it('refuses a switch with a certificate of another CA', async () => {
      const port = await serve('stranger');
      const target = { kind: 'ssl', host: '127.0.0.1', port } as const;
      const it = client({ target, tls: files.ours });
      await eventually('the error', () => it.error !== undefined);
      assert.equal(it.connected, undefined);
      assert.equal(model.heard.length, 0);
    });

    it('reports missing and unreadable files', async () => {
      const target = { kind: 'ssl', host: '127.0.0.1', port: 1 } as const;
      const it = client({ target });
      await eventually('the error', () => it.error !== undefined);
      assert.match(it.error?.message ?? '', /needs a CA, a certificate and a key/);
      const other = client({ target, tls: { ...files.ours, key: '/nowhere' } });
      await eventually('the error', () => other.error !== undefined);
      assert.match(other.error?.message ?? '', /cannot be read/);
    });

    it('accepts a switch with a certificate, and refuses one without', async () => {
      const port = await freePort();
      const target = { kind: 'pssl', host: '127.0.0.1', port } as const;
      const it = client({ target, tls: files.ours });
      const { ca, certificate, key } = files.switch;
      const secrets = { ca: readFileSync(ca) };
      const host = '127.0.0.1';
      const checkServerIdentity = (): undefined => undefined;
      await eventually('listening', () => tcpListens(port));
      const bare = connectTls({ host, port, ...secrets, checkServerIdentity });
      bare.on('error', () => undefined);
      model.serve(bare);
      await new Promise((resolve) => bare.once('close', resolve));
      assert.equal(it.connected, undefined);
      const known = { cert: readFileSync(certificate), key: readFileSync(key) };
      model.serve(connectTls({ host, port, ...secrets, ...known, checkServerIdentity }));
      await it.up(AbortSignal.timeout(5_000));
    });
  });
});

/** Two authorities; one signed the switch's certificate and ours, the other a stranger's. */
function certificates(folder: string) {
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  for (const ca of ['ca', 'other-ca']) {
    const out = ['-keyout', `${ca}.key`, '-out', `${ca}.pem`];
    openssl('req', '-x509', ...curve, ...out, '-days', '1', '-subj', `/CN=${ca}`);
  }
  const signed = (name: string, ca: string) => {
    openssl(
      'req',
      ...curve,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
    );
    const by = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-days', '1'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-out', `${name}.pem`);
    const file = (what: string) => join(folder, what);
    return { ca: file('ca.pem'), certificate: file(`${name}.pem`), key: file(`${name}.key`) };
  };
  return {
    switch: signed('switch', 'ca'),
    ours: signed('ours', 'ca'),
    stranger: signed('stranger', 'other-ca'),
  };
}

function tcpListens(port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return new RegExp(`:${hex} 00000000:0000 0A`).test(readFileSync('/proc/net/tcp', 'utf8'));
}
