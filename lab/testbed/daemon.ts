import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlClient } from '../../cli/client/client.ts';
import type { FlowView } from '../../api/flow-views.ts';
import type { StatusView } from '../../api/status-view.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { type ManagedProcess, ProcessTrouble } from './managed-process.ts';
import type { TestNode } from './node.ts';
import { run } from './run.ts';
import { waitFor, type WaitOptions } from './wait.ts';
import { errorMessage } from '../../text/error-message.ts';

/** Settings of a daemon that differ from the default configuration. */
export interface DaemonSettings {
  readonly backend?: Readonly<Record<string, unknown>>;
  /** The vSwitch: `node.ovs`. */
  readonly ovs?: Readonly<Record<string, unknown>>;
  /** The node's OpenFlow switch; default: none. */
  readonly fastPath?: Readonly<Record<string, unknown>>;
  /** Connections that are placed one by one; default: none. */
  readonly connections?: Readonly<Record<string, unknown>>;
  readonly poll?: Readonly<Record<string, unknown>>;
  readonly planner?: Readonly<Record<string, unknown>>;
  /** On the loopback of the host's namespace; default: off. */
  readonly http?: Readonly<Record<string, unknown>>;
  /** Other sections of the configuration, by name. */
  readonly sections?: Readonly<Record<string, unknown>>;
  /** Paths of policy files; default: the shipped default policy. */
  readonly policies?: readonly string[];
  readonly onExit?: 'withdraw' | 'keep';
  /** The capabilities that the daemon has, such as `net_admin`; default: all of root's. */
  readonly capabilities?: readonly string[];
  /** How long the first fresh tick may take, and how often it is asked for; default 20 s, 50 ms. */
  readonly ready?: WaitOptions;
}

/** A line of the daemon's structured log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

const READY_MS = 20_000;
const MAX_FLOWS = 10_000;

/** The daemon on a node, started with `norikae run`. */
export class NorikaeDaemon {
  readonly process: ManagedProcess;
  readonly control: ControlClient;
  readonly configFile: string;

  private constructor(process: ManagedProcess, control: ControlClient, configFile: string) {
    this.process = process;
    this.control = control;
    this.configFile = configFile;
  }

  /**
   * Writes a configuration for the node, starts the daemon with it, and waits for its first tick.
   */
  static async start(
    node: Pick<TestNode, 'ovs' | 'pinPath'>,
    settings: DaemonSettings = {},
  ): Promise<NorikaeDaemon> {
    const { runDir, dbSocket, host } = node.ovs;
    const socket = join(runDir, 'norikae.sock');
    const config = {
      node: { adapter: 'ovs', ovs: { runDir, database: dbSocket, ...settings.ovs } },
      backend: { pinPath: node.pinPath, ...settings.backend },
      ...(settings.fastPath === undefined ? {} : { fastPath: settings.fastPath }),
      ...(settings.connections === undefined ? {} : { connections: settings.connections }),
      poll: { periodMs: 100, ...settings.poll },
      planner: { ...settings.planner },
      policies: settings.policies ?? [join(packageRoot(), 'policies', 'default.json')],
      onExit: settings.onExit ?? 'withdraw',
      http: settings.http ?? { enabled: false },
      control: { path: socket },
      log: { format: 'json', level: 'debug' },
      ...settings.sections,
    };
    const file = join(runDir, 'norikae.json');
    await writeFile(file, `${JSON.stringify(config, undefined, 2)}\n`);
    const command = [process.execPath, commandLine(), 'run', '--config', file];
    const [program, ...args] = [...limitedTo(settings.capabilities), ...command];
    const started = await host.spawn('norikae', program, args);
    const daemon = new NorikaeDaemon(started, new ControlClient(socket), file);
    try {
      await daemon.#ready(settings.ready ?? { timeoutMs: READY_MS });
    } catch (error) {
      // A later daemon on the node would find its control socket taken.
      await daemon.kill();
      throw error;
    }
    return daemon;
  }

