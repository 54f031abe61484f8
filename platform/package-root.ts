import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** No folder above this module has a package.json. */
export class PackageRootNotFound extends Error {
  override readonly name = 'PackageRootNotFound';
}

/**
 * Folder of the package, with `policies/`, the configuration schema and package.json. It is searched
 * upwards, because compiled modules are one level deeper (`dist/`) than their sources.
 */
export function packageRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) {
      throw new PackageRootNotFound(`no package.json in ${start} or any folder above it`);
    }
  }
}

/** Version of the package, from package.json. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) {
    if (typeof manifest.version === 'string') return manifest.version;
  }
  return 'unknown';
}
