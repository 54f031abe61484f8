import type { FactReference } from '../model/condition.ts';
import type { FactDefinition, FactType, NumberRange, TextForm } from '../model/fact.ts';
import type { Names } from './names.ts';
import { perSecond } from '../model/units.ts';

/** One side of a comparison: a fact, a member of it, or an element of its list. */
export interface Subject {
  readonly name: string;
  readonly type: FactType;
  readonly unit: string | undefined;
  readonly range: NumberRange | undefined;
  readonly values: readonly string[] | undefined;
  readonly form: TextForm | undefined;
  readonly address: boolean;
  /** Why there can be no value, or none that is known. */
  readonly missing: string | undefined;
}

/** The subject of a well-formed reference. */
export function subjectOf(reference: FactReference, fact: FactDefinition, names: Names): Subject {
  const member = fact.members?.[reference.path?.slice(2) ?? ''];
  const of = typeof reference.params?.of === 'string' ? reference.params.of : undefined;
  const changing = fact.name === 'rateOfChange' && of !== undefined;
  return {
    name: fact.name,
    type: fact.type === 'object' ? 'number' : fact.type,
    unit: changing ? perSecond(names.factNamed(of)?.unit) : (member ?? fact).unit,
    range: (member ?? fact).range,
    values: fact.values,
    form: fact.form,
    address: fact.address === true,
    missing: fact.missing ?? fact.unknown,
  };
}

/** An element of a list of strings. */
export function elementOf(subject: Subject): Subject {
  return { ...subject, type: 'string' };
}
