import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './eventually.ts';

/** A program in a pseudo-terminal, which util-linux's `script` makes. */
export class PseudoTerminal {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown>;
  #output = '';

  /** @param command for the shell of the terminal */
  constructor(command: string, { columns = 80, rows = 24, env = process.env } = {}) {
    const sized = `stty cols ${columns} rows ${rows} && exec ${command}`;
    this.#child = spawn('script', ['-q', '-e', '-f', '-c', sized, '/dev/null'], {
      env: { ...env, TERM: 'xterm' },
    });
    this.#child.stdout.setEncoding('utf8');
    this.#child.stdout.on('data', (text: string) => (this.#output += text));
    // Keys for a program that has ended.
    this.#child.stdin.on('error', () => undefined);
    this.#ended = once(this.#child, 'exit');
  }

  /** All output since the start or the last `forget`. */
  get output(): string {
    return this.#output;
  }

  forget(): void {
    this.#output = '';
  }

  press(keys: string): void {
    this.#child.stdin.write(keys);
  }

  /** Waits for output; the error shows what there was instead. */
  async shows(what: string, holds: (output: string) => boolean): Promise<void> {
    try {
      await eventually(what, () => holds(this.#output));
    } catch (error) {
      throw new Error(`${what}; the terminal has:\n${this.#output}`, { cause: error });
    }
  }

  /** Exit code of the program. */
  async exit(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  /** Closes the terminal, which ends the program with SIGHUP if it still runs. */
  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await this.#ended;
    }
  }
}
