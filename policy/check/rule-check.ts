import type { JsonDocument, JsonPath } from '../../text/json-document.ts';
import { didYouMean } from '../../text/nearest.ts';
import type { Problem } from '../../text/problem.ts';
import { isFactReference } from '../model/condition.ts';
import { elementProblem, numberIn, withArticle } from './literal-check.ts';
import type { Names } from '../document/names.ts';
import { EVENT_TYPES, SET_FACT } from '../document/policy-schema.ts';
import { referenceProblems } from './reference-check.ts';
import { type Subject, subjectOf } from '../document/subject.ts';
import { elements, entries, isRecord, member, quoted, shown, textAt } from '../document/literal.ts';

/** Checks of rules beyond the schema: names, events, scores, and facts that node rules set. */
export function ruleProblems(document: JsonDocument, names: Names): Problem[] {
  const check = new RuleCheck(document, names);
  check.active([], member(document.value, 'active'));
  const rules = elements(member(document.value, 'rules'));
  check.repeatedNames(rules);
  rules.forEach((rule, i) => {
    check.active(['rules', i], member(rule, 'active'));
    check.event(['rules', i], rule);
  });
  check.factsNeverSet(rules);
  return check.found;
}

class RuleCheck {
  readonly found: Problem[] = [];
  readonly #document: JsonDocument;
  readonly #names: Names;

  constructor(document: JsonDocument, names: Names) {
    this.#document = document;
    this.#names = names;
  }

  repeatedNames(rules: readonly unknown[]): void {
    const used = new Set<string>();
    rules.forEach((rule, i) => {
      const name = textAt(rule, 'name');
      if (name === undefined) return;
      if (used.has(name)) {
        this.#report(['rules', i, 'name'], `the policy has another rule with the name "${name}"`);
      }
      used.add(name);
    });
  }

