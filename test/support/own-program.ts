import { fileURLToPath } from 'node:url';

/**
 * Arguments that make Node run one of our own modules in a process of its own: as compiled, or
 * through tsx, whichever this test is run as.
 *
 * @param path from the top of the repository, without its end: `cli/main`
 */
export function ownProgram(path: string): readonly string[] {
  const extension = import.meta.url.slice(-3);
  const file = fileURLToPath(new URL(`../../${path}${extension}`, import.meta.url));
  return extension === '.ts' ? ['--import', 'tsx', file] : [file];
}
