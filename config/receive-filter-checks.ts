import type { JsonDocument, JsonPath } from '../text/json-document.ts';
import type { Problem } from '../text/problem.ts';
import type { ConfigFile } from './config-file.ts';

/** Checks the section of receive filters and what it needs. */
export function checkReceiveFilters(
  { backend, receiveFilters }: ConfigFile,
  document: JsonDocument,
): Problem[] {
  const problems: Problem[] = [];
  const report = (path: JsonPath, message: string): void => {
    problems.push(document.problemAt(path, message));
  };
  if (backend.adapter !== 'ntuple') {
    if (receiveFilters !== undefined) {
      const message = 'is used only with "backend.adapter": "ntuple"; remove it, or set that';
      report(['receiveFilters'], message);
    }
    return problems;
  }
  if (receiveFilters === undefined) {
    const message = 'backend "ntuple" needs the section "receiveFilters"';
    report(['backend', 'adapter'], message);
    return problems;
  }
  const seen = new Set<string>();
  for (const [n, { port }] of receiveFilters.targets.entries()) {
    if (seen.has(port)) {
      report(['receiveFilters', 'targets', n, 'port'], `another target has ${port}, too`);
    }
    seen.add(port);
  }
  return problems;
}
