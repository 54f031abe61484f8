import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { LAYERS } from '../../scripts/architecture/layers.ts';
import { filesIn } from './support/packed.ts';
import { type Listing, listPackage } from './support/listing.ts';

/**
 * Bytes, somewhat above the measured sizes (1.39 and 5.09 MB): more growth is a mistake or has to be
 * reviewed.
 */
const MAX_TARBALL = 1_500_000;
const MAX_UNPACKED = 5_500_000;

/** Files that a user needs besides the compiled program. */
const NEEDED = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'adapters/nic/core/bpf/table.h',
  'adapters/nic/xdp/bpf/norikae.bpf.c',
  'api/openapi.json',
  'config/config.schema.json',
  'config/emulated.json',
  'config/host.json',
  'daemon/systemd/norikae.service',
  'dashboards/grafana/json/norikae-node.json',
  'dashboards/grafana/provisioning/dashboards/norikae.yaml',
  'dashboards/prometheus/norikae.rules.yml',
  'docs/operations.md',
  'page/index.html',
  'policies/default.json',
  'policies/default.test.json',
  'policies/policy-test.schema.json',
  'policies/policy.schema.json',
  'scripts/build-bpf.mjs',
];

describe('the package', () => {
  let listing: Listing;
  let files: readonly string[];

  before(async () => {
    listing = await listPackage();
    files = listing.files.map(({ path }) => path);
  });

  it('has all files that a user needs', () => {
    assert.deepEqual(
      NEEDED.filter((file) => !files.includes(file)),
      [],
    );
  });

  it('has every compiled module of the product', async () => {
    const dist = join(packageRoot(), 'dist');
    const product = (await filesIn(dist)).filter((file) => isProduct(file) && file.endsWith('.js'));
    assert(product.length > 100);
    const missing = product.filter((file) => !files.includes(join('dist', file)));
    assert.deepEqual(missing, []);
  });

  it('has the BPF objects if this machine can compile them', function () {
    const objects = ['xdp/norikae', 'xdp/bound', 'tcx/norikae'].map(
      (name) => `dist/adapters/nic/${name}.bpf.o`,
    );
    if (!existsSync(join(packageRoot(), objects[0]))) this.skip();
    assert.deepEqual(
      objects.filter((object) => !files.includes(object)),
      [],
    );
  });

  it('has no tests, benches, TypeScript sources, source maps or screenshots', () => {
    const unwanted = files.filter(
      (file) =>
        /\.(ts|map|png|tsbuildinfo)$/.test(file) ||
        (file.startsWith('dist/') && !isProduct(file.slice('dist/'.length))) ||
        /^(test|bench|lab|node_modules|coverage|\.)/.test(file),
    );
    assert.deepEqual(unwanted, []);
  });

  it('has nothing of the NIC module of the lab, which has another licence', () => {
    assert.deepEqual(
      files.filter((file) => /nic-module|labnic|Kbuild|\.ko$/.test(file)),
      [],
    );
  });

  it('has the targets of the links in its documents', () => {
    const dangling = files
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) => linksIn(file, readFileSync(join(packageRoot(), file), 'utf8')))
      // Screenshots are large, and the installed package has the page itself.
      .filter((target) => !target.startsWith('docs/screenshots/'))
      // Tests are named as evidence; they are in the repository.
      .filter((target) => !target.startsWith('test/'))
      .filter((target) => !files.some((file) => file === target || file.startsWith(`${target}/`)));
    assert.deepEqual([...new Set(dangling)], []);
  });

  it('has an executable command', () => {
    const path = 'dist/cli/main.js';
    assert.match(readFileSync(join(packageRoot(), path), 'utf8'), /^#!\/usr\/bin\/env node\n/);
    const mode = listing.files.find((file) => file.path === path)?.mode ?? 0;
    assert.equal(mode & 0o111, 0o111);
  });

  it('does not exceed its size limits', () => {
    const { size, unpackedSize } = listing;
    assert(size <= MAX_TARBALL, `the tarball has ${size} bytes`);
    assert(unpackedSize <= MAX_UNPACKED, `unpacked it has ${unpackedSize} bytes`);
  });
});

/** Whether a path belongs to a layer of the product rather than to tests and measurements. */
function isProduct(path: string): boolean {
  return LAYERS.some(
    ({ folder, imports }) => !imports.includes('*') && path.startsWith(`${folder}/`),
  );
}

/** Targets of the relative links in a Markdown document, relative to the package. */
function linksIn(file: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)|(?:src|srcset)="([^"]+)"/g)]
    .map(([, link, source]) => link ?? source)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => normalize(join(dirname(file), target)).replace(/\/$/, ''));
}
