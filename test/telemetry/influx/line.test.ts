import assert from 'node:assert/strict';
import fc from 'fast-check';
import { InfluxClient } from '../../../telemetry/influx/client.ts';
import { lineOf, tagValue, textValue } from '../../../telemetry/influx/line.ts';
import { MEASUREMENTS } from '../../../telemetry/influx/measurements.ts';
import { needs } from '../../support/needs.ts';
import { RealInflux } from './real-influx.ts';

/** Characters and sequences with a meaning in the protocol, and lone surrogates. */
const NASTY = [
  ' ',
  ',',
  '=',
  '"',
  "'",
  '\\',
  '\n',
  '\r',
  '\t',
  '\0',
  '#',
  '|',
  'é',
  '日',
  '🚆',
].concat(['\u2028', '\ud800', '\udc00', 'a', '1', 'i', '\\n', "\\'", '\\"']);
const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

describe('line protocol', () => {
  it('writes each type as InfluxDB reads it, and the time in ns', () => {
    const fields = { flows: 3.6, host_cpu: 0.25, held: true, coverage_bytes: 1e-9 };
    assert.equal(
      lineOf('norikae_node', { node: 'a' }, fields, AT_MS, 7),
      'norikae_node,node=a flows=4i,coverage_bytes=1e-9,host_cpu=0.25,held=true 1767323045678000007',
    );
  });

  it('leaves out fields without a value, and points without fields', () => {
    const none = { flows: Number.NaN, host_cpu: undefined, coverage_bytes: Infinity };
    assert.equal(lineOf('norikae_node', { node: 'a' }, none, AT_MS), undefined);
    assert.equal(
      lineOf('norikae_node', { node: 'a' }, { ...none, flows: -0 }, AT_MS),
      'norikae_node,node=a flows=0i 1767323045678000000',
    );
    assert.match(
      lineOf('norikae_slice', { node: 'a', slice: '', path: undefined }, { flows: 1 }, 0) ?? '',
      /^norikae_slice,node=a flows=1i /,
    );
  });

  it('writes integers up to 64 bits without an exponent, and leaves out larger ones', () => {
    const line = (bytes: number): string | undefined =>
      lineOf('norikae_path', { node: 'a', path: 'nic' }, { bytes }, 0);
    assert.match(line(2 ** 62) ?? '', / bytes=4611686018427388000i /);
    assert.equal(line(2 ** 63), undefined);
    assert.equal(line(-(2 ** 63)), undefined);
  });

  it('has names that need no escaping and are unique among tags and fields', () => {
    for (const [name, { tags, fields }] of Object.entries(MEASUREMENTS)) {
      const keys = [name, 'node', 'time', ...Object.keys(tags), ...Object.keys(fields)];
      assert.equal(new Set(keys).size, keys.length, name);
      for (const key of keys) assert.match(key, /^[a-z][a-z_]*$/);
    }
  });

  describe('on a real InfluxDB', () => {
    let influx: RealInflux;
    let client: InfluxClient;
    const signal = new AbortController().signal;

    before(async function () {
      needs(this, 'influxd');
      influx = await RealInflux.start();
      client = new InfluxClient({ url: influx.url, database: 'lines', timeoutMs: 5_000 });
      await client.createDatabase(signal);
    });

    after(async () => {
      client?.close();
      await influx?.remove();
    });

    /** Writes lines with distinct times, and reads them back in order. */
    async function roundTrip(lines: readonly (string | undefined)[]) {
      const written = lines.filter((line) => line !== undefined);
      await client.write(written, signal);
      const rows = await influx.query('SELECT * FROM /.*/ ORDER BY time', 'lines');
      await influx.query('DROP DATABASE lines; CREATE DATABASE lines');
      assert.equal(rows.length, written.length);
      return rows;
    }

    const nasty = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc
        .array(fc.constantFrom(...NASTY), {
          maxLength: 12,
        })
        .map((parts) => parts.join('')),
    );

    it('reads back every tag and text as tagValue and textValue return it', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(nasty, nasty, nasty), { minLength: 20, maxLength: 60 }),
          async (names) => {
            const rows = await roundTrip(
              names.map(([slice, path, title], i) =>
                lineOf(
                  'norikae_decision',
                  {
                    node: `n${slice}`,
                    mode: path,
                    from: slice,
                    to: '1',
                    cause: undefined,
                    reason: '1',
                    backend: undefined,
                  },
                  { title, tick: i },
                  AT_MS,
                  i,
                ),
              ),
            );
            names.forEach(([slice, path, title], i) => {
              const row = rows[i];
              assert.equal(row.node, tagValue(`n${slice}`));
              assert.equal(row.from ?? '', tagValue(slice));
              assert.equal(row.mode ?? '', tagValue(path));
              assert.equal(row.title, textValue(title));
              assert.equal(row.tick, i);
            });
          },
        ),
        { numRuns: 25 },
      );
    });

    it('reads back every number unchanged', async () => {
      const numbers = fc.array(
        fc.record({
          whole: fc.maxSafeInteger(),
          real: fc.double({ noNaN: true, noDefaultInfinity: true }),
          flag: fc.boolean(),
        }),
        { minLength: 20, maxLength: 60 },
      );
      await fc.assert(
        fc.asyncProperty(numbers, async (points) => {
          const rows = await roundTrip(
            points.map(({ whole, real, flag }, i) =>
              lineOf(
                'norikae_node',
                { node: 'a' },
                { flows: whole, host_cpu: real, held: flag },
                AT_MS + i,
              ),
            ),
          );
          points.forEach(({ whole, real, flag }, i) => {
            const { time, flows, host_cpu, held } = rows[i];
            assert.equal(Date.parse(String(time)), AT_MS + i);
            assert.equal(flows, whole === 0 ? 0 : whole);
            // JSON has no minus zero.
            assert.equal(host_cpu, real === 0 ? 0 : real);
            assert.equal(held, flag);
          });
        }),
        { numRuns: 15 },
      );
    });
  });
});
