/* oxlint-disable unicorn/no-thenable -- "then" is a keyword of JSON Schema */
import { DECORATORS } from '../../operators/decorators.ts';
import type { FactDefinition } from '../../model/fact.ts';
import { FACTS } from '../../facts/facts.ts';
import { OPERATORS } from '../../operators/operators.ts';

/** Maximum per group; the cost of json-rules-engine grows with its square. */
const MAX_CONDITIONS = 100;

/** Definitions for conditions, under `$defs` of the policy's schema. */
export const CONDITION_DEFS = {
  root: {
    type: 'object',
    description: 'One of all, any, not and a reference to a shared condition.',
    if: {
      anyOf: [
        { required: ['all'] },
        { required: ['any'] },
        { required: ['not'] },
        { required: ['condition'] },
      ],
    },
    then: { $ref: '#/$defs/condition' },
    else: { required: ['all'] },
  },
  condition: {
    type: 'object',
    if: { required: ['all'] },
    then: group('all', 'Holds when all of them hold.'),
    else: {
      if: { required: ['any'] },
      then: group('any', 'Holds when at least one of them holds.'),
      else: {
        if: { required: ['not'] },
        then: {
          additionalProperties: false,
          properties: {
            ...conditionOptions(),
            not: { $ref: '#/$defs/condition', description: 'Holds when this does not.' },
          },
        },
        else: {
          if: { required: ['condition'] },
          then: {
            additionalProperties: false,
            properties: {
              ...conditionOptions(),
              condition: {
                type: 'string',
                description: 'Name of a shared condition of this policy.',
              },
            },
          },
          else: { $ref: '#/$defs/comparison' },
        },
      },
    },
  },
  comparison: {
    required: ['fact', 'operator', 'value'],
    additionalProperties: false,
    properties: {
      ...conditionOptions(),
      fact: { $ref: '#/$defs/fact' },
      operator: {
        type: 'string',
        description: `Comparison of the fact with the value. Can be decorated: ${DECORATORS.map((d) => `"${d.name}:"`).join(', ')}.`,
        anyOf: [
          {
            enum: OPERATORS.map((o) => o.name),
            enumDescriptions: OPERATORS.map((o) => o.description),
          },
          true,
        ],
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
        description:
          'A value, a quantity with a unit such as "10Mbit/s", a list of them, or another fact as { "fact": name }.',
      },
      params: { $ref: '#/$defs/params' },
      path: { $ref: '#/$defs/path' },
    },
  },
  fact: {
    type: 'string',
    description: 'Name of a fact: one of these, or one that the policy declares.',
    anyOf: [{ enum: FACTS.map((f) => f.name), enumDescriptions: FACTS.map(factSummary) }, true],
  },
  params: { type: 'object', description: 'Parameters of the fact.' },
  path: { type: 'string', description: 'Member of a fact that is an object, as $.member.' },
};

function group(key: 'all' | 'any', description: string) {
  return {
    additionalProperties: false,
    properties: {
      ...conditionOptions(),
      [key]: {
        type: 'array',
        minItems: 1,
        maxItems: MAX_CONDITIONS,
        items: { $ref: '#/$defs/condition' },
        description,
      },
    },
  };
}

function conditionOptions() {
  return {
    name: { type: 'string', description: 'Purpose of the condition.' },
    priority: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      description:
        'Conditions with a higher priority are evaluated first. Never changes the verdict.',
    },
  };
}

function factSummary(fact: FactDefinition): string {
  const unit = fact.unit === undefined ? '' : `, ${fact.unit}`;
  return `${fact.description} (${fact.type}${unit}; such as ${fact.example})`;
}
