import { spawn } from 'node:child_process';
import { errorMessage } from '../../text/error-message.ts';
import { TcUnusable } from './errors.ts';

/** Output that is kept of one run, bytes; 4,096 filters take 4 MB. */
const MAX_OUTPUT = 16 * 1024 * 1024;

/** Runs tc(8). */
export interface Tc {
  /**
   * Carries out commands in order; a failed one does not stop the next. Resolves to the error of each
   * command, or undefined.
   *
   * @throws {TcUnusable}
   */
  batch(commands: readonly string[]): Promise<readonly (string | undefined)[]>;
  /** Output of a command. @throws {TcUnusable} */
  show(args: readonly string[]): Promise<string>;
}

/** tc as a child process: one for each batch. */
export class TcProgram implements Tc {
  readonly #timeoutMs: number;
  readonly #program: string;

  /** @param timeoutMs longest time of one run */
  constructor(timeoutMs: number, program = 'tc') {
    this.#timeoutMs = timeoutMs;
    this.#program = program;
  }

  async batch(commands: readonly string[]): Promise<readonly (string | undefined)[]> {
    if (commands.length === 0) return [];
    const input = `${commands.join('\n')}\n`;
    const { stderr } = await this.#run(['-force', '-batch', '-'], input);
    return batchErrors(stderr, commands.length);
  }

  async show(args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.#run(args, '');
    if (status !== 0) throw new TcUnusable(`${args.join(' ')}: ${stderr.trim().slice(0, 200)}`);
    return stdout;
  }

  #run(args: readonly string[], input: string): Promise<Run> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.#program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
      const stdout = new Collected();
      const stderr = new Collected();
      const fail = (detail: string): void => {
        clearTimeout(timer);
        child.kill('SIGKILL');
        reject(new TcUnusable(detail));
      };
      const timer = setTimeout(
        () => fail(`${args.join(' ')} did not end within ${this.#timeoutMs} ms`),
        this.#timeoutMs,
      );
      child.stdout.on('data', (chunk: Buffer) => stdout.add(chunk));
      child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk));
      child.once('error', (error) => fail(errorMessage(error)));
      // A tc that ends early closes its input; the exit status says why.
      child.stdin.on('error', () => {});
      child.once('close', (status) => {
        clearTimeout(timer);
        resolve({ status, stdout: stdout.text, stderr: stderr.text });
      });
      child.stdin.end(input);
    });
  }
}

interface Run {
  /** Null: a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Collects output up to a limit. */
class Collected {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  add(chunk: Buffer): void {
    if (this.#bytes >= MAX_OUTPUT) return;
    this.#bytes += chunk.length;
    this.#chunks.push(chunk);
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

/**
 * The error of each command of a batch. tc prints the error, then `Command failed -:LINE`; what it
 * prints without that is no failure.
 */
export function batchErrors(stderr: string, commands: number): (string | undefined)[] {
  const errors: (string | undefined)[] = Array.from({ length: commands }, () => undefined);
  let words: string[] = [];
  for (const line of stderr.split('\n')) {
    const failed = /^Command failed -:(\d+)$/.exec(line.trim());
    if (failed === null) {
      if (line.trim() !== '') words.push(line.trim());
      continue;
    }
    const at = Number(failed[1]) - 1;
    if (at < commands) errors[at] = words.join(' ') || 'failed';
    words = [];
  }
  return errors;
}
