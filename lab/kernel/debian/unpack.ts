import { mkdir, writeFile } from 'node:fs/promises';
import { run } from '../../testbed/run.ts';

const UNPACK_MS = 2 * 60_000;

/** Unpacks Debian packages into a folder, without installing them. */
export async function unpackPackages(debs: readonly string[], into: string): Promise<void> {
  await mkdir(into, { recursive: true });
  for (const deb of debs) await run('dpkg-deb', ['-x', deb, into], { timeoutMs: UNPACK_MS });
}

/**
 * Unpacks chosen files of a Debian package into a folder.
 *
 * @param list file for the paths of the chosen files
 * @returns their paths in the package: `./boot/config`
 */
export async function unpackChosen(
  deb: string,
  into: string,
  list: string,
  choose: (path: string) => boolean,
): Promise<readonly string[]> {
  await mkdir(into, { recursive: true });
  const all = await pipe(deb, ['-t']);
  const chosen = all.split('\n').filter((path) => path !== '' && !path.endsWith('/'));
  const paths = chosen.filter(choose);
  await writeFile(list, paths.map((path) => `${path}\n`).join(''));
  await pipe(deb, ['-x', '-C', into, '--no-same-owner', '--files-from', list]);
  return paths;
}

/** Runs tar on the files of a package. */
function pipe(deb: string, tar: readonly string[]): Promise<string> {
  const script = 'dpkg-deb --fsys-tarfile "$1" | tar "${@:2}"';
  const args = ['-o', 'pipefail', '-c', script, 'unpack', deb, ...tar];
  return run('bash', args, { timeoutMs: UNPACK_MS });
}
