import { readFileSync, rmdirSync } from 'node:fs';
import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cleanup } from '../../testbed/cleanup.ts';
import { waitFor } from '../../testbed/wait.ts';

/** Until a thread of the kernel that was just made has run, beside other work, ms. */
const ADD_MS = 5_000;

/** There is no file system of control groups, version 2. */
export class NoControlGroups extends Error {
  override readonly name = 'NoControlGroups';

  constructor() {
    super('no control groups of version 2 are mounted: mount -t cgroup2 none /sys/fs/cgroup');
  }
}

/** Measures the CPU time of a group of processes: a control group (Documentation/admin-guide/cgroup-v2.rst). */
export class ProcessGroup {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Creates the group; the cleanup removes it, after its processes have ended.
   *
   * @throws {NoControlGroups}
   */
  static async create(cleanup: Cleanup, name: string): Promise<ProcessGroup> {
    const folder = join(controlGroups(), name);
    await mkdir(folder);
    cleanup.add({
      name: `control group ${name}`,
      undo: () => rmdir(folder),
      undoNow: () => rmdirSync(folder),
    });
    return new ProcessGroup(folder);
  }

  /**
   * Adds a process with its threads; what it has used before does not count. A thread of the kernel is refused
   * (EINVAL) until it has run.
   *
   * @throws {NotInTime}
   */
  async add(pid: number): Promise<void> {
    const write = async (): Promise<true> => {
      await writeFile(join(this.#folder, 'cgroup.procs'), String(pid));
      return true;
    };
    await waitFor(`process ${pid} is in ${this.#folder}`, write, { timeoutMs: ADD_MS });
  }

  /** Lets all other processes go first; the root group must have the controller `cpu` enabled. */
  async goLast(): Promise<void> {
    await writeFile(join(this.#folder, 'cpu.weight'), '1');
  }

  /** CPU time of its processes so far, ended ones included, seconds. */
  usedSeconds(): number {
    const text = readFileSync(join(this.#folder, 'cpu.stat'), 'latin1');
    return Number(/^usage_usec (\d+)$/m.exec(text)?.[1] ?? 0) / 1e6;
  }
}

/** Where the file system of control groups is mounted. @throws {NoControlGroups} */
export function controlGroups(): string {
  const mounts = readFileSync('/proc/mounts', 'latin1')
    .split('\n')
    .map((l) => l.split(' '));
  const found = mounts.find(([, , type]) => type === 'cgroup2')?.[1];
  if (found === undefined) throw new NoControlGroups();
  return found;
}
