import { join } from 'node:path';
import type { Cleanup } from './cleanup.ts';
import type { ManagedProcess } from './managed-process.ts';
import { Namespace } from './namespace.ts';
import type { NameMaker } from './names.ts';
import { run } from './run.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { untilProcessorsCount } from './uptime.ts';

const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';

/** Datapath of a bridge: in ovs-vswitchd, or the kernel's. */
export type Datapath = 'netdev' | 'system';

/**
 * Network namespace of the host: a new one, or that of this process, for an experiment that needs its devices
 * in this process and does not share the machine.
 */
export type HostNetwork = 'new' | 'shared';

/** A port of the bridge, with its columns in the database. */
export interface PortSettings {
  readonly bridge: string;
  readonly name: string;
  /** `external_ids:norikae:vm` and `external_ids:norikae:slice`, not set when undefined. */
  readonly vm?: string | undefined;
  readonly slice?: string | undefined;
  /** `external_ids:attached-mac`. */
  readonly mac?: string | undefined;
  /** Requested OpenFlow port number. */
  readonly ofport?: number | undefined;
}

/**
 * A private Open vSwitch: ovsdb-server and ovs-vswitchd (userspace datapath) with a run directory
 * under the system's temporary directory.
 *
 * It runs in a separate network namespace, which represents the host: the userspace datapath
 * creates a tap device `ovs-netdev`, of which a namespace can have only one, and the machine's
 * network stays unchanged.
 */
export class OvsInstance {
  /** Directory of sockets, pid files, logs and the database; OVS_RUNDIR of its tools. */
  readonly runDir: string;
  /** The network namespace it runs in. */
  readonly host: Namespace;
  /** The database's unix socket. */
  readonly dbSocket: string;
  /** Environment of its tools and of what talks to them. */
  readonly env: Readonly<Record<string, string>>;
  readonly #options: readonly string[];
  #database: ManagedProcess | undefined;
  #vswitchd: ManagedProcess | undefined;

  private constructor(runDir: string, host: Namespace, options: readonly string[]) {
    this.#options = options;
    this.runDir = runDir;
    this.host = host;
    this.dbSocket = join(runDir, 'db.sock');
    this.env = {
      OVS_RUNDIR: runDir,
      OVS_LOGDIR: runDir,
      OVS_DBDIR: runDir,
      OVS_SYSCONFDIR: runDir,
    };
  }

  /**
   * Creates the run directory and the database, and starts both daemons.
   *
   * @param options additional arguments of ovs-vswitchd, such as `--enable-dummy`
   * @param columns columns of `Open_vSwitch` that ovs-vswitchd reads only when it starts
   * @param network its namespace: a new one, or that of this process
   */
  static async start(
    cleanup: Cleanup,
    names: NameMaker,
    options: readonly string[] = [],
    columns: readonly string[] = [],
    network: HostNetwork = 'new',
  ): Promise<OvsInstance> {
    const runDir = await temporaryFolder(cleanup, names);
    const host =
      network === 'new'
        ? await Namespace.create(cleanup, names, 'h')
        : await Namespace.ofThisProcess(cleanup, names, 'h');
    const ovs = new OvsInstance(runDir, host, options);
    await run('ovsdb-tool', ['create', join(runDir, 'conf.db'), SCHEMA]);
    await ovs.startDatabase();
    await ovs.vsctl('--no-wait', 'init');
    if (columns.length > 0) await ovs.vsctl('--no-wait', 'set', 'Open_vSwitch', '.', ...columns);
    await ovs.startVswitchd();
    return ovs;
  }

  /** Process id of ovs-vswitchd; undefined while it is not running. */
  get vswitchdPid(): number | undefined {
    return this.#vswitchd?.pid;
  }

