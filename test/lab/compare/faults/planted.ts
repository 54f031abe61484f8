import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../../lab/testbed/run.ts';
import { packageRoot } from '../../../../platform/package-root.ts';
import type { Change, Fault } from './faults.ts';

/** What a run of the lab needs besides `node_modules`. */
const FOLDERS = ['dist', 'adapters', 'config', 'lab', 'policies', 'scripts'];
const BUILD_MS = 60_000;

/** A fault does not fit the code: its text is not there exactly once. */
export class FaultDoesNotFit extends Error {
  override readonly name = 'FaultDoesNotFit';
}

/** A copy of the program with a fault in it. */
export interface Planted {
  /** Path of the lab's program. */
  readonly lab: string;
  remove(): Promise<void>;
}

/**
 * Copies the program, replaces the fault's texts, and compiles the BPF program again.
 *
 * @throws {FaultDoesNotFit}
 */
export async function plant(fault: Fault): Promise<Planted> {
  const root = packageRoot();
  const copy = await mkdtemp(join(tmpdir(), 'norikae-fault-'));
  const remove = () => rm(copy, { recursive: true, force: true });
  try {
    for (const folder of FOLDERS) {
      await cp(join(root, folder), join(copy, folder), { recursive: true });
    }
    await cp(join(root, 'package.json'), join(copy, 'package.json'));
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    for (const { file, from, to } of fault.changes) {
      const path = join(copy, file);
      const text = await readFile(path, 'utf8');
      if (text.split(from).length !== 2) {
        throw new FaultDoesNotFit(`${file} does not have this text exactly once: ${from}`);
      }
      await writeFile(
        path,
        text.replace(from, () => to),
      );
    }
    for (const object of ['xdp/norikae', 'xdp/bound', 'tcx/norikae']) {
      await rm(join(copy, 'dist/adapters/nic', `${object}.bpf.o`), { force: true });
    }
    const compile = [join(copy, 'scripts/build-bpf.mjs')];
    await run(process.execPath, compile, { timeoutMs: BUILD_MS });
    return { lab: join(copy, 'dist/lab/main.js'), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/**
 * The text of a file of the package with the change in it.
 *
 * @throws {FaultDoesNotFit}
 */
export async function changed(root: string, { file, from, to }: Change): Promise<string> {
  const text = await readFile(join(root, file), 'utf8');
  if (text.split(from).length !== 2) {
    throw new FaultDoesNotFit(`${file} does not have this text exactly once: ${from}`);
  }
  return text.replace(from, () => to);
}
