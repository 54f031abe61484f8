import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../../platform/package-root.ts';
import { circlesOf } from '../../../scripts/architecture/circles.ts';
import { type Layer, LAYERS } from '../../../scripts/architecture/layers.ts';
import { mayImport } from '../../../scripts/architecture/violations.ts';

/** Layers of the product, without the folders around it, which may import everything. */
const PRODUCT = LAYERS.filter(({ imports }) => !imports.includes('*'));

/** Folders without sources. */
const BARE = new Set(['coverage', 'dist', 'docs', 'node_modules', 'policies']);

describe('layers', function () {
  this.timeout(60_000);
  let copy = '';

  before(() => {
    copy = mkdtempSync(join(tmpdir(), 'norikae-layers-'));
    for (const folder of new Set(LAYERS.map((layer) => layer.folder.split('/')[0]))) {
      cpSync(join(packageRoot(), folder), join(copy, folder), { recursive: true });
    }
  });

  after(() => rmSync(copy, { recursive: true, force: true }));

  function plant(file: string, text: string): void {
    const path = join(copy, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  function check() {
    const script = join(packageRoot(), 'scripts/architecture/check.ts');
    const args = ['--import', 'tsx', script, copy];
    const options = { cwd: packageRoot(), encoding: 'utf8', timeout: 30_000 } as const;
    const { status, stderr } = spawnSync(process.execPath, args, options);
    return { status, violations: stderr.split('\n') };
  }

  it('are an acyclic graph', () => {
    const graph = new Map(
      PRODUCT.map((layer) => {
        const targets = PRODUCT.filter((other) => other !== layer && mayImport(layer, other));
        return [layer.folder, new Set(targets.map(({ folder }) => folder))];
      }),
    );
    assert.deepEqual(circlesOf(graph), []);
  });

  it('have a row for every folder with sources', () => {
    const folders = readdirSync(packageRoot(), { withFileTypes: true });
    for (const folder of folders) {
      const { name } = folder;
      if (!folder.isDirectory() || name.startsWith('.') || BARE.has(name)) continue;
      assert(
        LAYERS.some((layer) => layer.folder.split('/')[0] === name),
        name,
      );
    }
  });

  it('are respected by every file of the package', () => {
    assert.deepEqual(check(), { status: 0, violations: [''] });
  });

  describe('with a forbidden import of each kind', () => {
    let violations: readonly string[] = [];

    before(() => {
      for (const layer of PRODUCT) {
        plant(`${layer.folder}/planted-import.ts`, importOf(layer, forbiddenFor(layer)));
        plant(`${layer.folder}/planted-package.ts`, "export { load } from 'koffi';\n");
      }
      plant('text/planted-a.ts', "export type A = import('./planted-b.ts').B;\n");
      plant(
        'text/planted-b.ts',
        "import type { A } from './planted-a.ts';\nexport type B = A | 1;\n",
      );
      plant('lab/planted/a.ts', "export type { B } from './inner/b.ts';\n");
      plant('lab/planted/inner/b.ts', 'export type B = 1;\n');
      plant('lab/planted/inner/c.ts', "export type { D } from '../d.ts';\n");
      plant('lab/planted/d.ts', 'export type D = 2;\n');
      plant('attic/planted.ts', "export { nearest } from '../text/nearest.ts';\n");
      const found = check();
      assert.equal(found.status, 1);
      violations = found.violations;
    });

    /** The line that begins with `text`, and the next line, which names the rule. */
    function violation(text: string): readonly string[] {
      const at = violations.findIndex((line) => line.startsWith(text));
      assert(at >= 0, `nothing was said of ${text}`);
      return violations.slice(at, at + 2);
    }

    for (const layer of PRODUCT) {
      it(`keep ${layer.folder} from forbidden imports`, () => {
        const { folder } = forbiddenFor(layer);
        const [first, rule] = violation(`${layer.folder}/planted-import.ts:1:`);
        assert.equal(
          first,
          `${layer.folder}/planted-import.ts:1: imports ${folder}/planted-import.ts`,
        );
        assert(
          rule.startsWith(`  rule ${layer.folder}: may import `) && rule.endsWith(layer.why),
          rule,
        );
      });
    }

    for (const layer of PRODUCT.filter(({ packages }) => packages !== 'any')) {
      it(`keep ${layer.folder} from forbidden packages`, () => {
        const [first, rule] = violation(`${layer.folder}/planted-package.ts:1:`);
        assert(first.endsWith('imports koffi'), first);
        assert(
          rule.startsWith(`  rule ${layer.folder}: may import `) && rule.endsWith(layer.why),
          rule,
        );
      });
    }

    it('allow all packages in layers that may import any', () => {
      for (const { folder } of PRODUCT.filter(({ packages }) => packages === 'any')) {
        assert(!violations.some((line) => line.startsWith(`${folder}/planted-package.ts`)), folder);
      }
    });

    it('find a circle of files by type imports alone', () => {
      const [, rule] = violation('a circle of 2 files: text/planted-a.ts, text/planted-b.ts');
      assert(rule.startsWith('  rule circles: '), rule);
    });

    it('find a circle of folders without a circle of files', () => {
      const [, rule] = violation('a circle of 2 folders: lab/planted, lab/planted/inner');
      assert(rule.startsWith('  rule circles: '), rule);
    });

    it('find a file in a folder without a row', () => {
      const [first] = violation('attic/planted.ts');
      assert.equal(
        first,
        'attic/planted.ts:1: no layer; give its folder a row in scripts/architecture/layers.ts',
      );
    });
  });
});

function forbiddenFor(layer: Layer): Layer {
  const target = LAYERS.find((other) => other !== layer && !mayImport(layer, other));
  assert(target !== undefined);
  return target;
}

function importOf(from: Layer, to: Layer): string {
  const up = from.folder.replaceAll(/[^/]+/g, '..');
  return `export type { Planted } from '${up}/${to.folder}/planted-import.ts';\n`;
}
