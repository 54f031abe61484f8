import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ControlClient } from '../../cli/client/client.ts';
import { parseFlowQuery } from '../../api/flow-query.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { eventually } from '../support/eventually.ts';
import { ownProgram } from '../support/own-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Makes a process report on SIGUSR2 whether it has loaded json-rules-engine. */
const WITNESS = `
  import { writeSync } from 'node:fs';
  import { createRequire } from 'node:module';
  const { cache } = createRequire('${import.meta.url}');
  process.on('SIGUSR2', () => {
    const loaded = Object.keys(cache).some((file) => file.includes('/json-rules-engine/'));
    writeSync(2, loaded ? 'WITNESS loaded' : 'WITNESS absent');
  });`;

/** Maximum wait for a daemon's first ticks, ms. */
const START_MS = 20_000;

describe('json-rules-engine in a daemon', function () {
  this.timeout(2 * START_MS);
  let folder: ReturnType<typeof temporaryFolder>;
  let child: ChildProcessByStdio<null, null, Readable> | undefined;

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(async () => {
    if (child !== undefined && child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    folder.remove();
  });

  async function start(policy: string) {
    const socket = join(folder.path, 'control.sock');
    const config = join(folder.path, 'norikae.json');
    writeFileSync(
      config,
      JSON.stringify({
        node: { adapter: 'emulator' },
        policies: [join(packageRoot(), 'policies', policy)],
        http: { enabled: false },
        control: { path: socket },
      }),
    );
    const witness = `data:text/javascript,${encodeURIComponent(WITNESS)}`;
    const args = ['--import', witness, ...ownProgram('cli/main'), 'run', '--config', config];
    const daemon = spawn(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, NOTIFY_SOCKET: '' },
    });
    child = daemon;
    let said = '';
    daemon.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const control = new ControlClient(socket);
    const placesFlows = async (): Promise<boolean> => {
      assert.equal(daemon.exitCode, null, said);
      const status = await control.status().catch(() => undefined);
      return (status?.tick.sequence ?? 0) > 3;
    };
    await eventually('it has had some ticks', placesFlows, START_MS);
    const loaded = async (): Promise<boolean> => {
      said = '';
      daemon.kill('SIGUSR2');
      await eventually('it says so', () => said.includes('WITNESS'));
      return said.includes('WITNESS loaded');
    };
    return { control, loaded };
  }

  it('is not loaded if all rules are compiled, nor by a why', async () => {
    const { control, loaded } = await start('default.json');
    assert.equal(await loaded(), false);
    const { flows } = await control.flows(parseFlowQuery(new URLSearchParams({ limit: '1' })));
    assert.equal((await control.why(flows[0].id)).found, true);
    assert.equal(await loaded(), false);
  });

  it('is loaded if a policy has node rules', async () => {
    const { loaded } = await start('cpu-pressure.json');
    assert.equal(await loaded(), true);
  });
});
