import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const LANE = fileURLToPath(new URL('../../lab/kernel/lane/on-host.js', import.meta.url));
const MOCHA = 'node_modules/mocha/bin/mocha.js';

/** Runs a test file with mocha on a kernel of the lab; resolves to its status and what it printed. */
export function runInGuest(
  kernel: 'release' | 'backports',
  file: URL,
): Promise<{ readonly status: number | null; readonly text: string }> {
  const args = [kernel, MOCHA, '--no-config', fileURLToPath(file)];
  const lane = fork(LANE, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let text = '';
  const take = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  lane.stdout?.on('data', take);
  lane.stderr?.on('data', take);
  return new Promise((resolve, reject) => {
    lane.once('error', reject);
    lane.once('close', (status) => resolve({ status, text }));
  });
}
