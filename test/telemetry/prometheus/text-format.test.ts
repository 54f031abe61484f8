import assert from 'node:assert/strict';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Exposition } from '../../../telemetry/prometheus/exposition.ts';
import { familyOf, series, SeriesList } from '../../../telemetry/prometheus/series.ts';
import { labelText, TextWriter, wantedFormat } from '../../../telemetry/prometheus/text-format.ts';

/** Accept header of a real Prometheus. */
const PROMETHEUS_ACCEPT =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

describe('Prometheus text', () => {
  it('is OpenMetrics only if the Accept header names it', () => {
    assert.equal(wantedFormat(PROMETHEUS_ACCEPT), 'openMetrics');
    assert.equal(wantedFormat('application/openmetrics-text'), 'openMetrics');
    for (const accept of [
      undefined,
      '',
      '*/*',
      'text/html,application/xhtml+xml,*/*;q=0.8',
      'text/plain;version=0.0.4',
      'application/openmetrics-text;q=0.2, text/plain',
      'application/openmetrics-text;version=1.0.0;q=0',
      'application/openmetrics-text;version=0.0.1',
      ';;,;q=x',
    ]) {
      assert.equal(wantedFormat(accept), 'prometheus', accept);
    }
  });

  it('escapes labels and leaves empty ones out', () => {
    assert.equal(
      labelText({ a: 'x"y\\z\n', b: '', c: undefined, d: 0 }),
      '{a="x\\"y\\\\z\\n",d="0"}',
    );
    assert.equal(labelText({}), '');
  });

  it('writes both formats from the same metrics at every scrape', async () => {
    const registry = new Registry();
    const registers = [registry];
    new Counter({ name: 'c_total', help: 'C.', labelNames: ['l'], registers }).inc({ l: 'v' }, 2);
    new Gauge({ name: 'g', help: 'G.', registers }).set(Number.POSITIVE_INFINITY);
    new Histogram({ name: 'h', help: 'H.', buckets: [1], registers }).observe(0.5);
    new Gauge({ name: 'empty', help: 'No sample.', labelNames: ['l'], registers }).reset();
    const values = [{ n: 1 }];
    const list = new SeriesList(
      () => values,
      (v) => [series({ l: 'v' }, v)],
    );
    const kept = familyOf({ name: 'k_total', help: 'K.', type: 'counter' }, list, (v) => v.n);
    const exposition = new Exposition(registry, [kept]);
    const body = (suffix: string): string =>
      [
        `# HELP c${suffix} C.\n# TYPE c${suffix} counter\nc_total{l="v"} 2\n`,
        '# HELP g G.\n# TYPE g gauge\ng +Inf\n',
        '# HELP h H.\n# TYPE h histogram\n',
        'h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\nh_sum 0.5\nh_count 1\n',
        `# HELP k${suffix} K.\n# TYPE k${suffix} counter\nk_total{l="v"} 1\n`,
      ].join('');
    for (let scrape = 0; scrape < 2; scrape++) {
      const plain = await exposition.expose('text/plain');
      assert.equal(plain.contentType, 'text/plain; version=0.0.4; charset=utf-8');
      assert.equal(plain.text, body('_total'));
      const open = await exposition.expose(PROMETHEUS_ACCEPT);
      assert.equal(open.contentType, 'application/openmetrics-text; version=1.0.0; charset=utf-8');
      assert.equal(open.text, `${body('')}# EOF\n`);
    }
  });

  it('has exactly the series of the current list', () => {
    let of: readonly { readonly name: string; n: number }[] = [{ name: 'a', n: 1 }];
    const list = new SeriesList(
      () => of,
      (v) => [series({ name: v.name }, v)],
    );
    const family = familyOf({ name: 'g', help: 'G.', type: 'gauge' }, list, (v) => v.n);
    const text = (): string => {
      const writer = new TextWriter('prometheus');
      writer.writeFamily(family);
      return writer.end();
    };
    assert.match(text(), /g\{name="a"\} 1\n$/);
    of[0].n = 2;
    assert.match(text(), /g\{name="a"\} 2\n$/);
    of = [{ name: 'b', n: 3 }];
    assert.match(text(), /gauge\ng\{name="b"\} 3\n$/);
    of = [];
    assert.equal(text(), '');
  });
});
