import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { freePort } from '../support/free-port.ts';
import { skipFor } from '../support/needs.ts';
import { runToEnd } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Packed, packInto } from './support/packed.ts';
import { npmFetches } from './support/registry.ts';
import { loadPage, start } from './support/started.ts';

describe('the package, installed for production', function () {
  this.timeout(180_000);
  const temporary = temporaryFolder();
  let packed: Packed;
  let command: string;

  before(async function () {
    packed = await packInto(temporary.path);
    command = join(packed.folder, 'dist/cli/main.js');
    const args = ['ci', '--omit=dev', '--ignore-scripts'];
    if (!(await npmFetches(packed.folder, args))) skipFor(this, ['the npm registry']);
  });

  after(() => temporary.remove());

  it('contains the lock, and leaves no copy of it in the project', () => {
    const lock = readFileSync(join(packageRoot(), 'package-lock.json'), 'utf8');
    assert.equal(readFileSync(join(packed.folder, 'npm-shrinkwrap.json'), 'utf8'), lock);
    assert(!existsSync(join(packageRoot(), 'npm-shrinkwrap.json')));
  });

  it('has no development dependencies', () => {
    const modules = join(packed.folder, 'node_modules');
    assert(existsSync(join(modules, 'rxjs')));
    for (const name of ['typescript', 'mocha', 'tsx']) assert(!existsSync(join(modules, name)));
  });

  it('prints its version', async () => {
    const manifest: Record<string, unknown> = JSON.parse(
      readFileSync(join(packed.folder, 'package.json'), 'utf8'),
    );
    const { code, output } = await runToEnd(command, ['version']);
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`^norikae ${String(manifest.version)} `));
  });

  it('checks the emulated configuration, and a copy of the one for a host', async () => {
    const host = join(temporary.path, 'etc');
    cpSync(join(packed.folder, 'policies'), join(host, 'policies'), { recursive: true });
    cpSync(join(packed.folder, 'config/host.json'), join(host, 'norikae.json'));
    for (const file of [join(packed.folder, 'config/emulated.json'), join(host, 'norikae.json')]) {
      const { code, output } = await runToEnd(command, ['check-config', file]);
      assert.equal(code, 0, output);
    }
  });

  it('calls native code although no install script has run', async () => {
    // koffi is loaded only for systemd and libbpf; the daemon below does not need it.
    const program = `
      const { default: koffi } = await import('koffi');
      const getpid = koffi.load('libc.so.6').func('int getpid()');
      if (getpid() !== process.pid) throw new Error('getpid() says otherwise');
    `;
    const script = join(packed.folder, 'native.mjs');
    writeFileSync(script, program);
    const { code, output } = await runToEnd(process.execPath, [script]);
    assert.equal(code, 0, output);
  });

  it('runs on the emulated node, serves its page, and stops in order', async () => {
    const port = await freePort();
    const config = join(temporary.path, 'norikae.json');
    const control = join(temporary.path, 'control.sock');
    writeFileSync(config, JSON.stringify(configOf(packed, port, control)));
    const url = `http://127.0.0.1:${port}`;
    const daemon = await start(command, config, url);
    try {
      const status = await runToEnd(command, ['status', '--control', control, '--json']);
      assert.equal(status.code, 0, status.output);
      const { broken, served } = await loadPage(`${url}/`);
      assert.deepEqual(broken, []);
      assert(served > 20, `the page has only ${served} files`);
    } finally {
      assert.equal(await daemon.stop(), 0, daemon.output());
    }
  });
});

function configOf({ folder }: Packed, port: number, control: string): object {
  return {
    node: { adapter: 'emulator', emulator: { seed: 1, vms: 8, slices: ['blue'], load: 0.05 } },
    backend: { adapter: 'emulator', entries: 200, masks: 16 },
    policies: [join(folder, 'policies/default.json')],
    http: { port },
    control: { path: control },
  };
}
