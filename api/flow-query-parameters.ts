import type { FlowQuery } from './flow-views.ts';

/** A query for flows as parameters of a URL; `parseFlowQuery` reads them. */
export function flowQueryParameters(query: FlowQuery): string {
  const parameters = new URLSearchParams({ sort: query.sort, limit: String(query.limit) });
  if (query.placement !== undefined) parameters.set('placement', query.placement);
  if (query.slice !== undefined) parameters.set('slice', query.slice);
  if (query.port !== undefined) parameters.set('port', query.port);
  if (query.connections === true) parameters.set('connections', 'true');
  if (query.offset !== undefined) parameters.set('offset', String(query.offset));
  for (const word of query.words) parameters.append('word', word);
  return parameters.toString();
}
