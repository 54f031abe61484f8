import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../../platform/package-root.ts';

/** A function of one of the page's modules, which are plain JavaScript. */
export async function pageFunction(
  file: string,
  name: string,
): Promise<(...given: readonly unknown[]) => unknown> {
  const path = join(packageRoot(), 'page', file);
  const module: unknown = await import(pathToFileURL(path).href);
  if (typeof module === 'object' && module !== null) {
    const found: unknown = Object.entries(module).find(([exported]) => exported === name)?.[1];
    if (typeof found === 'function') return (...given) => found(...given);
  }
  throw new Error(`${file} exports no function ${name}`);
}
