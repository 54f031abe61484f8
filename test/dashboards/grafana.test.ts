import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmulatedDaemon } from '../../dashboards/emulated-daemon.ts';
import { dashboardFiles, FOLDER } from '../../dashboards/grafana/all.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { needs } from '../support/needs.ts';
import { PrometheusServer } from '../support/prometheus-server.ts';

const ROOT = packageRoot();
const RULES = join(ROOT, 'dashboards/prometheus/norikae.rules.yml');

/** The parts of a dashboard's JSON that these tests check. */
interface Dashboard {
  readonly uid: string;
  readonly tags: readonly string[];
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly links: readonly { readonly includeVars: boolean; readonly tags: readonly string[] }[];
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string }[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string;
}

const dashboards: readonly Dashboard[] = [...dashboardFiles().values()].map((text) =>
  JSON.parse(text),
);
const withData = dashboards.flatMap(({ uid, panels }) =>
  panels.filter((panel) => panel.type !== 'row').map((panel) => ({ uid, panel })),
);

describe('Grafana dashboards', () => {
  it('are up to date in the repository (run npm run dashboards)', () => {
    const files = dashboardFiles();
    assert.deepEqual(readdirSync(join(ROOT, FOLDER)).sort(), [...files.keys()].sort());
    for (const [name, text] of files) {
      assert.equal(readFileSync(join(ROOT, FOLDER, name), 'utf8'), text, name);
    }
  });

  it('have a description and a unit in each panel', () => {
    for (const { uid, panel } of withData) {
      const where = `${uid}: ${panel.title}`;
      assert.ok((panel.description ?? '').length > 10, where);
      assert.ok((panel.fieldConfig?.defaults.unit ?? '') !== '', where);
      assert.ok((panel.targets ?? []).length > 0, where);
    }
    for (const { uid, panels } of dashboards) {
      assert.equal(new Set(panels.map((p) => p.id)).size, panels.length, uid);
    }
  });

  it('link to each other and keep the variables', () => {
    for (const { uid, links, tags } of dashboards) {
      assert.deepEqual(
        links.map((l) => [l.includeVars, l.tags]),
        [[true, tags]],
        uid,
      );
    }
  });

  describe('on a Prometheus that scrapes a running daemon', () => {
    let daemon: EmulatedDaemon;
    let prometheus: PrometheusServer;

    before(async function () {
      needs(this, 'prometheus');
      this.timeout(60_000);
      daemon = await EmulatedDaemon.start();
      await daemon.untilPlaced();
      prometheus = await PrometheusServer.start(daemon.address, [RULES]);
      await untilScraped(6);
    });

    after(async () => {
      await prometheus?.stop();
      await daemon?.stop();
    });

    async function untilScraped(times: number): Promise<void> {
      const endMs = performance.now() + 30_000;
      const count = `count_over_time(norikae_held[1m])`;
      while (((await prometheus.query(count)).at(0)?.value ?? 0) < times) {
        assert.ok(performance.now() < endMs, `not scraped ${times} times in 30 s`);
        await sleep(200);
      }
    }

    /** An expression as Grafana sends it, with ranges as short as this test. */
    function asSent(expression: string): string {
      const values: Readonly<Record<string, string>> = {
        $instance: daemon.address,
        $slice: '.+',
        $port: '.+',
        $__rate_interval: '6s',
        $__range: '6s',
      };
      return expression.replaceAll(/\$\w+/g, (name) => {
        assert.ok(name in values, `${name} in ${expression} is not known`);
        return values[name];
      });
    }

    it('work with OpenMetrics from the daemon', async () => {
      assert.deepEqual(
        (await prometheus.query('up')).map((s) => s.value),
        [1],
      );
    });

    for (const { uid, panel } of withData) {
      it(`have data in ${uid}: ${panel.title}`, async () => {
        for (const { expr } of panel.targets ?? []) {
          const samples = await prometheus.query(asSent(expr));
          assert.ok(samples.length > 0, `no data for ${asSent(expr)}`);
          const known = samples.some((s) => !Number.isNaN(s.value));
          assert.ok(
            known || MAY_BE_UNKNOWN.has(panel.title),
            `nothing but NaN for ${asSent(expr)}`,
          );
        }
      });
    }

    it('have values for their variables', async () => {
      for (const { uid, templating } of dashboards) {
        for (const { name, type, query } of templating.list) {
          if (type !== 'query') continue;
          const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
          const series = await prometheus.series(asSent(selector));
          const choices = new Set(series.map((labels) => labels[label]));
          assert.ok(choices.size > 0 && !choices.has(''), `${uid}: $${name}`);
        }
      }
    });

    it('mark the time at which policies came into force', async () => {
      for (const { uid, annotations } of dashboards) {
        assert.equal(annotations.list.length, 1, uid);
        const marks = await prometheus.query(asSent(annotations.list[0].expr));
        assert.deepEqual(
          marks.map((m) => m.metric.policy),
          ['default'],
        );
        const agoMs = Date.now() - marks[0].value;
        assert.ok(agoMs > 0 && agoMs < 120_000, `${agoMs} ms ago`);
      }
    });

    it('can use the recording rules', async () => {
      const records = readFileSync(RULES, 'utf8').matchAll(/record: (\S+)/g);
      for (const [, record] of records) {
        const samples = await prometheus.query(record);
        assert.ok(samples.length > 0, record);
      }
    });
  });
});

/** Panels without data in a daemon's first seconds. */
const MAY_BE_UNKNOWN = new Set([
  'CPU saved (estimate)',
  'Cost of a packet on the vSwitch (estimate)',
]);
