import type { PolicySet } from './policy-set.ts';

/** The policies as if all of them were enforced, to show the effect of shadow policies. */
export function enforced(policies: PolicySet): PolicySet {
  return {
    ...policies,
    policies: policies.policies.map((policy) => ({ ...policy, mode: 'enforce' })),
    rules: policies.rules.map((rule) => ({ ...rule, mode: 'enforce' })),
  };
}
