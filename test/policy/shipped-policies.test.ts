import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { runTestFile } from '../../policy-tools/testing/run-tests.ts';
import { parsePolicies } from '../../policy/parse/parse-policies.ts';
import { never } from './fixture.ts';
import { policyFile, repositoryFile } from './policy-files.ts';

const files = readdirSync(repositoryFile('policies')).filter((name) => name.endsWith('.json'));
const tests = files.filter((name) => name.endsWith('.test.json'));
const policies = files.filter((name) => !name.includes('.test.') && !name.includes('.schema.'));

/** Policies for use beside another one, which their tests name. */
const BESIDE_DEFAULT = ['maintenance-window.json', 'mice-guard.json', 'never-offload.json'];

describe('shipped policies', () => {
  it('have tests and a description', () => {
    assert.deepEqual(policies, [
      'cpu-pressure.json',
      'default.json',
      'elephants-first.json',
      'fair-slices.json',
      'heavy-hitters.json',
      'maintenance-window.json',
      'mice-guard.json',
      'never-offload.json',
      'pinned-slice.json',
    ]);
    assert.deepEqual(
      tests,
      policies.map((name) => name.replace('.json', '.test.json')),
    );
    const guide = readFileSync(repositoryFile('docs/policies.md'), 'utf8');
    for (const name of policies) {
      const [policy] = parsePolicies([text(name)]).policies;
      assert.equal(`${policy.name}.json`, name);
      assert.match(policy.description ?? '', /.{40}/);
      assert(guide.includes(`\`${policy.name}\``), `${name} is not in docs/policies.md`);
    }
  });

  for (const name of BESIDE_DEFAULT) {
    it(`${name} can be loaded beside default.json, in either order`, () => {
      parsePolicies([text('default.json'), text(name)]);
      parsePolicies([text(name), text('default.json')]);
    });
  }

  for (const name of tests) {
    it(`pass ${name}`, async function () {
      this.timeout(20_000);
      const results = await runTestFile(policyFile(name), { signal: never() });
      assert(results.length >= 3, `${results.length} tests`);
      const problems = results.flatMap((r) => r.problems.map((p) => `${p.line}: ${p.message}`));
      assert.deepEqual(problems, []);
      assert(results.every((r) => r.verdict === 'pass'));
    });
  }
});

function text(name: string): { file: string; text: string } {
  return { file: name, text: readFileSync(policyFile(name), 'utf8') };
}
