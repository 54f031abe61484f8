import assert from 'node:assert/strict';
import { request } from 'node:http';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { parseDecisionQuery } from '../../../api/decision-query.ts';
import { flowQueryParameters } from '../../../api/flow-query-parameters.ts';
import { FlowQueryError, parseFlowQuery } from '../../../api/flow-query.ts';
import { FLOW_SORTS, type FlowQuery } from '../../../api/flow-views.ts';
import { AddressLimiter } from '../../../server/http/address-limiter.ts';
import { type HttpService, startHttpServer } from '../../../server/http/http-server.ts';
import { PLACEMENT_NAMES } from '../../../engine/model/flow.ts';
import { Exposition } from '../../../telemetry/prometheus/exposition.ts';
import { FakeView } from '../../support/fake-view.ts';
import { loopbackSettings } from '../support/http-settings.ts';
import { recordingLog } from '../../support/quiet-log.ts';

describe('garbled requests', function () {
  this.timeout(30_000);
  let service: HttpService;
  let lines: Record<string, unknown>[];

  before(async () => {
    const recording = recordingLog();
    lines = recording.lines;
    const sources = { view: new FakeView(), metrics: new Exposition(new Registry()) };
    service = await startHttpServer(loopbackSettings(), sources, recording.log);
  });

  after(() => service.close());

  it('never get a 500, whatever path, query and method', async () => {
    const known = fc.constantFrom(
      '/',
      '/metrics',
      '/api/v1/flows',
      '/api/v1/decisions',
      '/api/v1/flows/5b/why',
      '/api/v1',
    );
    const piece = fc.stringMatching(/^[!-~]{0,30}$/);
    const target = fc
      .tuple(
        fc.oneof(
          known,
          piece.map((p) => `/${p}`),
          piece,
        ),
        piece,
        fc.constantFrom('', '?', '?limit=', '/../', '//', '%'),
      )
      .map(([path, more, between]) => `${path}${between}${more}`)
      .filter((text) => text !== '' && !text.startsWith('/api/v1/stream'));
    const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE');
    await fc.assert(
      fc.asyncProperty(target, method, async (path, verb) => {
        const status = await statusOf(path, verb);
        assert.ok([200, 304, 400, 404, 405, 503].includes(status), `${verb} ${path}: ${status}`);
      }),
      { numRuns: 300 },
    );
    assert.deepEqual(
      lines.filter((line) => line.level === 'error'),
      [],
    );
  });

  function statusOf(path: string, method: string): Promise<number> {
    const { hostname, port } = new URL(service.url);
    return new Promise((resolve, reject) => {
      const outgoing = request({ hostname, port, path, method, timeout: 5_000 }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      });
      outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer to ${path}`)));
      outgoing.on('error', reject);
      outgoing.end();
    });
  }
});

describe('queries', () => {
  it('survive a round trip through a URL', () => {
    const word = fc.string({ minLength: 1, maxLength: 20 }).filter((w) => !/\s/.test(w));
    const query: fc.Arbitrary<FlowQuery> = fc.record(
      {
        sort: fc.constantFrom(...FLOW_SORTS),
        limit: fc.integer({ min: 1, max: 10_000 }),
        offset: fc.integer({ min: 1, max: 1_000_000 }),
        placement: fc.constantFrom(...PLACEMENT_NAMES),
        slice: fc.string(),
        port: fc.string(),
        words: fc.array(word, { maxLength: 16 }),
      },
      { requiredKeys: ['sort', 'limit', 'words'], noNullPrototype: true },
    );
    fc.assert(
      fc.property(query, (asked) => {
        assert.deepEqual(parseFlowQuery(new URLSearchParams(flowQueryParameters(asked))), asked);
      }),
    );
  });

  it('are parsed or refused with a FlowQueryError', () => {
    const parameters = fc.array(
      fc.tuple(
        fc.oneof(fc.constantFrom('sort', 'limit', 'offset', 'word', 'flow'), fc.string()),
        fc.string(),
      ),
    );
    fc.assert(
      fc.property(parameters, (pairs) => {
        for (const parse of [parseFlowQuery, parseDecisionQuery]) {
          try {
            const { limit } = parse(new URLSearchParams(pairs), 1_000);
            assert.ok(limit >= 1 && limit <= 1_000);
          } catch (error) {
            assert.ok(error instanceof FlowQueryError, String(error));
          }
        }
      }),
    );
  });
});

describe('address limiter', () => {
  it('counts an IPv6 /64 as one address, refills with time, and evicts the oldest', () => {
    const limiter = new AddressLimiter({ burst: 2, refillMs: 1_000 });
    limiter.count('2001:db8::1', 0);
    limiter.count('2001:db8:0:0:ffff::2', 0);
    assert.equal(limiter.waitMs('2001:db8::3', 0), 1_000);
    assert.equal(limiter.waitMs('2001:db8:0:1::3', 0), 0);
    assert.equal(limiter.waitMs('2001:db8::3', 1_000), 0);
    limiter.count('::ffff:192.0.2.1', 0);
    limiter.count('192.0.2.1', 0);
    assert.equal(limiter.waitMs('192.0.2.1', 0), 1_000);
    for (let i = 0; i < 1_024; i++) limiter.count(`10.0.${i >> 8}.${i & 255}`, 0);
    assert.equal(limiter.waitMs('192.0.2.1', 0), 0);
  });
});