  /** Starts ovsdb-server; resolves when it answers. */
  async startDatabase(): Promise<void> {
    this.#database = await this.host.spawn(
      'ovsdb-server',
      'ovsdb-server',
      [join(this.runDir, 'conf.db'), `--remote=punix:${this.dbSocket}`, '--pidfile', '--log-file'],
      this.env,
    );
    await this.#retry(() => run('ovsdb-client', ['list-dbs', `unix:${this.dbSocket}`]));
  }

  /** Starts ovs-vswitchd; resolves when it has applied the database. */
  async startVswitchd(): Promise<void> {
    await untilProcessorsCount();
    this.#vswitchd = await this.host.spawn(
      'ovs-vswitchd',
      'ovs-vswitchd',
      [`unix:${this.dbSocket}`, '--pidfile', '--log-file', ...this.#options],
      this.env,
    );
    await this.#retry(() => this.appctl('version'));
    // A transaction that changes nothing is not waited for, so the value differs at each start.
    const started = `external_ids:started=${this.#vswitchd.pid}`;
    await this.vsctl('set', 'Open_vSwitch', '.', started);
  }

  /** Stops ovsdb-server, with SIGTERM or SIGKILL. */
  async stopDatabase(how: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await end(this.#database, how);
    this.#database = undefined;
  }

  /** Stops ovs-vswitchd, with SIGTERM or SIGKILL. */
  async stopVswitchd(how: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await end(this.#vswitchd, how);
    this.#vswitchd = undefined;
  }

  /**
   * Makes the revalidators run five times as often as by default: they update the rules' counters,
   * and `revalidator/wait` waits for them.
   */
  async countSoon(): Promise<void> {
    await this.vsctl('set', 'Open_vSwitch', '.', 'other_config:max-revalidator=100');
  }

  /** Reverts {@link countSoon}. */
  async countAsUsual(): Promise<void> {
    await this.vsctl('remove', 'Open_vSwitch', '.', 'other_config', 'max-revalidator');
  }

  /** Adds a bridge; without `controller` it switches as NORMAL does. */
  async addBridge(name: string, datapath: Datapath = 'netdev'): Promise<void> {
    await this.vsctl('add-br', name, '--', 'set', 'bridge', name, `datapath_type=${datapath}`);
  }

  /** Adds a port and waits until ovs-vswitchd has it. */
  async addPort(port: PortSettings): Promise<void> {
    const ids: readonly (readonly [string, string | undefined])[] = [
      ['norikae:vm', port.vm],
      ['norikae:slice', port.slice],
      ['attached-mac', port.mac],
    ];
    const columns = ids.flatMap(([key, value]) =>
      value === undefined ? [] : [`external_ids:"${key}"="${value}"`],
    );
    if (port.ofport !== undefined) columns.push(`ofport_request=${port.ofport}`);
    const set = columns.length === 0 ? [] : ['--', 'set', 'interface', port.name, ...columns];
    await this.vsctl('add-port', port.bridge, port.name, ...set);
  }

  /** Runs ovs-vsctl on this instance. */
  vsctl(...args: readonly string[]): Promise<string> {
    return this.host.exec(
      'ovs-vsctl',
      [`--db=unix:${this.dbSocket}`, '--timeout=10', ...args],
      this.#tool(),
    );
  }

  /** Runs ovs-ofctl (OpenFlow 1.3) on this instance: `ofctl('add-flow', 'br0', '...')`. */
  ofctl(...args: readonly string[]): Promise<string> {
    return this.host.exec('ovs-ofctl', ['-O', 'OpenFlow13', '--timeout=10', ...args], this.#tool());
  }

  /** Runs ovs-appctl on this instance's ovs-vswitchd. */
  appctl(...args: readonly string[]): Promise<string> {
    return this.host.exec('ovs-appctl', ['--timeout=10', ...args], this.#tool());
  }

  /** `dpctl/dump-flows -m --names`, one flow a line. */
  async dumpFlows(): Promise<readonly string[]> {
    const text = await this.appctl('dpctl/dump-flows', '-m', '--names');
    return text.split('\n').filter((line) => line.startsWith('ufid:'));
  }

  #tool(): { env: Readonly<Record<string, string>>; timeoutMs: number } {
    return { env: this.env, timeoutMs: 15_000 };
  }

  async #retry(attempt: () => Promise<unknown>): Promise<void> {
    const until = performance.now() + 10_000;
    for (;;) {
      try {
        await attempt();
        return;
      } catch (error) {
        if (performance.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}

async function end(process: ManagedProcess | undefined, how: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (how === 'SIGKILL') process?.kill('SIGKILL');
  await process?.stop();
}
