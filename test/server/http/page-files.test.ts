import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../platform/package-root.ts';
import { importsOf } from '../../../scripts/architecture/imports.ts';
import {
  ASSETS,
  pageFiles,
  PageNotCompiled,
  SHARED_MODULES,
} from '../../../server/http/page-files.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('files of the live page', () => {
  let served: ReadonlyMap<string, string>;

  before(() => {
    served = new Map(pageFiles().map(({ path, file }) => [path, file]));
  });

  it('are exactly what index.html references and the modules import', () => {
    const html = readFileSync(served.get('/') ?? '', 'utf8');
    const named = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => `/${path}`);
    const loaded = new Set<string>();
    const load = (path: string): void => {
      if (loaded.has(path)) return;
      loaded.add(path);
      const file = served.get(path);
      assert.ok(file !== undefined, `${path} is not served`);
      if (!path.endsWith('.js')) return;
      for (const { to, inside } of importsOf(path.slice(1), readFileSync(file, 'utf8'))) {
        assert.ok(inside, `${path} imports ${to}, which a browser cannot resolve`);
        load(`/${to}`);
      }
    };
    for (const path of named) load(path);
    assert.ok(named.includes(`${ASSETS}/page/main.js`));
    assert.deepEqual(
      [...served.keys()].filter((path) => path !== '/').toSorted(),
      [...loaded].toSorted(),
    );
  });

  it('report what to do when they were not compiled', () => {
    const folder = temporaryFolder();
    try {
      assert.throws(
        () => pageFiles(folder.path),
        (error) => error instanceof PageNotCompiled && error.message.endsWith('run npm run build'),
      );
    } finally {
      folder.remove();
    }
  });

  it('include the compiled modules that the command line uses, too', () => {
    for (const name of SHARED_MODULES) {
      assert.equal(served.get(`${ASSETS}/${name}`), join(packageRoot(), 'dist', name));
    }
  });
});
