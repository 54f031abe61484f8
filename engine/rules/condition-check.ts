import type { JsonDocument, JsonPath } from '../text/json-document.ts';
import type { Problem } from '../text/problem.ts';
import { isFactReference } from './condition.ts';
import { comparisonProblems } from './comparison-check.ts';

/**
 * What the schema cannot say of a document's conditions: whether facts, operators and values go
 * together. Looks into what is well-formed and leaves the rest to the schema's own messages.
 */
export function conditionProblems(document: JsonDocument): Problem[] {
  const found: Problem[] = [];
  const rules = member(document.value, 'rules');
  if (!Array.isArray(rules)) return found;
  rules.forEach((rule: unknown, i) => {
    const walk = { document, found };
    walkCondition(walk, ['rules', i, 'conditions'], member(rule, 'conditions'), false);
  });
  return found;
}

interface Walk {
  readonly document: JsonDocument;
  readonly found: Problem[];
}

/** `negated`: an odd number of "not" is around it. */
function walkCondition(walk: Walk, path: JsonPath, condition: unknown, negated: boolean): void {
  for (const word of ['all', 'any'] as const) {
    const children = member(condition, word);
    if (!Array.isArray(children)) continue;
    children.forEach((child: unknown, i) => {
      walkCondition(walk, [...path, word, i], child, negated);
    });
  }
  const inner = member(condition, 'not');
  if (inner !== undefined) walkCondition(walk, [...path, 'not'], inner, !negated);
  const operator = member(condition, 'operator');
  if (isFactReference(condition) && typeof operator === 'string' && 'value' in condition) {
    const comparison = { ...condition, operator, value: condition.value };
    for (const { at, message } of comparisonProblems(comparison, negated)) {
      walk.found.push(walk.document.problemAt([...path, ...at], message));
    }
  }
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([k]) => k === key)?.[1];
}
