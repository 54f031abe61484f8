import type { JsonDocument } from '../text/json-document.ts';
import type { Problem } from '../text/problem.ts';
import type { BackendConfig } from './config.ts';
import type { ConfigFile } from './config-file.ts';

/** Backends whose tables can have an entry for a connection, beside the meter at tc ingress. */
const BACKENDS: ReadonlySet<BackendConfig['adapter'] | undefined> = new Set([
  undefined,
  'auto',
  'xdp',
  'tcx',
  'cls_bpf',
  'none',
] as const);

/** Checks the section of connections and what it needs. */
export function checkConnections(
  { node, backend, connections }: ConfigFile,
  document: JsonDocument,
): Problem[] {
  if (connections === undefined) return [];
  if (node.adapter !== 'ovs') {
    return [document.problemAt(['connections'], 'needs "node.adapter": "ovs"')];
  }
  if (BACKENDS.has(backend.adapter)) return [];
  const why = `needs a backend at XDP or tc ingress ("auto"), not "${backend.adapter}"`;
  return [document.problemAt(['connections'], why)];
}
