import type { JsonDocument, JsonPath } from '../../text/json-document.ts';
import { didYouMean } from '../../text/nearest.ts';
import type { Problem } from '../../text/problem.ts';
import { comparisonProblems } from './comparison-check.ts';
import { isFactReference } from '../model/condition.ts';
import type { Names } from '../document/names.ts';
import { elements, entries, member, quoted, textAt } from '../document/literal.ts';

/** Where a condition stands, and what that asks of it. */
interface Place {
  readonly path: JsonPath;
  /** An odd number of "not" is around it. */
  readonly negated: boolean;
  readonly scope: 'flow' | 'node';
  /** Shared conditions that it is a part of, outermost first. */
  readonly inside: readonly string[];
}

/**
 * What the schema cannot say of a document's conditions: whether facts, operators and values go
 * together, and references lead somewhere. Looks into what is well-formed and leaves the rest to
 * the schema's own messages.
 */
export function conditionProblems(document: JsonDocument, names: Names): Problem[] {
  const walk = new ConditionWalk(document, names);
  for (const [name, condition] of entries(member(document.value, 'conditions'))) {
    const path = ['conditions', name];
    walk.look(condition, { path, negated: false, scope: 'flow', inside: [name] });
  }
  elements(member(document.value, 'rules')).forEach((rule, i) => {
    const scope = textAt(rule, 'scope') === 'node' ? 'node' : 'flow';
    const path = ['rules', i, 'conditions'];
    walk.look(member(rule, 'conditions'), { path, negated: false, scope, inside: [] });
  });
  return walk.found;
}

/** Messages on what is behind a reference, by how it is referred to. */
type Demands = Map<string, readonly string[]>;

class ConditionWalk {
  readonly found: Problem[] = [];
  readonly #document: JsonDocument;
  readonly #names: Names;
  readonly #demands: Demands;
  /** While what is behind a reference is looked at: gathers all of it, told nowhere. */
  readonly #gathers: boolean;

  constructor(document: JsonDocument, names: Names, demands?: Demands) {
    this.#document = document;
    this.#names = names;
    this.#gathers = demands !== undefined;
    this.#demands = demands ?? new Map();
  }

  look(condition: unknown, place: Place): void {
    const { path, negated } = place;
    for (const word of ['all', 'any'] as const) {
      elements(member(condition, word)).forEach((child, i) => {
        this.look(child, { ...place, path: [...path, word, i] });
      });
    }
    const inner = member(condition, 'not');
    if (inner !== undefined) {
      this.look(inner, { ...place, path: [...path, 'not'], negated: !negated });
    }
    const shared = textAt(condition, 'condition');
    if (shared !== undefined) this.#reference(shared, place);
    const operator = textAt(condition, 'operator');
    const value = member(condition, 'value');
    if (isFactReference(condition) && operator !== undefined && value !== undefined) {
      const comparison = { ...condition, operator, value };
      for (const { at, message } of comparisonProblems(comparison, negated, this.#names)) {
        this.#report([...path, ...at], message);
      }
      this.#scopeProblems(condition, path, place);
      this.#scopeProblems(value, [...path, 'value'], place);
    }
  }

  #scopeProblems(reference: unknown, path: JsonPath, { scope }: Place): void {
    if (scope === 'flow' || !isFactReference(reference)) return;
    const of = reference.params?.of;
    const isChange = reference.fact === 'rateOfChange' && typeof of === 'string';
    const fact = this.#names.factNamed(isChange ? of : reference.fact);
    if (fact === undefined || fact.scope === 'node') return;
    const message = `${fact.name} is a fact of flows; a node rule looks at the node alone`;
    this.#report([...path, 'fact'], message);
  }

  #reference(name: string, place: Place): void {
    const { path, inside, negated, scope } = place;
    if (!this.#names.conditions.has(name)) {
      this.#report([...path, 'condition'], unknownShared(name, [...this.#names.conditions.keys()]));
      return;
    }
    // A round of references is told elsewhere.
    if (inside.includes(name)) return;
    const there = this.#behind(name, { ...place, inside: [...inside, name] });
    if (this.#gathers) {
      for (const message of there) this.#report([...path, 'condition'], message);
      return;
    }
    const alone = this.#behind(name, { ...place, negated: false, scope: 'flow', inside: [name] });
    const known = new Set(negated || scope === 'node' ? alone : there);
    for (const message of there) {
      if (known.has(message)) continue;
      const text = `condition "${name}" cannot be used here: ${message}`;
      this.#report([...path, 'condition'], text);
    }
  }

  /** What is wrong with a shared condition where it is asked for so. */
  #behind(name: string, place: Place): readonly string[] {
    const key = `${place.negated} ${place.scope} ${name}`;
    const known = this.#demands.get(key);
    if (known !== undefined) return known;
    const walk = new ConditionWalk(this.#document, this.#names, this.#demands);
    walk.look(this.#names.conditions.get(name), { ...place, path: ['conditions', name] });
    const messages = [...new Set(walk.found.map((p) => p.message))];
    this.#demands.set(key, messages);
    return messages;
  }

  #report(path: JsonPath, message: string): void {
    this.found.push(this.#document.problemAt(path, message));
  }
}

function unknownShared(name: string, known: readonly string[]): string {
  const hint = didYouMean(name, known);
  const there = known.length === 0 ? '; the policy has none' : `; there are ${quoted(known)}`;
  return `unknown shared condition "${name}"${hint === '' ? there : hint}`;
}