  /** Checks `active`: the name of a schedule, or a list. */
  active(at: JsonPath, active: unknown): void {
    const path = [...at, 'active'];
    const list = typeof active === 'string' ? [active] : elements(active);
    list.forEach((name, i) => {
      if (typeof name !== 'string' || this.#names.schedules.includes(name)) return;
      const { schedules } = this.#names;
      const hint = didYouMean(name, schedules);
      const none = schedules.length === 0 ? '; the policy has none under "schedules"' : '';
      const there = hint === '' && none === '' ? `; schedules are ${quoted(schedules)}` : '';
      const where = typeof active === 'string' ? path : [...path, i];
      this.#report(where, `unknown schedule "${name}"${hint}${none}${there}`);
    });
  }

  /** Finds facts that never have a value. */
  factsNeverSet(rules: readonly unknown[]): void {
    const set = new Set(
      rules.map((rule) => textAt(member(member(rule, 'event'), 'params'), 'fact')),
    );
    for (const [name, fact] of entries(member(this.#document.value, 'facts'))) {
      if (set.has(name) || member(fact, 'initial') !== undefined) continue;
      if (!this.#names.ownFacts.includes(name)) continue;
      const message = `no rule sets "${name}" and it has no "initial"; it is always missing`;
      this.#report(['facts', name], message);
    }
  }

  event(at: JsonPath, rule: unknown): void {
    const event = member(rule, 'event');
    const type = textAt(event, 'type');
    const node = textAt(rule, 'scope') === 'node';
    if (type === SET_FACT && !node) {
      const message = 'only a rule with "scope": "node" sets facts';
      this.#report([...at, 'event', 'type'], message);
    } else if (node && type !== undefined && EVENT_TYPES.includes(type)) {
      const message = `a node rule sets a fact ("${SET_FACT}") and cannot request a placement`;
      this.#report([...at, 'event', 'type'], message);
    }
    const params = member(event, 'params');
    if (type === SET_FACT) this.#setFact([...at, 'event', 'params'], params);
    else this.#score([...at, 'event', 'params', 'score'], member(params, 'score'));
  }

  #score(path: JsonPath, score: unknown): void {
    if (typeof score === 'string') {
      const fact = this.#names.factNamed(score);
      if (fact?.type === 'number' && fact.params === undefined) return;
      const numbers = this.#names.factNames.filter((n) => {
        const known = this.#names.factNamed(n);
        return known?.type === 'number' && known.params === undefined;
      });
      const hint = didYouMean(score, numbers);
      const message = `a score is a number or the name of a numeric fact, not ${shown(score)}${hint}`;
      this.#report(path, message);
    } else if (isRecord(score)) {
      this.#linear(path, score, { ...PLAIN_NUMBER, name: 'a score' }, 'flow');
    }
  }

  #setFact(path: JsonPath, params: unknown): void {
    const name = textAt(params, 'fact');
    if (name === undefined) return;
    const fact = this.#names.factNamed(name);
    const own = this.#names.ownFacts;
    if (fact === undefined || !own.includes(name)) {
      const what =
        fact === undefined ? `unknown fact "${name}"` : `${name} is not a fact of this policy`;
      const none =
        own.length === 0
          ? '; declare it under "facts"'
          : `; facts of this policy are ${quoted(own)}`;
      const hint = didYouMean(name, own);
      this.#report([...path, 'fact'], `${what}${hint === '' ? none : hint}`);
      return;
    }
    const value = member(params, 'value');
    const subject = subjectOf({ fact: name }, fact, this.#names);
    if (isRecord(value)) {
      if (fact.type === 'number') this.#linear([...path, 'value'], value, subject, 'node');
      else {
        const message = `${name} is ${withArticle(fact.type)}; only a number can be computed from a fact`;
        this.#report([...path, 'value'], message);
      }
    } else if (value !== undefined) {
      const message = elementProblem(subject, value, false);
      if (message !== undefined)
        this.#report([...path, 'value'], message.replace('never matches', 'cannot be set'));
    }
  }

  /** Checks a linear function; `target`: its result, with the unit of the bounds. */
  #linear(path: JsonPath, linear: object, target: Subject, scope: 'flow' | 'node'): void {
    if (!isFactReference(linear)) return;
    const problems = referenceProblems(linear, [], this.#names);
    for (const { at, message } of problems) this.#report([...path, ...at], message);
    const fact = this.#names.factNamed(linear.fact);
    if (fact === undefined || problems.length > 0) return;
    const source = subjectOf(linear, fact, this.#names);
    if (source.type !== 'number') {
      const message = `${target.name} is computed from a number, and ${fact.name} is ${withArticle(source.type)}`;
      this.#report([...path, 'fact'], message);
    }
    if (scope === 'node' && fact.scope === 'flow') {
      const message = `${fact.name} is a fact of flows; a node rule can use only facts of the node`;
      this.#report([...path, 'fact'], message);
    }
    const times = member(linear, 'times');
    if (target.unit !== undefined && source.unit !== target.unit && times === undefined) {
      const is = source.unit === undefined ? 'has no unit' : `is in ${source.unit}`;
      const message = `${fact.name} ${is}, and ${target.name} is in ${target.unit}; specify "times"`;
      this.#report([...path, 'fact'], message);
    }
    this.#bounds(path, linear, target);
  }

  #bounds(path: JsonPath, linear: object, target: Subject): void {
    for (const key of ['plus', 'atLeast', 'atMost']) {
      const value = member(linear, key);
      const message =
        value === undefined
          ? undefined
          : elementProblem({ ...target, range: undefined }, value, false);
      if (message !== undefined)
        this.#report([...path, key], message.replace('never matches', 'cannot be'));
    }
    const [low, high] = ['atLeast', 'atMost'].map((key) => numberIn(target, member(linear, key)));
    if (low !== undefined && high !== undefined && low > high) {
      this.#report(
        [...path, 'atLeast'],
        '"atLeast" is above "atMost"; the bounds contradict each other',
      );
    }
  }

  #report(path: JsonPath, message: string): void {
    this.found.push(this.#document.problemAt(path, message));
  }
}

/** A number without unit and range. */
const PLAIN_NUMBER: Subject = {
  name: '',
  type: 'number',
  unit: undefined,
  range: undefined,
  values: undefined,
  form: undefined,
  address: false,
  missing: undefined,
};
