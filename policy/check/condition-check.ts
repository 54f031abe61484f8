import type { JsonDocument, JsonPath } from '../../text/json-document.ts';
import { didYouMean } from '../../text/nearest.ts';
import type { Problem } from '../../text/problem.ts';
import { comparisonProblems } from './comparison-check.ts';
import { isFactReference } from '../model/condition.ts';
import type { Names } from '../document/names.ts';
import { elements, entries, member, quoted, textAt } from '../document/literal.ts';

/** Position and context of a condition. */
interface Context {
  readonly path: JsonPath;
  /** True inside an odd number of "not". */
  readonly negated: boolean;
  readonly scope: 'flow' | 'node';
  /** Shared conditions that contain it, outermost first. */
  readonly enclosing: readonly string[];
}

/**
 * Checks of conditions beyond the schema: facts, operators and values match, and references can be
 * resolved. Malformed parts are skipped, because the schema's messages report them.
 */
export function conditionProblems(document: JsonDocument, names: Names): Problem[] {
  const walk = new ConditionWalk(document, names);
  for (const [name, condition] of entries(member(document.value, 'conditions'))) {
    const path = ['conditions', name];
    walk.visit(condition, { path, negated: false, scope: 'flow', enclosing: [name] });
  }
  elements(member(document.value, 'rules')).forEach((rule, i) => {
    const scope = textAt(rule, 'scope') === 'node' ? 'node' : 'flow';
    const path = ['rules', i, 'conditions'];
    walk.visit(member(rule, 'conditions'), { path, negated: false, scope, enclosing: [] });
  });
  return walk.found;
}

/** Messages about shared conditions, by name and context. */
type MessagesByContext = Map<string, readonly string[]>;

class ConditionWalk {
  readonly found: Problem[] = [];
  readonly #document: JsonDocument;
  readonly #names: Names;
  readonly #messagesByContext: MessagesByContext;
  /** True while a shared condition is visited; its messages are collected and not reported. */
  readonly #nested: boolean;

  constructor(document: JsonDocument, names: Names, messagesByContext?: MessagesByContext) {
    this.#document = document;
    this.#names = names;
    this.#nested = messagesByContext !== undefined;
    this.#messagesByContext = messagesByContext ?? new Map();
  }

  visit(condition: unknown, context: Context): void {
    const { path, negated } = context;
    for (const key of ['all', 'any'] as const) {
      elements(member(condition, key)).forEach((child, i) => {
        this.visit(child, { ...context, path: [...path, key, i] });
      });
    }
    const inner = member(condition, 'not');
    if (inner !== undefined) {
      this.visit(inner, { ...context, path: [...path, 'not'], negated: !negated });
    }
    const shared = textAt(condition, 'condition');
    if (shared !== undefined) this.#reference(shared, context);
    const operator = textAt(condition, 'operator');
    const value = member(condition, 'value');
    if (isFactReference(condition) && operator !== undefined && value !== undefined) {
      const comparison = { ...condition, operator, value };
      for (const { at, message } of comparisonProblems(comparison, negated, this.#names)) {
        this.#report([...path, ...at], message);
      }
      this.#scopeProblems(condition, path, context);
      this.#scopeProblems(value, [...path, 'value'], context);
    }
  }

  #scopeProblems(reference: unknown, path: JsonPath, { scope }: Context): void {
    if (scope === 'flow' || !isFactReference(reference)) return;
    const of = reference.params?.of;
    const isChange = reference.fact === 'rateOfChange' && typeof of === 'string';
    const fact = this.#names.factNamed(isChange ? of : reference.fact);
    if (fact === undefined || fact.scope === 'node') return;
    const message = `${fact.name} is a fact of flows; a node rule can use only facts of the node`;
    this.#report([...path, 'fact'], message);
  }

  #reference(name: string, context: Context): void {
    const { path, enclosing, negated, scope } = context;
    if (!this.#names.conditions.has(name)) {
      this.#report([...path, 'condition'], unknownShared(name, [...this.#names.conditions.keys()]));
      return;
    }
    // cycle-check.ts reports cycles.
    if (enclosing.includes(name)) return;
    const messages = this.#sharedMessages(name, { ...context, enclosing: [...enclosing, name] });
    if (this.#nested) {
      for (const message of messages) this.#report([...path, 'condition'], message);
      return;
    }
    const withoutContext = this.#sharedMessages(name, {
      ...context,
      negated: false,
      scope: 'flow',
      enclosing: [name],
    });
    const known = new Set(negated || scope === 'node' ? withoutContext : messages);
    for (const message of messages) {
      if (known.has(message)) continue;
      const text = `condition "${name}" cannot be used here: ${message}`;
      this.#report([...path, 'condition'], text);
    }
  }

  /** Messages about a shared condition in the context of a reference to it. */
  #sharedMessages(name: string, context: Context): readonly string[] {
    const key = `${context.negated} ${context.scope} ${name}`;
    const known = this.#messagesByContext.get(key);
    if (known !== undefined) return known;
    const walk = new ConditionWalk(this.#document, this.#names, this.#messagesByContext);
    walk.visit(this.#names.conditions.get(name), { ...context, path: ['conditions', name] });
    const messages = [...new Set(walk.found.map((p) => p.message))];
    this.#messagesByContext.set(key, messages);
    return messages;
  }

  #report(path: JsonPath, message: string): void {
    this.found.push(this.#document.problemAt(path, message));
  }
}

function unknownShared(name: string, known: readonly string[]): string {
  const hint = didYouMean(name, known);
  const list =
    known.length === 0 ? '; the policy has none' : `; shared conditions are ${quoted(known)}`;
  return `unknown shared condition "${name}"${hint === '' ? list : hint}`;
}
