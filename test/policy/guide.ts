import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../cli/program.ts';
import { TestTerminal } from '../support/test-terminal.ts';

/** A fenced block of a guide: info string and text. */
export interface Block {
  readonly info: string;
  readonly text: string;
  readonly line: number;
}

/** The fenced blocks of a Markdown text. */
export function blocksOf(guide: string): Block[] {
  return [...guide.matchAll(/^```(\S.*)\n([^]*?)^```$/gm)].map((m) => ({
    info: m[1],
    text: m[2],
    line: guide.slice(0, m.index).split('\n').length,
  }));
}

/** A temporary directory in which the guide's files are written and its commands run. */
export class Walkthrough {
  readonly #folder = mkdtempSync(join(tmpdir(), `nk-guide-${process.pid}-`));

  write(name: string, text: string): void {
    writeFileSync(join(this.#folder, name), text);
  }

  /** The block with the current output after each `$ norikae ...`. */
  async run(block: Block): Promise<string> {
    const commands = block.text.split('\n').filter((line) => line.startsWith('$ norikae '));
    const parts: string[] = [];
    for (const command of commands) parts.push(`${command}\n${await this.#norikae(command)}`);
    return parts.join('');
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #norikae(command: string): Promise<string> {
    const [, , ...words] = command.split(' ');
    const inFolder = (word: string) => /\.json$|^web-first$/.test(word);
    const argv = words.map((word) => (inFolder(word) ? join(this.#folder, word) : word));
    const [stdout, stderr] = [new TestTerminal(), new TestTerminal()];
    const context = {
      stdout,
      stderr,
      env: {},
      loadDaemon: () => Promise.reject(new Error('the guide runs no daemon')),
      exit: () => {},
      now: () => performance.now(),
    };
    await runProgram(context, argv);
    return `${stdout.text}${stderr.text}`
      .replaceAll(`${this.#folder}/`, '')
      .replaceAll(/ \(\d+ ms\)/g, '');
  }
}
