import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import type { StaticFile } from './static-files.ts';

/** The page has not been compiled: what a browser would load is not there. */
export class PageNotCompiled extends Error {
  override readonly name = 'PageNotCompiled';

  constructor(file: string) {
    super(`${file} is missing, so there is no live page to serve; run npm run build`);
  }
}

/** Everything that the page loads is below it. Files of ours keep their path in the package. */
export const ASSETS = '/assets';

/**
 * Modules that the page shares with the command line. They are named one by one: no other module of
 * the daemon is served. A test holds the list to what the page's modules import.
 */
export const SHARED_MODULES = [
  'api/decision-words.js',
  'api/flow-ends.js',
  'api/flow-query-parameters.js',
  'api/paths.js',
  'api/status-words.js',
  'api/view-guards.js',
  'engine/model/flow.js',
  'text/error-message.js',
  'text/format.js',
] as const;

/** What is served of `page/` as it is written; modules are compiled. */
const WRITTEN: ReadonlySet<string> = new Set(['.css', '.svg']);

/** The libraries, by the name the page's modules import them under: package, and file in it. */
const LIBRARIES = {
  // Not among the package's exports, so it is found from its main module, which is in `dist/`.
  'preact.js': ['htm', '../preact/standalone.module.js'],
  'uplot.js': ['uplot', 'uPlot.esm.js'],
  'uplot.css': ['uplot', 'uPlot.min.css'],
} as const;

/**
 * The live page: `/` and everything it loads, below {@link ASSETS}. Compiled modules come from
 * `dist/`, also when the daemon itself runs from its sources.
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
    ...filesOf(source, (extension) => WRITTEN.has(extension)),
    ...filesOf(compiled, (extension) => extension === '.js'),
    ...SHARED_MODULES.map((name) => asset(name, join(compiled, name))),
    ...Object.entries(LIBRARIES).map(([name, [library, file]]) => {
      const folder = dirname(createRequire(import.meta.url).resolve(library));
      return asset(`page/vendor/${name}`, join(folder, file));
    }),
  ];
}

/** The page's own files below `root`, in one order on every machine. */
function filesOf(root: string, isServed: (extension: string) => boolean): readonly StaticFile[] {
  return readdirSync(join(root, 'page'), { recursive: true, encoding: 'utf8' })
    .filter((name) => isServed(extname(name)))
    .sort()
    .map((name) => asset(`page/${name}`, join(root, 'page', name)));
}

function asset(path: string, file: string): StaticFile {
  return { path: `${ASSETS}/${path}`, file };
}
