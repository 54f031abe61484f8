import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Path of a file in the repository; tests run from the sources and from dist/. */
export function repositoryFile(path: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('no package.json above the tests');
    folder = parent;
  }
  return join(folder, path);
}

/** Path of a file in policies/. */
export function policyFile(name: string): string {
  return repositoryFile(join('policies', name));
}
