import { packageRoot } from '../../../platform/package-root.ts';
import { runToEnd } from '../../support/programs.ts';
import { PackFailed } from './packed.ts';

/** What `npm pack` would pack, as the build has left it; sizes in bytes. */
export interface Listing {
  /** Of the tarball. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

/** Asks npm, without building or writing anything. @throws PackFailed */
export async function listPackage(): Promise<Listing> {
  const options = ['--dry-run', '--json', '--ignore-scripts', '--loglevel=error'];
  const { code, output } = await runToEnd('npm', ['pack', packageRoot(), ...options]);
  if (code !== 0) throw new PackFailed(`npm pack ended with ${code}: ${output}`);
  const [listing]: Listing[] = JSON.parse(output);
  return listing;
}
