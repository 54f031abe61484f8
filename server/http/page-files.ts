import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import type { StaticFile } from './static-files.ts';

/** The page has not been compiled. */
export class PageNotCompiled extends Error {
  override readonly name = 'PageNotCompiled';

  constructor(file: string) {
    super(`${file} is missing, so there is no live page to serve; run npm run build`);
  }
}

/** URL prefix of everything that the page loads. Norikae's files keep their path in the package. */
export const ASSETS = '/assets';

/**
 * Modules that the page shares with the command line. The list is explicit, so that no other module
 * of the daemon is served; a test compares it with the imports of the page.
 */
export const SHARED_MODULES = [
  'api/decision-words.js',
  'api/flow-ends.js',
  'api/flow-query-parameters.js',
  'api/known-text.js',
  'api/paths.js',
  'api/status-words.js',
  'api/view-guards.js',
  'engine/model/flow.js',
  'text/error-message.js',
  'text/format.js',
] as const;

/** Extensions of files in `page/` that are served uncompiled. */
const UNCOMPILED: ReadonlySet<string> = new Set(['.css', '.svg']);

/** Libraries: the name that the page's modules import, then the package and its file. */
const LIBRARIES = {
  // Not among the package's exports, so it is located from its main module in `dist/`.
  'preact.js': ['htm', '../preact/standalone.module.js'],
  'uplot.js': ['uplot', 'uPlot.esm.js'],
  'uplot.css': ['uplot', 'uPlot.min.css'],
} as const;

/**
 * The live page: `/`, and everything it loads below {@link ASSETS}. Compiled modules come from
 * `dist/`, even when the daemon itself runs from its sources.
 *
 * @param source folder of the package
 * @throws PageNotCompiled, and what reading a folder throws
 */
export function pageFiles(source = packageRoot()): readonly StaticFile[] {
  const compiled = join(source, 'dist');
  const main = join(compiled, 'page', 'main.js');
  if (!existsSync(main)) throw new PageNotCompiled(main);
  return [
    { path: '/', file: join(source, 'page', 'index.html') },
    ...filesOf(source, (extension) => UNCOMPILED.has(extension)),
    ...filesOf(compiled, (extension) => extension === '.js'),
    ...SHARED_MODULES.map((name) => asset(name, join(compiled, name))),
    ...Object.entries(LIBRARIES).map(([name, [library, file]]) => {
      const folder = dirname(createRequire(import.meta.url).resolve(library));
      return asset(`page/vendor/${name}`, join(folder, file));
    }),
  ];
}

/** The page's own files below `root`, in the same order on every machine. */
function filesOf(root: string, isServed: (extension: string) => boolean): readonly StaticFile[] {
  return readdirSync(join(root, 'page'), { recursive: true, encoding: 'utf8' })
    .filter((name) => isServed(extname(name)))
    .sort()
    .map((name) => asset(`page/${name}`, join(root, 'page', name)));
}

function asset(path: string, file: string): StaticFile {
  return { path: `${ASSETS}/${path}`, file };
}
