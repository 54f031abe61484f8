import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../platform/package-root.ts';

/** One release of each supported line of Node, from the script that fetches them. */
export function supportedVersions(): readonly string[] {
  const script = readFileSync(join(packageRoot(), 'scripts/setup/nodes.mjs'), 'utf8');
  const list = /NODE_VERSIONS = \[([^\]]*)\]/.exec(script)?.[1] ?? '';
  return [...list.matchAll(/'([\d.]+)'/g)].map(([, version]) => version);
}
