import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { projectRoot } from './object.ts';

/** Part of a daemon in a process of its own, which can be killed as a crash would. */
export class OtherDaemon {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exit = once(child, 'exit');
  }

  /**
   * Runs the text of a module in a process that then stays; resolves when the module has run.
   *
   * @param script imports from paths relative to the package, and uses `given`
   * @param given is passed as JSON; members named `value` or `mask` become bytes again
   */
  static async start(script: string, given: unknown): Promise<OtherDaemon> {
    const module = `
      const given = JSON.parse(process.argv.at(-1), (key, value) =>
        key === 'value' || key === 'mask' ? Uint8Array.from(Object.values(value)) : value);
      ${script}
      console.log('ready');
      setInterval(() => undefined, 1000);`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', module, '--'];
    const child = spawn(process.execPath, [...args, JSON.stringify(given)], {
      cwd: projectRoot(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const other = new OtherDaemon(child);
    await Promise.race([once(child.stdout, 'data'), other.#exit]);
    return other;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }
}
