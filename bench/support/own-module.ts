import { fileURLToPath } from 'node:url';

/**
 * Arguments of node that run another module of the bench in a process of its own, compiled or not, as
 * this one is.
 *
 * @param caller `import.meta.url` of a module in the same folder
 */
export function ownModule(caller: string, name: string): readonly string[] {
  const extension = caller.endsWith('.ts') ? 'ts' : 'js';
  const file = fileURLToPath(new URL(`${name}.${extension}`, caller));
  return extension === 'ts' ? ['--import', 'tsx', file] : [file];
}
