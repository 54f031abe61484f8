import { existsSync } from 'node:fs';
import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../testbed/run.ts';
import {
  cacheFolder,
  findKernel,
  findPrograms,
  KERNEL_SOURCES,
  kernelFolder,
  type KernelSource,
  LabMissing,
  programsFolder,
} from './cache.ts';
import { PrivateApt } from './debian/private-apt.ts';
import { unpackChosen, unpackPackages } from './debian/unpack.ts';
import { isLabFile } from './image/modules.ts';
import { compressedKernel } from './image/vmlinux.ts';
import { qemuProgram } from './qemu.ts';

const KERNEL_PACKAGE = 'linux-image-amd64';
const DECOMPRESS_MS = 60_000;
/** Modules that one process decompresses. */
const MODULES_AT_ONCE = 200;

/**
 * Brings QEMU, busybox and the kernels into the cache, if they are missing there.
 *
 * @returns what the lab has, for the report: `QEMU 10.0.2, kernels 6.1.0-9-amd64 and ...`
 * @throws {NotDebian}
 * @throws {NoDebianSource}
 * @throws {CommandFailed} when apt has no network, for instance
 */
export async function installLab(): Promise<string> {
  const kernels = KERNEL_SOURCES.filter((source) => !existsSync(kernelFolder(source)));
  const programs = !(await programsRun());
  if (programs || kernels.length > 0) {
    await mkdir(cacheFolder(), { recursive: true });
    // Beside the targets, so that a rename moves each part into place.
    const work = await mkdtemp(join(cacheFolder(), 'work-'));
    try {
      const apt = await PrivateApt.create(join(work, 'apt'));
      if (programs) await installPrograms(apt, work);
      for (const source of kernels) await installKernel(apt, work, source);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  const versions = KERNEL_SOURCES.map((source) => findKernel(source).version);
  return `${await qemuVersion()}, kernels ${versions.join(' and ')}`;
}

/** Whether QEMU is there and runs: its libraries may have been removed from the machine. */
async function programsRun(): Promise<boolean> {
  try {
    await qemuVersion();
    return true;
  } catch {
    await rm(programsFolder(), { recursive: true, force: true });
    return false;
  }
}

async function qemuVersion(): Promise<string> {
  const { file, args, env } = qemuProgram(findPrograms().qemu);
  const text = await run(file, [...args, '--version'], { env });
  return `QEMU ${/version (\S+)/.exec(text)?.[1] ?? 'of unknown version'}`;
}

async function installPrograms(apt: PrivateApt, work: string): Promise<void> {
  const folder = join(work, 'programs');
  // From backports: the release of Debian 12 has no igb, the NIC with SR-IOV.
  await unpackPackages(await apt.downloadWithDependencies('qemu-system-x86'), join(folder, 'qemu'));
  const busybox = join(work, 'busybox');
  await unpackPackages(await apt.download(['busybox-static'], join(work, 'busybox-deb')), busybox);
  await copyFile(join(busybox, 'bin', 'busybox'), join(folder, 'busybox'));
  await moveIntoPlace(folder, programsFolder());
}

async function installKernel(apt: PrivateApt, work: string, source: KernelSource): Promise<void> {
  const name = await apt.dependencyOf(KERNEL_PACKAGE, source);
  const [deb] = await apt.download([name], join(work, `${source}-deb`));
  if (deb === undefined) throw new LabMissing(`kernel of Debian's ${source}`);
  const folder = join(work, source);
  const unpacked = join(folder, 'unpacked');
  const paths = await unpackChosen(deb, unpacked, join(work, 'files'), isLabFile);
  await rm(deb);
  await extractVmlinux(join(unpacked, paths.find(isImage) ?? 'boot/vmlinuz'), folder);
  await decompress(
    paths.filter((path) => path.endsWith('.xz')).map((path) => join(unpacked, path)),
  );
  const module = paths.find((path) => path.includes('/lib/modules/')) ?? 'lib/modules/';
  const lib = module.slice(0, module.indexOf('lib/modules/') + 'lib'.length);
  await rename(join(unpacked, lib), join(folder, 'lib'));
  await rm(unpacked, { recursive: true });
  for (const version of await readdir(join(folder, 'lib', 'modules'))) {
    await run('depmod', ['-b', folder, version], { timeoutMs: DECOMPRESS_MS });
  }
  await removeEarlier(source);
  await moveIntoPlace(folder, kernelFolder(source));
}

function isImage(path: string): boolean {
  return path.startsWith('./boot/');
}

async function extractVmlinux(image: string, into: string): Promise<void> {
  const { bytes, program, suffix } = compressedKernel(await readFile(image));
  const compressed = join(into, `vmlinux${suffix}`);
  await writeFile(compressed, bytes);
  await run(program, ['-d', compressed], { timeoutMs: DECOMPRESS_MS });
  await rm(compressed, { force: true });
}

/** Decompresses modules here, because an emulated processor takes much longer for that. */
async function decompress(files: readonly string[]): Promise<void> {
  for (let at = 0; at < files.length; at += MODULES_AT_ONCE) {
    const some = files.slice(at, at + MODULES_AT_ONCE);
    await run('xz', ['-d', ...some], { timeoutMs: DECOMPRESS_MS });
  }
}

/** Removes kernels of this source with another choice of modules. */
async function removeEarlier(source: KernelSource): Promise<void> {
  for (const name of await readdir(cacheFolder())) {
    if (!name.startsWith(`kernel-${source}-`)) continue;
    await rm(join(cacheFolder(), name), { recursive: true });
  }
}

/** Renames a finished folder; one that another process has installed meanwhile stays. */
async function moveIntoPlace(folder: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  try {
    await rename(folder, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
}
