import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorMessage } from '../../text/error-message.ts';
import { cacheFolder, type LabKernel, LabMissing } from '../kernel/cache.ts';
import { PackageNotFound, PrivateApt } from '../kernel/debian/private-apt.ts';
import { unpackChosen, unpackPackages } from '../kernel/debian/unpack.ts';
import { run } from '../testbed/run.ts';

/** Debian no longer has the headers of a kernel in the cache, or cannot be reached. */
export class HeadersNotFound extends Error {
  override readonly name = 'HeadersNotFound';

  constructor(version: string, cause: unknown) {
    super(
      `no headers of kernel ${version}: ${errorMessage(cause)}; if Debian has replaced this kernel, ` +
        `delete ${cacheFolder()}, and npm run setup downloads the newer one`,
      { cause },
    );
  }
}

/** Folder in the cache for what Debian's packages with the headers of a kernel contain. */
function unpackedFolder(version: string): string {
  return join(cacheFolder(), `headers-${version}`);
}

/**
 * Folder that `make -C` builds modules of a kernel in.
 *
 * @throws {LabMissing}
 */
export function findHeaders(version: string): string {
  const folder = join(unpackedFolder(version), 'usr', 'src', `linux-headers-${version}`);
  if (!existsSync(folder)) throw new LabMissing(`headers of kernel ${version}`);
  return folder;
}

/**
 * Downloads the headers of a lab's kernel into the cache, if they are missing there.
 *
 * @throws {NotDebian}
 * @throws {NoDebianSource}
 * @throws {HeadersNotFound}
 * @throws {CommandFailed} when apt has no network
 */
export async function installHeaders(kernel: LabKernel): Promise<void> {
  const { version } = kernel;
  if (existsSync(unpackedFolder(version))) return;
  // Beside the target, so that a rename moves it into place.
  const work = await mkdtemp(join(cacheFolder(), 'work-'));
  try {
    const apt = await PrivateApt.create(join(work, 'apt'));
    const headers = await downloadHeaders(apt, version, join(work, 'headers'));
    const others = await apt.download(await partsOf(headers), join(work, 'parts'));
    const into = join(work, 'unpacked');
    await unpackPackages([headers], into);
    for (const deb of others) await unpackChosen(deb, into, join(work, 'files'), isForAmd64);
    await makeRelocatable(join(into, 'usr', 'src'), version);
    await moveIntoPlace(into, unpackedFolder(version));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function downloadHeaders(apt: PrivateApt, version: string, into: string): Promise<string> {
  try {
    const [deb] = await apt.download([`linux-headers-${version}`], into);
    if (deb !== undefined) return deb;
  } catch (error) {
    throw new HeadersNotFound(version, error);
  }
  throw new LabMissing(`headers of kernel ${version}`);
}

/** The packages with the headers of all architectures and the programs of the build. */
async function partsOf(headers: string): Promise<readonly string[]> {
  const depends = await run('dpkg-deb', ['-f', headers, 'Depends']);
  const names = depends.split(/[,|]/).map((one) => one.trim().split(' ')[0] ?? '');
  const parts = names.filter((name) => /^linux-(headers-.*-common|kbuild-.*)$/.test(name));
  if (parts.length !== 2) throw new PackageNotFound(basename(headers), `depends on ${depends}`);
  return parts;
}

/** Headers of other architectures are most of the files. */
function isForAmd64(path: string): boolean {
  const architecture = /\/linux-headers-[^/]+\/arch\/([^/]+)\//.exec(path)?.[1];
  return architecture === undefined || architecture === 'x86';
}

/** The package names the folder of the common headers as if it were installed. */
async function makeRelocatable(sources: string, version: string): Promise<void> {
  const folders = await readdir(sources);
  const common = folders.find((name) => name.endsWith('-common'));
  if (common === undefined) throw new LabMissing(`common headers of kernel ${version}`);
  const folder = join(sources, `linux-headers-${version}`);
  const here = '$(dir $(lastword $(MAKEFILE_LIST)))';
  await writeFile(join(folder, 'Makefile'), `include ${here}../${common}/Makefile\n`);
  // Only for type information of modules, which tests do not need.
  await rm(join(folder, 'vmlinux'), { force: true });
}

/** Renames a finished folder; one that another process has installed meanwhile stays. */
export async function moveIntoPlace(folder: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  try {
    await rename(folder, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
}
