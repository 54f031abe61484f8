import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { FLOW_SORTS } from '../../api/flow-views.ts';
import { PAGE_LIMITS } from '../../server/http/http-routes.ts';
import type { ReadPath } from '../../server/routes/summaries.ts';
import type { Schema } from './schemas.ts';

/** A parameter of a URL. */
export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly required: boolean;
  readonly description: string;
  readonly schema: Schema & Readonly<Record<string, unknown>>;
}

/** What is said of a route beyond its path and its summary. */
export interface Operation {
  readonly id: string;
  readonly parameters?: readonly Parameter[];
  /** Type of a response with a status, and the file that declares it; a text: its media type. */
  readonly responses: Readonly<Record<string, readonly [type: string, path: string] | string>>;
}

const ERROR = ['ErrorResponse', 'api/responses.ts'] as const;
const HEALTH = ['Health', 'server/http/health.ts'] as const;

function query(name: string, description: string, schema: Parameter['schema']): Parameter {
  return { name, in: 'query', required: false, description, schema };
}

function limit(max: number, what: string): Parameter {
  const schema = { type: 'integer', minimum: 1, maximum: max, default: 20 };
  return query('limit', `maximum number of ${what}`, schema);
}

/** By path. */
export const OPERATIONS: Readonly<Record<ReadPath, Operation>> = {
  '/api/v1': { id: 'routes', responses: { 200: ['RouteList', 'api/responses.ts'] } },
  '/api/v1/openapi.json': { id: 'openapi', responses: { 200: 'application/json' } },
  '/api/v1/status': { id: 'status', responses: { 200: ['StatusView', 'api/status-view.ts'] } },
  '/api/v1/flows': {
    id: 'flows',
    parameters: [
      query('sort', 'key of the order, largest first', { enum: FLOW_SORTS, default: 'rate' }),
      limit(PAGE_LIMITS.flows, 'flows'),
      query('offset', 'flows to skip', { type: 'integer', minimum: 0, default: 0 }),
      query('placement', 'only flows with this placement', { enum: PLACEMENT_NAMES }),
      query('slice', 'only flows of this slice', { type: 'string' }),
      query('port', 'only flows that enter or leave by this port', { type: 'string' }),
      query('connections', 'true: only connections', { type: 'boolean', default: false }),
      query('word', 'a word in id, match, actions, VM or reason; all must occur', {
        type: 'array',
        items: { type: 'string' },
      }),
    ],
    responses: { 200: ['FlowPage', 'api/flow-views.ts'], 400: ERROR },
  },
  '/api/v1/flows/{flow}/why': {
    id: 'why',
    parameters: [
      {
        name: 'flow',
        in: 'path',
        required: true,
        description: 'a ufid or a unique prefix of it',
        schema: { type: 'string' },
      },
    ],
    responses: {
      200: ['WhyResponse', 'api/responses.ts'],
      404: ['UnknownFlowResponse', 'api/responses.ts'],
    },
  },
  '/api/v1/decisions': {
    id: 'decisions',
    parameters: [
      query('flow', 'only of flows whose ufid begins so', { type: 'string' }),
      limit(PAGE_LIMITS.decisions, 'decisions'),
    ],
    responses: { 200: ['DecisionPage', 'api/decision-record.ts'], 400: ERROR },
  },
  '/api/v1/history': { id: 'history', responses: { 200: ['HistoryView', 'api/history-view.ts'] } },
  '/api/v1/stream': { id: 'stream', responses: { 200: 'text/event-stream', 503: ERROR } },
  '/metrics': { id: 'metrics', responses: { 200: 'text/plain' } },
  '/healthz': { id: 'health', responses: { 200: HEALTH, 503: HEALTH } },
  '/readyz': { id: 'readiness', responses: { 200: HEALTH, 503: HEALTH } },
};
