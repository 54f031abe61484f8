import type { Cleanup, Undo } from './cleanup.ts';
import { ManagedProcess } from './managed-process.ts';
import type { NameMaker } from './names.ts';
import { run, runNow } from './run.ts';
import type { RunOptions } from './run.ts';

/** A network namespace for commands: the VM of a test, or its host. */
export class Namespace {
  readonly name: string;
  readonly #cleanup: Cleanup;
  readonly #undo: Undo;

  private constructor(name: string, cleanup: Cleanup) {
    this.name = name;
    this.#cleanup = cleanup;
    this.#undo = {
      name: `network namespace ${name}`,
      undo: () => this.#delete(),
      undoNow: () => runNow('ip', ['netns', 'del', name]),
    };
    cleanup.add(this.#undo);
  }

  /** Creates a namespace with its loopback up; `kind` is one letter of its name. */
  static async create(cleanup: Cleanup, names: NameMaker, kind = 'n'): Promise<Namespace> {
    const name = names.next(kind);
    await run('ip', ['netns', 'add', name]);
    const namespace = new Namespace(name, cleanup);
    await namespace.exec('ip', ['link', 'set', 'lo', 'up']);
    return namespace;
  }

  /** The namespace of this process, under a name for commands until the cleanup. */
  static async ofThisProcess(cleanup: Cleanup, names: NameMaker, kind = 'n'): Promise<Namespace> {
    const name = names.next(kind);
    await run('ip', ['netns', 'attach', name, String(process.pid)]);
    return new Namespace(name, cleanup);
  }

  /** Runs a command in it; see {@link run}. */
  exec(file: string, args: readonly string[], options?: RunOptions): Promise<string> {
    return run('ip', ['netns', 'exec', this.name, file, ...args], options);
  }

  /** Starts a process in it; the pid is the process's own, since `ip netns exec` execs. */
  spawn(
    name: string,
    file: string,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<ManagedProcess> {
    const all = ['netns', 'exec', this.name, file, ...args];
    return ManagedProcess.start(this.#cleanup, name, 'ip', all, env);
  }

  /** Deletes it with its veth devices and their peers. */
  async delete(): Promise<void> {
    this.#cleanup.remove(this.#undo);
    await this.#delete();
  }

  async #delete(): Promise<void> {
    try {
      await run('ip', ['netns', 'del', this.name]);
    } catch (error) {
      const present = await run('ip', ['netns', 'list']);
      if (present.split('\n').some((line) => line.split(' ')[0] === this.name)) throw error;
    }
  }
}
