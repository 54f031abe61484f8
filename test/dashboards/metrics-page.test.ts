import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EmulatedDaemon } from '../../dashboards/emulated-daemon.ts';
import { metricsPage } from '../../dashboards/metrics-page.ts';
import { packageRoot } from '../../platform/package-root.ts';

const PAGE = readFileSync(join(packageRoot(), 'docs/metrics.md'), 'utf8');

describe('the page of all metrics', () => {
  it('is up to date (run npm run dashboards)', async function () {
    this.timeout(40_000);
    const daemon = await EmulatedDaemon.start({ topFlows: 3 });
    try {
      await daemon.untilPlaced();
      assert.equal(PAGE, metricsPage(await daemon.metrics()));
    } finally {
      await daemon.stop();
    }
  });

  it('has a row for each metric in the guide', () => {
    const guide = readFileSync(join(packageRoot(), 'docs/operations.md'), 'utf8');
    // Other names are measurements of InfluxDB.
    const sections = guide.split(/^## /m).filter((s) => /^(Prometheus|Alerts)/.test(s));
    const names = new Set(sections.join('').match(/\bnorikae_[a-z_]+\b/g));
    for (const name of names) {
      assert.ok(PAGE.includes(`\`${name}\``), `${name} is not there`);
    }
    assert.ok(names.size > 10);
  });
});
