import type { FactDefinition, FactLookup } from '../model/fact.ts';
import { FACTS, factNamed } from '../facts/facts.ts';
import { elements, entries, member, textAt } from './literal.ts';

/** Names that are valid in a policy document. */
export interface Names {
  readonly policy: string;
  /** Facts by their names in the document: of the catalogue, and of the policy. */
  readonly factNamed: FactLookup;
  readonly factNames: readonly string[];
  /** Names of the facts that the document declares. */
  readonly ownFacts: readonly string[];
  readonly schedules: readonly string[];
  /** Shared conditions, unchecked. */
  readonly conditions: ReadonlyMap<string, unknown>;
}

/**
 * Names in a document, which need not be valid.
 *
 * @param programFacts facts that the program adds to the catalogue
 */
export function namesIn(document: unknown, programFacts: readonly FactDefinition[]): Names {
  const policy = textAt(document, 'name') ?? '';
  const own = new Map(
    entries(member(document, 'facts')).flatMap(([name, fact]) => {
      const definition = ownFact(policy, name, fact, valuesSetFor(document, name));
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

/** Qualified name of a fact, schedule or rule of a policy. */
export function fullName(policy: string, name: string): string {
  return `${policy}/${name}`;
}

/** Values to which the rules of a document set a fact. */
function valuesSetFor(document: unknown, name: string): readonly unknown[] {
  return elements(member(document, 'rules')).flatMap((rule) => {
    const params = member(member(rule, 'event'), 'params');
    return textAt(params, 'fact') === name ? [member(params, 'value')] : [];
  });
}

/** A fact that a document declares, by its unqualified name. */
function ownFact(
  policy: string,
  name: string,
  spec: unknown,
  given: readonly unknown[],
): FactDefinition | undefined {
  const type = textAt(spec, 'type');
  if (type !== 'number' && type !== 'string' && type !== 'boolean') return undefined;
  const unit = textAt(spec, 'unit');
  const initial = member(spec, 'initial');
  const examples = { number: '500', string: '"calm"', boolean: 'true' };
  const full = fullName(policy, name);
  const all = [...(initial === undefined ? [] : [initial]), ...given];
  const values = all.filter((value) => typeof value === 'string');
  return {
    name,
    scope: 'node',
    type,
    description: textAt(spec, 'description') ?? 'Set by node rules of the policy.',
    source: 'Node rules of the policy',
    example: initial === undefined ? examples[type] : JSON.stringify(initial),
    ...(unit === undefined ? {} : { unit }),
    // The policy contains every value that the fact can have.
    ...(type === 'string' && values.length > 0 ? { values: [...new Set(values)] } : {}),
    ...(initial === undefined ? { missing: 'no node rule sets it' } : {}),
    read: (v) => v.memory.given(full),
  };
}
