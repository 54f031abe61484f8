import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../testbed/run.ts';
import {
  ARCHIVE_KEYS,
  backportsOf,
  INDEX_TARGET_FORMAT,
  parseIndexTargets,
  privateSources,
} from './sources.ts';

/** This machine is no Debian on amd64, so that there are no packages for it. */
export class NotDebian extends Error {
  override readonly name = 'NotDebian';
}

/** apt has no package of a name, or it has an unexpected form. */
export class PackageNotFound extends Error {
  override readonly name = 'PackageNotFound';

  constructor(name: string, problem: string) {
    super(`the Debian package ${name} ${problem}`);
  }
}

const UPDATE_MS = 3 * 60_000;
const DOWNLOAD_MS = 10 * 60_000;

/**
 * An apt with lists, sources and archives of its own: it downloads packages, which apt verifies by
 * Debian's signatures, and neither changes nor reads what the machine's apt has fetched. It knows
 * which packages are installed. It needs no root.
 */
export class PrivateApt {
  readonly #folder: string;
  readonly #codename: string;

  private constructor(folder: string, codename: string) {
    this.#folder = folder;
    this.#codename = codename;
  }

  /**
   * Writes the configuration to a folder, which must not exist, and fetches the lists of packages.
   *
   * @throws {NotDebian}
   * @throws {NoDebianSource}
   * @throws {CommandFailed} when a list cannot be fetched or verified
   */
  static async create(folder: string): Promise<PrivateApt> {
    const codename = await debianCodename();
    await mkdir(join(folder, 'lists', 'partial'), { recursive: true });
    await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
    const targets = await run('apt-get', [
      // Also where the machine has no lists yet.
      '--no-release-info',
      'indextargets',
      '--format',
      INDEX_TARGET_FORMAT,
    ]);
    const sources = privateSources(parseIndexTargets(targets), codename);
    await writeFile(join(folder, 'debian.sources'), sources);
    await writeFile(join(folder, 'apt.conf'), configuration(folder));
    const apt = new PrivateApt(folder, codename);
    await apt.#run('apt-get', ['-q', 'update', '--error-on=any'], UPDATE_MS);
    return apt;
  }

  /**
   * The name of the package that a metapackage depends on: `linux-image-6.1.0-9-amd64` for
   * `linux-image-amd64`.
   *
   * @param from backports, or the release with its updates
   * @throws {PackageNotFound}
   */
  async dependencyOf(metapackage: string, from: 'release' | 'backports'): Promise<string> {
    const show = ['show', '--no-all-versions', metapackage];
    const text = await this.#run('apt-cache', [...this.#target(from), ...show], 30_000);
    const name = /^Depends: ([a-z0-9.+-]+)/m.exec(text)?.[1];
    if (name === undefined) throw new PackageNotFound(metapackage, 'depends on no package');
    return name;
  }

  /**
   * Downloads packages without their dependencies to a new folder.
   *
   * @returns paths of the `.deb` files
   */
  async download(packages: readonly string[], into: string): Promise<readonly string[]> {
    await mkdir(into);
    await this.#run('apt-get', ['-q', 'download', ...packages], DOWNLOAD_MS, into);
    return debsIn(into);
  }

  /**
   * Downloads a package of backports with those of its dependencies that are not installed here.
   *
   * @returns paths of the `.deb` files, valid until the next call
   */
  async downloadWithDependencies(name: string): Promise<readonly string[]> {
    const archives = join(this.#folder, 'cache', 'archives');
    for (const deb of await debsIn(archives)) await rm(deb);
    const install = ['-q', '-y', '--download-only', ...this.#target('backports'), 'install', name];
    await this.#run('apt-get', install, DOWNLOAD_MS);
    return debsIn(archives);
  }

  #target(from: 'release' | 'backports'): readonly string[] {
    return from === 'release' ? [] : ['-t', backportsOf(this.#codename)];
  }

  #run(program: string, args: readonly string[], timeoutMs: number, cwd?: string): Promise<string> {
    const options = { timeoutMs, env: { LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' } };
    const config = ['-c', join(this.#folder, 'apt.conf')];
    return run(program, [...config, ...args], cwd === undefined ? options : { ...options, cwd });
  }
}

/** Takes the place of the machine's lists, archives, sources, pins and hooks. */
function configuration(folder: string): string {
  return `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State::lists "${folder}/lists";
Dir::Cache "${folder}/cache";
Dir::Cache::archives "archives";
Dir::Etc::sourcelist "${folder}/debian.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
APT::Keep-Downloaded-Packages "true";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
`;
}

async function debianCodename(): Promise<string> {
  if (process.arch !== 'x64') throw new NotDebian(`there is no lab for ${process.arch}`);
  if (!existsSync('/usr/bin/apt-get')) throw new NotDebian('there is no apt-get');
  if (!existsSync(ARCHIVE_KEYS)) {
    throw new NotDebian(`${ARCHIVE_KEYS} is missing: install debian-archive-keyring`);
  }
  const fields = await readFile('/etc/os-release', 'utf8');
  const codename = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(fields)?.[1];
  if (!/^ID="?debian"?$/m.test(fields) || codename === undefined) {
    throw new NotDebian('/etc/os-release names no release of Debian');
  }
  return codename;
}

async function debsIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  return names.filter((name) => name.endsWith('.deb')).map((name) => join(folder, name));
}
