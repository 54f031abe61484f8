import type { FactDefinition, FactLookup } from '../model/fact.ts';
import { FACTS, factNamed } from '../facts/facts.ts';
import { elements, entries, member, textAt } from './literal.ts';

/** What can be named in one policy document. */
export interface Names {
  readonly policy: string;
  /** Facts by the names that the document gives them: the catalogue's and its own. */
  readonly factNamed: FactLookup;
  readonly factNames: readonly string[];
  /** Facts that the document declares. */
  readonly ownFacts: readonly string[];
  readonly schedules: readonly string[];
  /** Shared conditions, as written. */
  readonly conditions: ReadonlyMap<string, unknown>;
}

/**
 * What a document declares, well-formed or not.
 *
 * @param programFacts facts that the program brings along, besides the catalogue's
 */
export function namesIn(document: unknown, programFacts: readonly FactDefinition[]): Names {
  const policy = textAt(document, 'name') ?? '';
  const own = new Map(
    entries(member(document, 'facts')).flatMap(([name, fact]) => {
      const definition = ownFact(policy, name, fact, givenTo(document, name));
      return definition === undefined ? [] : [[name, definition]];
    }),
  );
  return {
    policy,
    factNamed: (name) =>
      factNamed(name) ?? programFacts.find((f) => f.name === name) ?? own.get(name),
    factNames: [...[...FACTS, ...programFacts].map((f) => f.name), ...own.keys()],
    ownFacts: [...own.keys()],
    schedules: entries(member(document, 'schedules')).map(([name]) => name),
    conditions: new Map(entries(member(document, 'conditions'))),
  };
}

/** Name that a fact, a schedule or a rule of a policy has outside of it. */
export function fullName(policy: string, name: string): string {
  return `${policy}/${name}`;
}

/** What the rules of a document set a fact to. */
function givenTo(document: unknown, name: string): readonly unknown[] {
  return elements(member(document, 'rules')).flatMap((rule) => {
    const params = member(member(rule, 'event'), 'params');
    return textAt(params, 'fact') === name ? [member(params, 'value')] : [];
  });
}

/** A fact that a document declares, under the name it has there. */
function ownFact(
  policy: string,
  name: string,
  written: unknown,
  given: readonly unknown[],
): FactDefinition | undefined {
  const type = textAt(written, 'type');
  if (type !== 'number' && type !== 'string' && type !== 'boolean') return undefined;
  const unit = textAt(written, 'unit');
  const initial = member(written, 'initial');
  const examples = { number: '500', string: '"calm"', boolean: 'true' };
  const full = fullName(policy, name);
  const words = [...(initial === undefined ? [] : [initial]), ...given];
  const values = words.filter((value) => typeof value === 'string');
  return {
    name,
    scope: 'node',
    type,
    description: textAt(written, 'description') ?? 'Set by node rules of the policy.',
    source: 'Node rules of the policy',
    example: initial === undefined ? examples[type] : JSON.stringify(initial),
    ...(unit === undefined ? {} : { unit }),
    // Every word that it can be is written in the policy.
    ...(type === 'string' && values.length > 0 ? { values: [...new Set(values)] } : {}),
    ...(initial === undefined ? { missing: 'no node rule sets it' } : {}),
    read: (v) => v.memory.given(full),
  };
}
