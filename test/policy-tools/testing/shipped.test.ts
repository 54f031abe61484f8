import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../platform/package-root.ts';
import { Coverage } from '../../../policy-tools/testing/coverage.ts';
import { runTestFile, TEST_SUFFIX } from '../../../policy-tools/testing/run-tests.ts';
import { formatProblem } from '../../../text/problem.ts';

const FOLDER = join(packageRoot(), 'policies');
const POLICIES = readdirSync(FOLDER).filter(
  (name) => name.endsWith('.json') && !/\.(test|schema)\.json$/.test(name),
);

describe('shipped policies', () => {
  for (const name of POLICIES) {
    it(`${name} passes its tests, and they cover it`, async function () {
      this.timeout(60_000);
      const file = join(FOLDER, name.replace('.json', TEST_SUFFIX));
      assert.ok(existsSync(file), `${file} is missing`);
      const coverage = new Coverage();
      const results = await runTestFile(file, { signal: new AbortController().signal, coverage });
      const problems = results.flatMap((r) => r.problems.map(formatProblem));
      assert.deepEqual(problems, []);
      assert.ok(results.length > 0);
      const never = coverage.report().filter((c) => !c.seenTrue && !c.seenFalse);
      assert.deepEqual(never, []);
    });
  }
});
