import { join } from 'node:path';
import type { Cleanup } from '../testbed/cleanup.ts';
import { Namespace } from '../testbed/namespace.ts';
import type { NameMaker } from '../testbed/names.ts';
import { run } from '../testbed/run.ts';
import { temporaryFolder } from '../testbed/temporary-folder.ts';
import { waitFor } from '../testbed/wait.ts';

/** Debian's folder of OVN's schemas. */
const SCHEMAS = '/usr/share/ovn';
const START_MS = 15_000;
/** `ovn-nbctl` waits until every chassis has applied the change. */
const SYNC_SECONDS = 30;

/** OVN's central parts: the northbound and southbound databases and ovn-northd. */
export class OvnCentral {
  /** The databases' sockets, as tools and controllers take them. */
  readonly northbound: string;
  readonly southbound: string;
  readonly #where: Namespace;
  readonly #folder: string;

  private constructor(folder: string, where: Namespace) {
    this.#folder = folder;
    this.#where = where;
    this.northbound = `unix:${join(folder, 'nb.sock')}`;
    this.southbound = `unix:${join(folder, 'sb.sock')}`;
  }

  /** Creates empty databases in a temporary folder, and starts their servers and ovn-northd. */
  static async start(cleanup: Cleanup, names: NameMaker): Promise<OvnCentral> {
    const folder = await temporaryFolder(cleanup, names);
    const where = await Namespace.create(cleanup, names, 'c');
    const central = new OvnCentral(folder, where);
    await central.#startDatabase('nb');
    await central.#startDatabase('sb');
    await where.spawn(
      'ovn-northd',
      'ovn-northd',
      [
        `--ovnnb-db=${central.northbound}`,
        `--ovnsb-db=${central.southbound}`,
        `--pidfile=${join(folder, 'northd.pid')}`,
        `--unixctl=${join(folder, 'northd.ctl')}`,
        `--log-file=${join(folder, 'northd.log')}`,
        '-vconsole:off',
      ],
      { OVN_RUNDIR: folder },
    );
    return central;
  }

  /** Runs commands of ovn-nbctl in one transaction, each with its options first. */
  async nbctl(...commands: readonly (readonly string[])[]): Promise<void> {
    if (commands.length === 0) return;
    const args = commands.flatMap((command) => ['--', ...command]);
    await run('ovn-nbctl', [`--db=${this.northbound}`, '--timeout=15', ...args]);
  }

  /** Resolves when every chassis has applied what the northbound database says. */
  async settled(): Promise<void> {
    const args = [`--db=${this.northbound}`, `--timeout=${SYNC_SECONDS}`, '--wait=hv', 'sync'];
    await run('ovn-nbctl', args, { timeoutMs: (SYNC_SECONDS + 5) * 1_000 });
  }

  async #startDatabase(name: 'nb' | 'sb'): Promise<void> {
    const file = join(this.#folder, `${name}.db`);
    const socket = join(this.#folder, `${name}.sock`);
    await run('ovsdb-tool', ['create', file, join(SCHEMAS, `ovn-${name}.ovsschema`)]);
    await this.#where.spawn(`ovsdb-server ${name}`, 'ovsdb-server', [
      file,
      `--remote=punix:${socket}`,
      `--pidfile=${join(this.#folder, `${name}.pid`)}`,
      `--unixctl=${join(this.#folder, `${name}.ctl`)}`,
      '-vconsole:off',
    ]);
    await waitFor(
      `the ${name} database answers`,
      () => run('ovsdb-client', ['list-dbs', `unix:${socket}`]),
      { timeoutMs: START_MS },
    );
  }
}