  /** Every flow of the last tick. */
  async flows(): Promise<readonly FlowView[]> {
    return (await this.control.flows({ sort: 'rate', limit: MAX_FLOWS, words: [] })).flows;
  }

  /** Runs another `norikae` command; resolves to its output. */
  command(...args: readonly string[]): Promise<string> {
    const socket = ['--control', this.control.path];
    return run(process.execPath, [commandLine(), ...args, ...socket], { timeoutMs: 15_000 });
  }

  /**
   * Calls `listener` with every later structured log line; the returned function unsubscribes it.
   */
  onLog(listener: (line: LogLine) => void): () => void {
    return this.process.onLine((text) => {
      const line = parseLogLine(text);
      if (line !== undefined) listener(line);
    });
  }

  /** Resolves to the first flow for which `test` holds; polls every `everyMs`. */
  waitForFlow(
    what: string,
    test: (flow: FlowView) => boolean,
    timeoutMs: number,
    everyMs = 50,
  ): Promise<FlowView> {
    const look = async () => (await this.flows()).find(test);
    return waitFor(what, look, { timeoutMs, everyMs });
  }

  /**
   * Resolves after a tick whose reading of the flows began after this call: the one after the tick
   * in progress.
   */
  async readAgain(timeoutMs: number): Promise<void> {
    const { sequence } = (await this.control.status()).tick;
    const isRead = async () => {
      const { tick } = await this.control.status();
      return tick.fresh && tick.sequence > sequence + 1 ? true : undefined;
    };
    await waitFor('the flows are read again', isRead, { timeoutMs });
  }

  /** Stops it as systemd does; resolves to its exit code. */
  async stop(): Promise<number | undefined> {
    return (await this.process.stop(10_000)).code;
  }

  /** Kills it, as a crash would. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.exited;
  }

  async #ready(options: WaitOptions): Promise<void> {
    let upAt: number | undefined;
    const look = async (): Promise<StatusView | undefined> => {
      if (this.process.exit !== undefined) return undefined;
      const status = await this.control.status();
      const { tick, backends, pid } = status;
      if (pid !== this.process.pid || !tick.fresh) return undefined;
      if (!backends.every((backend) => backend.started)) return undefined;
      // The current tick may be from before the last backend was ready.
      upAt ??= tick.sequence;
      return tick.sequence > upAt ? status : undefined;
    };
    const ended = this.process.exited.then(() => {
      throw new ProcessTrouble(`norikae ended before it was ready:\n${this.process.tail()}`);
    });
    const ready = waitFor('the daemon has a fresh tick', look, options);
    try {
      await Promise.race([ready, ended]);
    } catch (error) {
      const said = errorMessage(error);
      throw new ProcessTrouble(`${said}\n${this.process.tail()}`, { cause: error });
    } finally {
      // The promise that loses the race rejects later, without a handler.
      ended.catch(() => undefined);
      ready.catch(() => undefined);
    }
  }
}

/** The command that runs another one with no more than these capabilities. */
function limitedTo(capabilities: readonly string[] | undefined): readonly string[] {
  if (capabilities === undefined) return [];
  const bounding = ['-all', ...capabilities.map((name) => `+${name}`)].join(',');
  return ['setpriv', '--no-new-privs', '--inh-caps=-all', `--bounding-set=${bounding}`];
}

/** Path of the compiled command line. */
function commandLine(): string {
  return join(packageRoot(), 'dist', 'cli', 'main.js');
}

function parseLogLine(text: string): LogLine | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const line: unknown = JSON.parse(text);
    return isLogLine(line) ? line : undefined;
  } catch {
    return undefined;
  }
}

function isLogLine(value: unknown): value is LogLine {
  return (
    typeof value === 'object' && value !== null && 'msg' in value && typeof value.msg === 'string'
  );
}
