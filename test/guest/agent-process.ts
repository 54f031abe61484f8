import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { monotonicMs } from '../../async/monotonic.ts';
import type { ByteChannel, ByteReceiver } from '../../protocols/guest-channel/host/channel.ts';
import { openSession } from '../../protocols/guest-channel/host/handshake.ts';
import type { HostSession } from '../../protocols/guest-channel/host/host-session.ts';

/**
 * The agent as a process, with its guardian, on a machine whose `tc` only writes down what it is
 * asked to do. The channel is the agent's standard input and output.
 */
export class AgentProcess implements ByteChannel {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #log: string;
  readonly exited: Promise<number | NodeJS.Signals | null>;
  /** What the agent has written to standard error. */
  errors = '';

  /** @param folder for the log of tc */
  constructor(folder: string, path = process.env.PATH ?? '') {
    this.#log = join(folder, 'tc.log');
    writeFileSync(this.#log, '', { flag: 'a' });
    const tc = join(folder, 'tc');
    const script = `#!/bin/sh\ncase "$*" in *show*) echo '[]';; *) cat >> '${this.#log}';; esac\n`;
    writeFileSync(tc, script, { mode: 0o755 });
    const main = fileURLToPath(new URL('../../guest/main.js', import.meta.url));
    this.#child = spawn(process.execPath, [main, '--stdio'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${folder}:${path}` },
    });
    this.#child.stderr.on('data', (text: Buffer) => {
      this.errors += text.toString();
    });
    this.#child.stdin.on('error', () => {});
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve(code ?? signal));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Commands that tc was given since the last call. */
  takeCommands(): string[] {
    const commands = readFileSync(this.#log, 'utf8').split('\n').filter(Boolean);
    writeFileSync(this.#log, '');
    return commands;
  }

  commands(): string[] {
    return readFileSync(this.#log, 'utf8').split('\n').filter(Boolean);
  }

  session(): Promise<HostSession> {
    const options = { guest: 'vm1', timeoutMs: 9_000, nowMs: monotonicMs };
    return openSession(this, options, new AbortController().signal);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  listen(receiver: ByteReceiver): void {
    this.#child.stdout.on('data', (chunk: Buffer) => receiver.bytes(chunk));
  }

  send(text: string): boolean {
    this.#child.stdin.write(text);
    return true;
  }

  close(): void {
    this.#child.stdin.end();
    this.#child.stdout.destroy();
  }
}
