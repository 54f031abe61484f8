import type { JsonPath } from '../../text/json-document.ts';
import { didYouMean } from '../../text/nearest.ts';
import type { FactReference } from '../model/condition.ts';
import type { FactDefinition, ParamDefinition } from '../model/fact.ts';
import { NUMERIC_FACTS } from '../facts/facts.ts';
import type { Names } from '../document/names.ts';
import { quoted } from '../document/literal.ts';
import { factsFor } from './other-names.ts';

/** A problem, with a path relative to the checked part. */
export interface LocalProblem {
  readonly at: JsonPath;
  readonly message: string;
}

/** Checks that a reference has a known fact with valid members and parameters. */
export function referenceProblems(
  reference: FactReference,
  at: JsonPath,
  names: Names,
): LocalProblem[] {
  const fact = names.factNamed(reference.fact);
  if (fact === undefined) {
    const others = factsFor(reference.fact).map((name) => `"${name}"`);
    const hint =
      others.length === 0
        ? didYouMean(reference.fact, names.factNames)
        : `; did you mean ${others.join(' or ')}?`;
    return [{ at: [...at, 'fact'], message: `unknown fact "${reference.fact}"${hint}` }];
  }
  return [...pathProblems(reference, fact, at), ...paramProblems(reference, fact, at, names)];
}

function pathProblems(c: FactReference, fact: FactDefinition, at: JsonPath): LocalProblem[] {
  const paths = Object.keys(fact.members ?? {}).map((m) => `$.${m}`);
  if (fact.members === undefined && c.path !== undefined) {
    const type = fact.type === 'strings' ? 'list of strings' : fact.type;
    const message = `${fact.name} is a ${type} and has no members; remove "path"`;
    return [{ at: [...at, 'path'], message }];
  }
  if (fact.members !== undefined && c.path === undefined) {
    const message = `${fact.name} is an object: name a member, "path": one of ${quoted(paths)}`;
    return [{ at: [...at, 'fact'], message }];
  }
  if (c.path !== undefined && !paths.includes(c.path)) {
    const hint = didYouMean(c.path, paths);
    const choice = hint === '' ? `; members are ${quoted(paths)}` : hint;
    return [{ at: [...at, 'path'], message: `${fact.name} has no member "${c.path}"${choice}` }];
  }
  return [];
}

function paramProblems(
  c: FactReference,
  fact: FactDefinition,
  at: JsonPath,
  names: Names,
): LocalProblem[] {
  const wanted = fact.params ?? {};
  const known = Object.keys(wanted);
  const unknown = Object.keys(c.params ?? {})
    .filter((key) => !known.includes(key))
    .map((key) => {
      const what = known.length === 0 ? 'takes no parameters' : `has no parameter "${key}"`;
      const hint = didYouMean(key, known);
      return { at: [...at, 'params', key], message: `${fact.name} ${what}${hint}` };
    });
  const given = Object.entries(wanted).flatMap(([name, definition]) => {
    const value = c.params?.[name];
    if (typeof value === 'string') {
      const message = valueProblem(fact, name, definition, value, names);
      return message === undefined ? [] : [{ at: [...at, 'params', name], message }];
    }
    const message = `${fact.name} needs the parameter "${name}" (a string: ${definition.description})`;
    const where =
      value === undefined ? [c.params === undefined ? 'fact' : 'params'] : ['params', name];
    return [{ at: [...at, ...where], message }];
  });
  return [...unknown, ...given];
}

function valueProblem(
  fact: FactDefinition,
  name: string,
  definition: ParamDefinition,
  value: string,
  names: Names,
): string | undefined {
  const known = choices(fact, definition, names);
  if (known !== undefined && !known.includes(value)) {
    const hint = didYouMean(value, known);
    const list = known.length > 0 && known.length <= 8 ? `; it is one of ${quoted(known)}` : '';
    return `unknown value "${value}" of the parameter "${name}" of ${fact.name}${hint === '' ? list : hint}`;
  }
  return definition.problem?.(value);
}

/** All possible values of a parameter, if they are a fixed list. */
function choices(
  fact: FactDefinition,
  definition: ParamDefinition,
  names: Names,
): readonly string[] | undefined {
  if (fact.name === 'scheduleActive') return names.schedules;
  if (fact.name === 'rateOfChange') return NUMERIC_FACTS;
  return definition.values;
}
