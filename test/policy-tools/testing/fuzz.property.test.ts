import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { packageRoot } from '../../../platform/package-root.ts';
import { runTestFile } from '../../../policy-tools/testing/run-tests.ts';

const FOLDER = join(packageRoot(), 'policies');
const POLICY = readFileSync(join(FOLDER, 'default.json'), 'utf8');
const WHOLE = JSON.parse(readFileSync(join(FOLDER, 'default.test.json'), 'utf8'));
/** Short tests; each change is applied to all of them. */
const TESTS = { ...WHOLE, tests: [WHOLE.tests[3], WHOLE.tests[11]] };

type Path = readonly (string | number)[];

/** Paths of all values in `value`. */
function pathsIn(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [at, ...entries.flatMap(([key, inner]) => pathsIn(inner, [...at, key]))];
}

/** `value` with another value at `path`. */
function damaged(value: unknown, [key, ...rest]: Path, put: unknown): unknown {
  if (key === undefined) return put;
  if (Array.isArray(value)) return value.map((v, i) => (i === key ? damaged(v, rest, put) : v));
  const entries = Object.entries(value ?? {});
  return Object.fromEntries(entries.map(([k, v]) => [k, k === key ? damaged(v, rest, put) : v]));
}

const PATHS = pathsIn(TESTS).filter((path) => path.length > 0);
const PIECES: readonly unknown[] = [
  '',
  '0',
  '-1s',
  '1e999',
  '_',
  '_x5',
  '0+1x',
  '1-1x3',
  'x',
  '10Gbit/s',
  'offload',
  '__proto__',
  null,
  true,
  0,
  -1,
  1e300,
  1.5,
  [],
  {},
  [[]],
];
const PIECE = fc.oneof(fc.constantFrom<unknown>(...PIECES), fc.jsonValue({ maxDepth: 2 }));

describe('damaged policy tests', () => {
  it('give results with positions and never crash', async function () {
    this.timeout(120_000);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PATHS), PIECE, async (path, piece) => {
        const text = JSON.stringify(damaged(TESTS, path, piece), null, 1);
        const results = await runTestFile('default.test.json', {
          signal: AbortSignal.timeout(30_000),
          read: async (file) => (file.endsWith('.test.json') ? text : POLICY),
        });
        for (const { verdict, problems } of results) {
          assert.equal(verdict === 'pass', problems.length === 0);
          for (const problem of problems) {
            assert.ok(problem.line >= 1 && problem.column >= 1);
            assert.ok(
              !/could not be run|undefined|NaN|\[object/.test(problem.message),
              problem.message,
            );
          }
        }
      }),
      { numRuns: 120 },
    );
  });
});
