import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../platform/package-root.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MAIN = join(packageRoot(), 'dist/cli/main.js');

describe('start of the command line', () => {
  let folder: ReturnType<typeof temporaryFolder>;

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(() => folder.remove());

  /** Modules that a command line loads, relative to the package; Node lists them for coverage. */
  function modulesOf(...argv: string[]): readonly string[] {
    const env = { ...process.env, NODE_V8_COVERAGE: folder.path };
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...argv], {
      env,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    const found = readdirSync(folder.path).map((name) => readFileSync(join(folder.path, name)));
    assert.equal(found.length, 1);
    const { result }: { result: readonly { url: string }[] } = JSON.parse(String(found[0]));
    return result
      .filter(({ url }) => url.startsWith('file:'))
      .map(({ url }) => relative(packageRoot(), fileURLToPath(url)));
  }

  // Loading is nearly all of the time that these commands take: docs/benchmarks.md.
  for (const argv of [['--version'], ['--help'], ['help'], ['version']]) {
    it(`norikae ${argv.join(' ')}: loads commander and at most 15 modules`, () => {
      const modules = modulesOf(...argv);
      const own = modules.filter((path) => path.startsWith('dist/'));
      assert.ok(own.includes('dist/cli/main.js'), 'the list has what was started');
      assert.ok(own.length <= 15, own.join('\n'));
      const packages = modules.filter((path) => !path.startsWith('dist/'));
      assert.ok(packages.length > 0);
      for (const path of packages) assert.match(path, /node_modules\/commander\//);
    });
  }

  it('a command that asks the daemon loads neither daemon, policies, adapters nor simulation', () => {
    const own = modulesOf('top', '--help');
    assert.ok(own.includes('dist/cli/commands/top.js'));
    const heavy = own.filter((path) =>
      /^dist\/(daemon|policy|policy-tools|adapters|simulation|replay|server)\//.test(path),
    );
    assert.deepEqual(heavy, []);
  });
});
