import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { projectRoot } from '../../support/object.ts';

/** A process that can hold the kernel's network lock (rtnl) of this machine. */
export class NetworkLockHolder {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;

  constructor() {
    const script = `${projectRoot()}/test/adapters/nic/xdp/support/hold-network-lock.ts`;
    this.#child = spawn(process.execPath, ['--import', 'tsx', script], {
      cwd: projectRoot(),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  }

  /** Holds the lock while `task` runs. Rejects where the machine does not allow it (userfaultfd). */
  async whileHeld<T>(task: () => Promise<T>): Promise<T> {
    await this.#command('hold', 'held');
    try {
      return await task();
    } finally {
      await this.#command('release', 'free');
    }
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }

  async #command(command: string, expected: string): Promise<void> {
    const answered = once(this.#child.stdout, 'data');
    this.#child.stdin.write(`${command}\n`);
    const [answer]: unknown[] = await answered;
    if (String(answer).trim() !== expected) throw new Error(`${command}: ${String(answer)}`);
  }
}
