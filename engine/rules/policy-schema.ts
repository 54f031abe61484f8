/* oxlint-disable unicorn/no-thenable -- "then" is a keyword of JSON Schema */
import { WISH_NAMES } from '../model/flow.ts';
import type { FactDefinition } from './fact.ts';
import { FACTS, NUMERIC_FACTS } from './facts.ts';
import { OPERATORS } from './operators.ts';

/** Event types that a rule can name. */
export const EVENT_TYPES: readonly string[] = WISH_NAMES.slice(1);

/** In one group: json-rules-engine's cost grows with the square of it. */
const MOST_CONDITIONS = 100;

const NAME = {
  type: 'string',
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
  maxLength: 80,
};

/**
 * JSON Schema (2020-12) of a policy document. `policies/policy.schema.json`, which editors use,
 * is this object written to a file.
 *
 * Nested if/then/else instead of oneOf, so that a mistake leads to one error and not to one for
 * every alternative. `enumDescriptions` is an editor's word: it shows them beside the names.
 */
export const POLICY_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Norikae policy',
  description: 'Which flows are asked to leave the vSwitch, and which to come back.',
  type: 'object',
  required: ['name', 'version', 'rules'],
  additionalProperties: false,
  properties: {
    $schema: { type: 'string', description: 'Where this schema is, for editors.' },
    name: { ...NAME, description: 'Unique among the policies that are loaded together.' },
    description: { type: 'string', description: 'What the policy is for.' },
    version: { type: 'string', minLength: 1, description: 'Version of the policy, for people.' },
    rules: {
      type: 'array',
      minItems: 1,
      items: { $ref: '#/$defs/rule' },
      description: 'Of those that hold for a flow, the one with the highest priority speaks.',
    },
  },
  $defs: {
    rule: {
      type: 'object',
      required: ['name', 'conditions', 'event'],
      additionalProperties: false,
      properties: {
        name: { ...NAME, description: 'Unique in the policy.' },
        description: { type: 'string', description: 'What the rule is for.' },
        priority: {
          type: 'integer',
          minimum: 1,
          maximum: 1_000_000,
          default: 1,
          description: 'Higher speaks first; among equals the first in the policy does.',
        },
        conditions: { $ref: '#/$defs/root' },
        event: { $ref: '#/$defs/event' },
      },
    },
    event: {
      type: 'object',
      required: ['type'],
      additionalProperties: false,
      description: 'What is asked for a flow for which the conditions hold.',
      properties: {
        type: {
          enum: EVENT_TYPES,
          enumDescriptions: [
            'Move the flow to the NIC.',
            'Keep it on the vSwitch, or take it back.',
            'Move the flow to the fast path.',
            'Keep it off the fast path, or take it back.',
          ],
        },
        params: {
          type: 'object',
          additionalProperties: false,
          properties: {
            score: {
              if: { type: 'string' },
              then: { enum: NUMERIC_FACTS },
              else: { type: 'number', minimum: 0 },
              default: 'packetsPerSecond',
              description: 'How much the flow is worth an entry: a numeric fact or a number.',
            },
          },
        },
      },
    },
    root: {
      type: 'object',
      description: 'One of all, any and not.',
      if: { anyOf: [{ required: ['all'] }, { required: ['any'] }, { required: ['not'] }] },
      then: { $ref: '#/$defs/condition' },
      else: { required: ['all'] },
    },
    condition: {
      type: 'object',
      if: { required: ['all'] },
      then: group('all', 'Holds when every one of them holds.'),
      else: {
        if: { required: ['any'] },
        then: group('any', 'Holds when at least one of them holds.'),
        else: {
          if: { required: ['not'] },
          then: {
            additionalProperties: false,
            properties: {
              ...conditionWords(),
              not: { $ref: '#/$defs/condition', description: 'Holds when this does not.' },
            },
          },
          else: { $ref: '#/$defs/comparison' },
        },
      },
    },
    comparison: {
      required: ['fact', 'operator', 'value'],
      additionalProperties: false,
      properties: {
        ...conditionWords(),
        fact: { $ref: '#/$defs/fact' },
        operator: {
          enum: OPERATORS.map((o) => o.name),
          enumDescriptions: OPERATORS.map((o) => o.description),
          description: 'How the fact is compared with the value.',
        },
        value: {
          if: { type: 'object' },
          then: {
            required: ['fact'],
            additionalProperties: false,
            properties: {
              fact: { $ref: '#/$defs/fact' },
              params: { $ref: '#/$defs/params' },
              path: { $ref: '#/$defs/path' },
            },
          },
          description: 'A value, a list of values, or another fact as { "fact": name }.',
        },
        params: { $ref: '#/$defs/params' },
        path: { $ref: '#/$defs/path' },
      },
    },
    fact: {
      enum: FACTS.map((f) => f.name),
      enumDescriptions: FACTS.map(factSummary),
      description: 'Name of a fact.',
    },
    params: { type: 'object', description: 'Arguments of the fact, for those that take some.' },
    path: { type: 'string', description: 'Member of an object fact, as $.member.' },
  },
};

function group(word: 'all' | 'any', description: string) {
  return {
    additionalProperties: false,
    properties: {
      ...conditionWords(),
      [word]: {
        type: 'array',
        minItems: 1,
        maxItems: MOST_CONDITIONS,
        items: { $ref: '#/$defs/condition' },
        description,
      },
    },
  };
}

function conditionWords() {
  return {
    name: { type: 'string', description: 'What the condition is for.' },
    priority: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      description: 'Conditions with a higher one are looked at first. Never changes the verdict.',
    },
  };
}

function factSummary(fact: FactDefinition): string {
  const unit = fact.unit === undefined ? '' : `, ${fact.unit}`;
  return `${fact.description} (${fact.type}${unit}; such as ${fact.example})`;
}
