import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { run } from '../../lab/testbed/run.ts';
import { eventually } from './eventually.ts';

/** After this time the file system fails by itself, so that a test that it blocks ends. Unit: s. */
const LIMIT_S = 60;
const OPTIONS = 'fd=3,rootmode=40000,user_id=0,group_id=0';

/**
 * A file system that does not answer, like NFS without its server: FUSE without a program that serves
 * it. Needs `root` and `fuse`.
 */
export class HungFileSystem {
  readonly #folder: string;
  readonly #holder: ChildProcess;

  private constructor(folder: string, holder: ChildProcess) {
    this.#folder = folder;
    this.#holder = holder;
  }

  /** Mounts it over a folder, whose files are hidden until it is unmounted. */
  static async mount(folder: string): Promise<HungFileSystem> {
    // The file system ends with the last process that has the device open.
    const device = openSync('/dev/fuse', 'r+');
    const script = 'mount -i -t fuse hung "$0" -o "$1" && echo mounted && exec sleep "$2"';
    const holder = spawn('sh', ['-c', script, folder, OPTIONS, String(LIMIT_S)], {
      stdio: ['ignore', 'pipe', 'inherit', device],
    });
    closeSync(device);
    let isMounted = false;
    holder.stdout?.once('data', () => (isMounted = true));
    const hasEnded = (): boolean => holder.exitCode !== null || holder.signalCode !== null;
    await eventually('the file system is mounted', () => isMounted || hasEnded());
    if (!isMounted) throw new Error(`cannot mount FUSE at ${folder}`);
    return new HungFileSystem(folder, holder);
  }

  /** Ends all calls that wait for it, with an error. Does nothing when it has already ended. */
  async unmount(): Promise<void> {
    const { exitCode, signalCode } = this.#holder;
    if (exitCode === null && signalCode === null) {
      const exit = once(this.#holder, 'exit');
      this.#holder.kill('SIGKILL');
      await exit;
    }
    await run('umount', ['-l', this.#folder]).catch(() => undefined);
  }
}
