import type { PoliciesView } from '../../api/status-view.ts';
import type { PolicyManager } from './policy-manager.ts';

/** What the daemon shows of its policies. */
export function policiesView(keeper: PolicyManager, watching: boolean): PoliciesView {
  const { inForce, lastReload } = keeper;
  return {
    files: keeper.files,
    rules: inForce?.rules.length ?? 0,
    problems: keeper.problems,
    revision: inForce?.revision ?? '',
    since: new Date(keeper.sinceMs).toISOString(),
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
