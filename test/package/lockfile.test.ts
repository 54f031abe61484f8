import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { runToEnd } from '../support/programs.ts';
import { type Lock, problemsOf } from './support/lock-check.ts';

const FILES = ['package.json', 'package-lock.json', '.npmrc'];

describe('package-lock.json', () => {
  it('contains every package that package.json and its dependencies need, for every platform', () => {
    const manifest: Record<string, unknown> = JSON.parse(read('package.json'));
    const lock: Lock = JSON.parse(read('package-lock.json'));
    assert.deepEqual(problemsOf(manifest, lock), []);
  });

  it('is accepted by npm ci', async function () {
    this.timeout(30_000);
    const folder = mkdtempSync(join(tmpdir(), 'norikae-lock-'));
    try {
      for (const file of FILES) cpSync(join(packageRoot(), file), join(folder, file));
      // An empty cache, so that npm cannot add what the lock lacks.
      const args = ['ci', '--dry-run', '--offline', '--ignore-scripts', '--prefix', folder];
      const { code, output } = await runToEnd('npm', [...args, '--cache', join(folder, 'cache')]);
      assert.equal(code, 0, output);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('the check of package-lock.json', () => {
  const manifest = { name: 'a', version: '1.0.0', dependencies: { b: '1.0.0' } };
  const entry = { version: '1.0.0', integrity: 'sha512-x' };

  function lockOf(packages: Lock['packages']): Lock {
    return { packages: { '': manifest, 'node_modules/b': entry, ...packages } };
  }

  it('accepts a complete lock', () => {
    assert.deepEqual(problemsOf(manifest, lockOf({})), []);
  });

  it('reports a missing optional package of another platform', () => {
    const b = { ...entry, optionalDependencies: { '@b/win32-x64': '1.0.0' } };
    assert.deepEqual(problemsOf(manifest, lockOf({ 'node_modules/b': b })), [
      'node_modules/b needs @b/win32-x64, which is not in the lock',
    ]);
  });

  it('reports an optional package with another version than requested', () => {
    const b = { ...entry, optionalDependencies: { '@b/win32-x64': '1.1.0' } };
    const lock = lockOf({ 'node_modules/b': b, 'node_modules/@b/win32-x64': entry });
    assert.deepEqual(problemsOf(manifest, lock), [
      'node_modules/b needs @b/win32-x64 1.1.0, the lock has 1.0.0',
    ]);
  });

  it('resolves packages like Node', () => {
    const b = { ...entry, dependencies: { c: '2.0.0' } };
    const nested = { 'node_modules/b': b, 'node_modules/c': entry };
    const found = { ...nested, 'node_modules/b/node_modules/c': { ...entry, version: '2.0.0' } };
    assert.deepEqual(problemsOf(manifest, lockOf(found)), []);
    assert.equal(problemsOf(manifest, lockOf(nested)).length, 1);
  });

  it('accepts missing optional peers', () => {
    const b = {
      ...entry,
      peerDependencies: { c: '^1.0.0', d: '^1.0.0' },
      peerDependenciesMeta: { c: { optional: true } },
    };
    assert.deepEqual(problemsOf(manifest, lockOf({ 'node_modules/b': b })), [
      'node_modules/b needs d, which is not in the lock',
    ]);
  });

  it('reports differences from package.json', () => {
    const changed = { ...manifest, dependencies: {}, bin: { a: 'a.js' } };
    assert.deepEqual(problemsOf(changed, lockOf({})), [
      'bin differs from package.json',
      'dependencies differs from package.json',
    ]);
  });

  it('reports the address of a registry, and a package without integrity', () => {
    const lock = lockOf({
      'node_modules/b': { version: '1.0.0', resolved: 'https://x.example/b' },
    });
    assert.deepEqual(problemsOf(manifest, lock), [
      'node_modules/b has the address of a registry',
      'node_modules/b has no integrity',
    ]);
  });
});

function read(file: string): string {
  return readFileSync(join(packageRoot(), file), 'utf8');
}
