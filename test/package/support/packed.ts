import { readFileSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../../platform/package-root.ts';
import { runToEnd } from '../../support/programs.ts';

const PACK_MS = 120_000;

/** `npm pack` failed, or its tarball cannot be unpacked. */
export class PackFailed extends Error {
  override readonly name = 'PackFailed';
}

/** A tarball and its content. */
export interface Packed {
  readonly tarball: string;
  /** Folder with the unpacked content. */
  readonly folder: string;
}

/** Packs the project and unpacks the tarball in `folder`. @throws PackFailed */
export async function packInto(folder: string): Promise<Packed> {
  const options = ['--prefix', packageRoot(), '--pack-destination', folder];
  await run('npm', ['pack', packageRoot(), ...options]);
  return unpack(join(folder, tarballName()), folder);
}

/** Unpacks an npm tarball in `folder`. @throws PackFailed */
export async function unpack(tarball: string, folder: string): Promise<Packed> {
  await run('tar', ['-xzf', tarball, '-C', folder]);
  return { tarball, folder: join(folder, 'package') };
}

/** The name that npm gives the tarball. */
export function tarballName(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  const { name, version }: Record<string, unknown> = JSON.parse(text);
  return `${String(name)}-${String(version)}.tgz`;
}

/** All files in `folder`, sorted, relative to it. */
export async function filesIn(folder: string): Promise<string[]> {
  const paths = await readdir(folder, { recursive: true });
  return paths.filter((path) => statSync(join(folder, path)).isFile()).toSorted();
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { code, output } = await runToEnd(program, args, { timeoutMs: PACK_MS });
  if (code !== 0)
    throw new PackFailed(`${program} ${args.join(' ')} ended with ${code}: ${output}`);
}
