import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { ControlClient } from '../../../cli/client/client.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { eventually } from '../../support/eventually.ts';
import { ownProgram } from '../../support/own-program.ts';

/** Options of {@link DaemonProcess.start}. */
export interface DaemonProcessOptions {
  /** Folder for configuration and control socket. */
  readonly folder: string;
  /** Overrides parts of the configuration, which has an emulated node and HTTP on a free port. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** JavaScript that the process runs before the daemon. */
  readonly preload?: string;
  /** Limit of open file descriptors. */
  readonly descriptors?: number;
}

/** `norikae run` in a process of its own, with a JSON log. */
export class DaemonProcess {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly control: ControlClient;
  #output = '';

  private constructor(child: ChildProcessByStdio<null, Readable, Readable>, socket: string) {
    this.child = child;
    this.control = new ControlClient(socket);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => (this.#output += chunk));
    }
  }

  /** Resolves after the first tick. */
  static async start(options: DaemonProcessOptions): Promise<DaemonProcess> {
    const { folder, config = {}, preload = '', descriptors } = options;
    const socket = join(folder, 'control.sock');
    const file = join(folder, 'norikae.json');
    const settings = {
      node: { adapter: 'emulator' },
      policies: [join(packageRoot(), 'policies/default.json')],
      http: { port: 0 },
      control: { path: socket },
      log: { format: 'json' },
      ...config,
    };
    writeFileSync(file, JSON.stringify(settings));
    const limit = descriptors === undefined ? '' : `ulimit -n ${descriptors}; `;
    const module = `--import=data:text/javascript,${encodeURIComponent(preload)}`;
    const command = [...ownProgram('cli/main'), 'run', '--config', file];
    const child = spawn('sh', ['-c', `${limit}exec "$0" "$@"`, process.execPath, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NOTIFY_SOCKET: '', NODE_OPTIONS: module },
    });
    const daemon = new DaemonProcess(child, socket);
    await eventually('the daemon has a tick', async () => {
      if (child.exitCode !== null) throw new Error(`the daemon has exited:\n${daemon.output}`);
      const status = await daemon.control.status().catch(() => undefined);
      return (status?.tick.sequence ?? 0) > 0;
    });
    return daemon;
  }

  /** Standard output and error so far. */
  get output(): string {
    return this.#output;
  }

  /** The lines of the log so far. */
  get log(): readonly Readonly<Record<string, unknown>>[] {
    return this.#output
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line));
  }

  /** Runs a command of `norikae` in a process of its own; resolves to its output. */
  async command(...args: readonly string[]): Promise<string> {
    const command = [...ownProgram('cli/main'), ...args, '--control', this.control.path];
    const { stdout } = await promisify(execFile)(process.execPath, command, { timeout: 15_000 });
    return stdout;
  }

  /** Port of the HTTP server. */
  get httpPort(): number {
    const url = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(this.#output)?.[1];
    return Number(url);
  }

  /** Resolves to the exit code, or the signal that ended the process. */
  async exited(): Promise<number | string | null> {
    const { child } = this;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child.exitCode ?? child.signalCode;
  }

  /** Kills the process if it runs. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited();
  }
}
