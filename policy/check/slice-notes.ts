import { didYouMean } from '../../text/nearest.ts';
import type { Problem } from '../../text/problem.ts';
import { type Comparison, isFactReference } from '../model/condition.ts';
import type { Place } from '../model/place.ts';
import type { PolicySet } from '../model/policy-set.ts';
import { comparisonsOf, referencesOf } from '../model/uses.ts';
import { decoratedOperator } from '../operators/decorators.ts';

/**
 * Notes for authors, not errors: slices that rules name and no policy declares. A port can still
 * name such a slice (`norikae:slice` in OVSDB).
 */
export function sliceNotes(policies: PolicySet): readonly Problem[] {
  const files = new Map(policies.policies.map(({ name, file }) => [name, file]));
  const declared = policies.slices.map((slice) => slice.name);
  return [...policies.rules, ...policies.nodeRules].flatMap(({ name, policy, at, conditions }) =>
    namesIn(comparisonsOf(conditions), at)
      .filter(({ slice }) => !declared.includes(slice))
      .map(({ slice, place }) => {
        const message =
          `note: rule "${name}" names slice "${slice}", which no policy declares` +
          (didYouMean(slice, declared) || '; only ports can belong to it');
        return { file: files.get(policy) ?? '', ...place, message };
      }),
  );
}

/** Slices that comparisons name: in values of the fact `slice` and in the parameter of `sliceUse`. */
function namesIn(comparisons: readonly Comparison[], at: Place) {
  const found = comparisons.flatMap((comparison) => {
    const place = comparison.at ?? at;
    const { fact, operator, value } = comparison;
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    const isPattern = decoratedOperator(operator)?.operator.operand === 'pattern';
    const compared = fact === 'slice' && !isPattern ? values : [];
    const params = referencesOf(comparison).map(({ params: of }) => of?.['slice']);
    return [...(isFactReference(value) ? [] : compared), ...params].flatMap((slice) =>
      typeof slice === 'string' ? [{ slice, place }] : [],
    );
  });
  return [...new Map(found.map((name) => [name.slice, name])).values()];
}
