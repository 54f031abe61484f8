import { spawn } from 'node:child_process';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { Cleanup } from '../testbed/cleanup.ts';
import { ManagedProcess } from '../testbed/managed-process.ts';
import { NameMaker } from '../testbed/names.ts';
import { findPrograms, type LabKernel } from './cache.ts';
import { buildInitramfs, shellQuoted } from './image/initramfs.ts';
import { machineArguments, type Program, qemuProgram } from './qemu.ts';

/** What a guest runs. */
export interface GuestOptions {
  readonly kernel: LabKernel;
  /** Command in the guest, with the package's folder as working directory; paths are the host's. */
  readonly command: readonly string[];
  /** Added to the command's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Time-out of the whole run, ms. */
  readonly timeoutMs: number;
  /** Gets each line of the console. */
  readonly onLine?: (line: string) => void;
  readonly processors?: number;
  readonly memoryMb?: number;
  /** Two NICs with SR-IOV, connected to each other. */
  readonly sriov?: boolean;
  /** Unix socket at the host's end of a channel `org.norikae.0`; QEMU creates it. */
  readonly channelSocket?: string;
}

/** How a guest ended. */
export interface GuestEnd {
  /** Exit status of its command. */
  readonly status: number;
  /** Content of `/run/lab/result`, if the command wrote it. */
  readonly result: string | undefined;
}

/** A guest ended before its command did: it panicked, could not start, or was told to power off. */
export class GuestDied extends Error {
  override readonly name = 'GuestDied';

  constructor(console: string) {
    super(`the guest ended before its command; the end of its console:\n${console}`);
  }
}

/** A guest did not end in time and was killed. */
export class GuestTimeout extends Error {
  override readonly name = 'GuestTimeout';

  constructor(timeoutMs: number, console: string) {
    super(`the guest did not end within ${timeoutMs} ms; the end of its console:\n${console}`);
  }
}

/** The console's firmware clears the screen; so do some programs. */
// oxlint-disable-next-line no-control-regex
const SCREEN_CONTROL = /\x1b(?:c|\[[0-9;?]*[HJhl])/g;

/**
 * Boots a kernel, runs a command in it, and resolves when the guest has ended.
 *
 * The guest sees the host's files, cannot change them, and shares `/run/lab` with the caller. It has
 * no network to the host.
 *
 * @throws {LabMissing}
 * @throws {GuestDied}
 * @throws {GuestTimeout}
 */
export async function runGuest(options: GuestOptions): Promise<GuestEnd> {
  const cleanup = new Cleanup();
  try {
    const share = await createShare(cleanup, options);
    const { file, args, env } = await startCommand(options, share, 'lines');
    const qemu = await ManagedProcess.start(cleanup, 'qemu', file, args, env);
    qemu.onLine((line) => options.onLine?.(line.replace(SCREEN_CONTROL, '')));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      qemu.kill('SIGKILL');
    }, options.timeoutMs);
    await qemu.exited.finally(() => clearTimeout(timer));
    if (late) throw new GuestTimeout(options.timeoutMs, qemu.tail());
    const status = await contentOf(join(share, 'status'));
    if (status === undefined) throw new GuestDied(qemu.tail());
    return { status: Number(status), result: await contentOf(join(share, 'result')) };
  } finally {
    await cleanup.run();
  }
}

/**
 * Boots a kernel and runs a command in it on this terminal; resolves to the command's exit status.
 *
 * @throws {LabMissing}
 * @throws {GuestDied}
 */
export async function runGuestOnTerminal(
  options: Omit<GuestOptions, 'timeoutMs' | 'onLine'>,
): Promise<number> {
  const cleanup = new Cleanup();
  try {
    const share = await createShare(cleanup, options);
    const { file, args, env } = await startCommand(options, share, 'terminal');
    const qemu = spawn(file, args, { stdio: 'inherit', env: { ...process.env, ...env } });
    await new Promise((resolve, reject) => {
      qemu.once('error', reject);
      qemu.once('close', resolve);
    });
    const status = await contentOf(join(share, 'status'));
    if (status === undefined) throw new GuestDied('(above)');
    return Number(status);
  } finally {
    await cleanup.run();
  }
}

/** Creates the shared folder with the command and the first root file system. */
async function createShare(
  cleanup: Cleanup,
  { kernel, command, env = {} }: Omit<GuestOptions, 'timeoutMs'>,
): Promise<string> {
  const share = await mkdtemp(join(tmpdir(), `${new NameMaker().next('g')}-`));
  cleanup.add({
    name: share,
    undo: () => rm(share, { recursive: true, force: true }),
    undoNow: () => rmSync(share, { recursive: true, force: true }),
  });
  const variables = Object.entries(env).map(
    ([name, value]) => `export ${name}=${shellQuoted(value)}`,
  );
  const words = command.map(shellQuoted).join(' ');
  const script = [`cd ${shellQuoted(packageRoot())}`, ...variables, `exec ${words}`, ''];
  await writeFile(join(share, 'command.sh'), script.join('\n'));
  const initramfs = await buildInitramfs({
    busybox: findPrograms().busybox,
    init: guestScript('init.sh'),
    modules: kernel.modules,
    // Without symbolic links, which lead elsewhere while the root is mounted below another one.
    variables: { MODULES: await realpath(kernel.modules), MAIN: guestScript('main.sh') },
  });
  await writeFile(join(share, 'initramfs'), initramfs);
  return share;
}

function guestScript(name: string): string {
  return join(packageRoot(), 'lab', 'kernel', 'guest', name);
}

async function startCommand(
  options: Omit<GuestOptions, 'timeoutMs'>,
  share: string,
  console: 'lines' | 'terminal',
): Promise<Program> {
  const { qemu } = findPrograms();
  const program = qemuProgram(qemu);
  const machine = machineArguments(qemu, {
    vmlinux: options.kernel.vmlinux,
    initramfs: join(share, 'initramfs'),
    shareFolder: share,
    processors: options.processors ?? 1,
    memoryMb: options.memoryMb ?? 2_048,
    console,
    sriov: options.sriov ?? false,
    channelSocket: options.channelSocket,
  });
  return { ...program, args: [...program.args, ...machine] };
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
