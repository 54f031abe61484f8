import type { PoliciesView } from '../../api/status-view.ts';
import type { PolicyManager } from './policy-manager.ts';

/** The policies' part of the status. */
export function policiesView(manager: PolicyManager, watching: boolean): PoliciesView {
  const { inForce, lastReload } = manager;
  return {
    files: manager.files,
    rules: inForce?.rules.length ?? 0,
    problems: manager.problems,
    revision: inForce?.revision ?? '',
    since: new Date(manager.sinceMs).toISOString(),
    inForce: (inForce?.policies ?? []).map(({ file, name, version, revision, mode }) => {
      const rules = inForce?.rules.filter((rule) => rule.policy === name).length ?? 0;
      return { file, name, version, revision, mode, rules };
    }),
    lastReload:
      lastReload === undefined
        ? null
        : { at: new Date(lastReload.atMs).toISOString(), result: lastReload.result },
    watching,
  };
}
