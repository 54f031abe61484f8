import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import type { StaticFile } from './static-files.ts';

/** Types of the page's own files that a browser asks for; type declarations it does not. */
const SERVED: ReadonlySet<string> = new Set(['.js', '.css', '.svg']);

/** The libraries, by the name the page's modules import them under: package, and file in it. */
const LIBRARIES = {
  // Not among the package's exports, so it is found from its main module, which is in `dist/`.
  'preact.js': ['htm', '../preact/standalone.module.js'],
  'uplot.js': ['uplot', 'uPlot.esm.js'],
  'uplot.css': ['uplot', 'uPlot.min.css'],
} as const;

/**
 * The live page: `/` and everything it loads, below `/page/`. It is served as it is written, from
 * the package's folder and its dependencies, whether the daemon is compiled or not.
 */
export function pageFiles(): readonly StaticFile[] {
  const folder = join(packageRoot(), 'page');
  const own = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => SERVED.has(extname(name)))
    .sort()
    .map((name) => ({ path: `/page/${name}`, file: join(folder, name) }));
  return [
    { path: '/', file: join(folder, 'index.html') },
    ...own,
    ...Object.entries(LIBRARIES).map(([name, [library, file]]) => ({
      path: `/page/vendor/${name}`,
      file: join(dirname(createRequire(import.meta.url).resolve(library)), file),
    })),
  ];
}
