import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { needs } from '../support/needs.ts';
import { runToEnd } from '../support/programs.ts';

const RULES = join(packageRoot(), 'dashboards/prometheus/norikae.rules.yml');
const TESTS = join(packageRoot(), 'dashboards/prometheus/norikae.rules.test.yml');

/** The values of a key at the start of a line, at any indentation. */
function valuesOf(text: string, key: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^ *(?:- )?${key}: (.*)$`, 'gm'))].map((m) => m[1]);
}

describe('rules and alerts', () => {
  const text = readFileSync(RULES, 'utf8');
  const alerts = valuesOf(text, 'alert');

  describe('in promtool', () => {
    before(function () {
      needs(this, 'promtool');
    });

    it('are well-formed', async () => {
      const { code, output } = await runToEnd('promtool', ['check', 'rules', RULES]);
      assert.equal(code, 0, output);
      assert.doesNotMatch(output, /duplicate|warning/i);
    });

    it('do what their tests say', async () => {
      const { code, output } = await runToEnd('promtool', ['test', 'rules', TESTS]);
      assert.equal(code, 0, output);
    });
  });

  it('have a test for each alert', () => {
    const tests = readFileSync(TESTS, 'utf8');
    for (const alert of alerts) {
      assert.match(
        tests,
        new RegExp(`alertname: ${alert}\\n *eval_time: .*\\n *exp_alerts:\\n`),
        alert,
      );
    }
  });

  it('name an existing section of the operations guide', () => {
    const guide = readFileSync(join(packageRoot(), 'docs/operations.md'), 'utf8');
    const runbooks = valuesOf(text, 'runbook');
    assert.deepEqual(
      runbooks,
      alerts.map((alert) => `docs/operations.md, section "${alert}"`),
    );
    for (const alert of alerts) assert.match(guide, new RegExp(`^#+ ${alert}$`, 'm'), alert);
  });
});
