import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '../../scripts/openapi/document.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { type DemoDaemon, startDemoDaemon } from '../support/demo-daemon.ts';
import { freePort } from '../support/free-port.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Requests of which the answers are checked: the path in the document, the URL, the status. */
const REQUESTS = [
  ['/api/v1', 'api/v1', 200],
  ['/api/v1/status', 'api/v1/status', 200],
  ['/api/v1/flows', 'api/v1/flows?limit=1000&sort=score', 200],
  ['/api/v1/flows', 'api/v1/flows?limit=0', 400],
  ['/api/v1/flows/{flow}/why', 'api/v1/flows/nosuchflow/why', 404],
  ['/api/v1/decisions', 'api/v1/decisions?limit=1000', 200],
  ['/api/v1/decisions', 'api/v1/decisions?word=x', 400],
  ['/api/v1/history', 'api/v1/history', 200],
  ['/healthz', 'healthz', 200],
  ['/readyz', 'readyz', 200],
] as const;

describe('the OpenAPI document', function () {
  this.timeout(60_000);
  const document: unknown = openApiDocument();
  const strict = new Ajv2020({ strict: false });
  strict.addSchema({ $id: 'api', ...Object(closed(document)) });
  let folder: ReturnType<typeof temporaryFolder>;
  let daemon: DemoDaemon;

  before(async () => {
    folder = temporaryFolder();
    daemon = await startDemoDaemon(folder.path, await freePort());
  });

  after(async () => {
    await daemon?.stop();
    folder?.remove();
  });

  it('is made from the types as they are', () => {
    const file = readFileSync(join(packageRoot(), 'api/openapi.json'), 'utf8');
    assert.deepEqual(JSON.parse(file), document, 'run: npx tsx scripts/openapi/write.ts');
  });

  it('is served, and has every route that the server lists', async () => {
    assert.deepEqual((await get('api/v1/openapi.json')).body, document);
    const { routes } = Object((await get('api/v1')).body);
    const listed = Array.from<{ path: string; summary: string }>(routes);
    const { paths } = Object(document);
    for (const { path, summary } of listed) assert.equal(paths[path]?.get.summary, summary, path);
    const described = Object.keys(paths).filter((path) => path.startsWith('/api/'));
    assert.deepEqual(described.toSorted(), listed.map(({ path }) => path).toSorted());
  });

  for (const [path, url, status] of REQUESTS) {
    it(`describes every field of ${url} (${status})`, async () => {
      await assertDescribed(path, url, status);
    });
  }

  it('describes every field of why, for a flow with an entry and one without', async () => {
    for (const placement of ['offload', 'onload']) {
      const { flows } = Object((await get(`api/v1/flows?limit=1&placement=${placement}`)).body);
      const [{ id }] = Array.from<{ id: string }>(flows);
      await assertDescribed('/api/v1/flows/{flow}/why', `api/v1/flows/${id}/why`, 200);
    }
  });

  it('refuses answers that lack a field, have one of another type, or one that is not described', async () => {
    const validate = validator('/api/v1/status', 200);
    const status = Object((await get('api/v1/status')).body);
    assert.ok(validate(status));
    const { node: _, ...without } = status;
    assert.ok(!validate(without));
    assert.ok(!validate({ ...status, uptimeMs: 'long' }));
    assert.ok(!validate({ ...status, unknown: 1 }));
    assert.ok(!validate({ ...status, flows: { ...status.flows, elsewhere: 1 } }));
  });

  async function get(url: string): Promise<{ status: number; body: unknown }> {
    const response = await fetch(daemon.url + url, { signal: AbortSignal.timeout(10_000) });
    return { status: response.status, body: await response.json() };
  }

  async function assertDescribed(path: string, url: string, status: number): Promise<void> {
    const answer = await get(url);
    assert.equal(answer.status, status);
    const validate = validator(path, status);
    assert.ok(validate(answer.body), JSON.stringify(validate.errors));
  }

  function validator(path: string, status: number): ReturnType<typeof strict.compile> {
    const { paths } = Object(document);
    assert.ok('schema' in paths[path].get.responses[status].content['application/json'], path);
    const pointer = path.replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D');
    const at = `responses/${status}/content/application~1json/schema`;
    return strict.compile({ $ref: `api#/paths/${pointer}/get/${at}` });
  }
});

/** The same schemas without further properties, so that a field that is not described is found. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inside = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, closed(value)]),
  );
  const isObject = 'properties' in schema && 'required' in schema;
  return isObject ? { ...inside, additionalProperties: false } : inside;
}
