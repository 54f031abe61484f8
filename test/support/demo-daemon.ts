import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlClient } from '../../cli/client/client.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { ownProgram } from './own-program.ts';

/** Maximum times for a daemon to place its first flows, and to exit, ms. */
const START_MS = 20_000;
const STOP_MS = 8_000;

/** A daemon on the emulated node in a child process, as `npm start` runs it. */
export interface DemoDaemon {
  readonly url: string;
  readonly control: ControlClient;
  stop(): Promise<void>;
}

/** Starts a daemon in `folder` and waits until it has placed flows. */
export async function startDemoDaemon(folder: string, port: number): Promise<DemoDaemon> {
  const file = join(folder, 'norikae.json');
  const socket = join(folder, 'control.sock');
  const policy = join(folder, 'policy.json');
  writeFileSync(policy, JSON.stringify({ ...defaultPolicy(), slices: SLICES }));
  writeFileSync(file, JSON.stringify(configOf(port, socket, policy)));
  const args = [...ownProgram('cli/main'), 'run', '--config', file];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NOTIFY_SOCKET: '' },
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await Promise.race([ended, sleep(STOP_MS, undefined, { ref: false })]);
      if (child.exitCode === null) child.kill('SIGKILL');
    }
  };
  const control = new ControlClient(socket);
  const untilMs = performance.now() + START_MS;
  for (;;) {
    const status = await control.status().catch(() => undefined);
    if ((status?.flows.offload ?? 0) > 0) break;
    if (child.exitCode !== null || performance.now() > untilMs) {
      await stop();
      throw new Error(`the daemon does not place flows (exit code ${child.exitCode}): ${errors}`);
    }
    await sleep(100);
  }
  return { url: `http://127.0.0.1:${port}/`, control, stop };
}

/** Declared slices besides those of ports: one with limits, one without. */
const SLICES = {
  gold: { members: [{ port: 'vm3' }], weight: 2, guaranteed: '25%', maximum: '60%' },
  plain: { members: [{ port: 'vm0' }] },
};

function defaultPolicy(): object {
  const text = readFileSync(join(packageRoot(), 'policies', 'default.json'), 'utf8');
  const policy: unknown = JSON.parse(text);
  if (typeof policy !== 'object' || policy === null) throw new Error('default.json is no policy');
  return policy;
}

function configOf(port: number, socket: string, policy: string): object {
  return {
    node: {
      adapter: 'emulator',
      emulator: { seed: 1, vms: 16, slices: ['blue', 'green', 'red', 'gold'], load: 0.05 },
    },
    backend: { adapter: 'emulator', entries: 200, masks: 16 },
    policies: [policy],
    http: { port },
    control: { path: socket },
  };
}
