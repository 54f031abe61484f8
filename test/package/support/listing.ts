import { packageRoot } from '../../../platform/package-root.ts';
import { runToEnd } from '../../support/programs.ts';
import { PackFailed } from './packed.ts';

/** The files that `npm pack` would pack after the build; sizes in bytes. */
export interface Listing {
  /** Size of the tarball. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

/** Lists the package with npm, without building or writing. @throws PackFailed */
export async function listPackage(): Promise<Listing> {
  const options = ['--dry-run', '--json', '--ignore-scripts', '--loglevel=error'];
  const { code, output } = await runToEnd('npm', ['pack', packageRoot(), ...options]);
  if (code !== 0) throw new PackFailed(`npm pack ended with ${code}: ${output}`);
  const [listing]: Listing[] = JSON.parse(output);
  return listing;
}
