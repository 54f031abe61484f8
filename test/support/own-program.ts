import { fileURLToPath } from 'node:url';

/**
 * Arguments for Node to run a module of this project in a child process: compiled, or through tsx,
 * like the running test.
 *
 * @param path relative to the repository, without extension: `cli/main`
 */
export function ownProgram(path: string): readonly string[] {
  const extension = import.meta.url.slice(-3);
  const file = fileURLToPath(new URL(`../../${path}${extension}`, import.meta.url));
  return extension === '.ts' ? ['--import', 'tsx', file] : [file];
}
