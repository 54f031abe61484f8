import { packageVersion } from '../../platform/package-root.ts';
import { SUMMARIES } from '../../server/routes/summaries.ts';
import { Declarations } from './declarations.ts';
import { type Operation, OPERATIONS } from './operations.ts';
import { type Schema, Schemas } from './schemas.ts';

/**
 * The OpenAPI document of the HTTP port (OpenAPI Specification 3.1): what a response holds is made from the
 * types of the API and their comments.
 */
export function openApiDocument(): unknown {
  const schemas = new Schemas(new Declarations());
  const paths = Object.entries(OPERATIONS).map(([path, operation]) => {
    const { id, parameters } = operation;
    const get = {
      operationId: id,
      summary: summaryOf(path),
      ...(parameters === undefined ? {} : { parameters }),
      responses: responsesOf(operation, schemas),
    };
    return [path, { get }];
  });
  return {
    openapi: '3.1.0',
    info: {
      title: 'Norikae',
      version: packageVersion(),
      summary: 'Read access to a daemon: its node, flows and decisions.',
      description:
        'Within /api/v1, fields may be added; the fields described here do not change. An unknown value ' +
        'is null. Times are in ms, rates in bits/s and packets/s, shares from 0 to 1.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: Object.fromEntries(paths),
    components: {
      schemas: Object.fromEntries([...schemas.components].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function summaryOf(path: string): string {
  return new Map<string, string>(Object.entries(SUMMARIES)).get(path) ?? path;
}

function responsesOf({ responses }: Operation, schemas: Schemas): unknown {
  return Object.fromEntries(
    Object.entries(responses).map(([status, content]) => {
      const isText = typeof content === 'string';
      const schema: Schema = isText ? {} : schemas.named(...content);
      const media = isText ? content : 'application/json';
      const description = DESCRIPTIONS[status] ?? status;
      return [status, { description, content: { [media]: { schema } } }];
    }),
  );
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  200: 'OK',
  400: 'an unknown or invalid parameter',
  404: 'no such flow, or an ambiguous id',
  503: 'not now: not healthy, not ready, or too many streams',
};
