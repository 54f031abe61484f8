/** One line on each route that only reads, by path. */
export const SUMMARIES = {
  '/api/v1': 'this list',
  '/api/v1/openapi.json': 'this API as an OpenAPI 3.1 document',
  '/api/v1/status':
    'daemon, node, backends, sources, slices, ports and policies, as of the last tick',
  '/api/v1/flows':
    'a page of the flows: sort, limit, offset, placement, slice, port, connections, word',
  '/api/v1/flows/{flow}/why': 'why a flow is where it is, by its ufid or a unique prefix of it',
  '/api/v1/decisions': 'the latest changes of placement, latest first: flow, limit',
  '/api/v1/history': 'the last ten minutes, one point per second, in columns',
  '/api/v1/stream': 'ticks and decisions as server-sent events',
  '/metrics': 'metrics for Prometheus',
  '/healthz': '200 while the loop runs',
  '/readyz': '200 while sources are fresh, backends are started and policies are in force',
} as const;

/** Path of a route that only reads. */
export type ReadPath = keyof typeof SUMMARIES;

/** Method, path and summary of a route that only reads. */
export function reading(path: ReadPath): {
  readonly method: 'GET';
  readonly path: ReadPath;
  readonly summary: string;
} {
  return { method: 'GET', path, summary: SUMMARIES[path] };
}
