/* oxlint-disable unicorn/no-thenable -- "then" is a keyword of JSON Schema */
import { REQUESTED_PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { NUMERIC_FACTS } from '../facts/facts.ts';
import { CONDITION_DEFS } from './schema/condition-schema.ts';
import {
  OWN_FACTS,
  SCHEDULES,
  SECTION_DEFS,
  SHARED_CONDITIONS,
  SLICES,
} from './schema/section-schemas.ts';
import { activeSchema, description, NAME, quantity } from './schema/words.ts';

/** Event types of flow rules. */
export const EVENT_TYPES: readonly string[] = REQUESTED_PLACEMENT_NAMES.slice(1);

/** The event type of node rules. */
export const SET_FACT = 'set-fact';

/**
 * JSON Schema (2020-12) of a policy document. `policies/policy.schema.json`, which editors use,
 * is this object written to a file.
 *
 * It uses nested if/then/else instead of oneOf, so that a mistake leads to one error and not to one
 * per alternative. Editors show `enumDescriptions` beside the names. Names of facts and operators
 * are suggested but not enforced, because the checker gives better messages for them.
 */
export const POLICY_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Norikae policy',
  description: 'Which flows are offloaded from the vSwitch, and which are onloaded.',
  type: 'object',
  required: ['name', 'version', 'rules'],
  additionalProperties: false,
  properties: {
    $schema: { type: 'string', description: 'Path of this schema, for editors.' },
    name: { ...NAME, description: 'Unique among the policies that are loaded together.' },
    description: description('Purpose of the policy.'),
    version: { type: 'string', minLength: 1, description: 'Version of the policy, for people.' },
    mode: {
      enum: ['enforce', 'shadow'],
      enumDescriptions: [
        'The requests of its rules are applied.',
        'The requests of its rules are recorded and move nothing.',
      ],
      default: 'enforce',
      description: 'Whether the policy is enforced.',
    },
    active: activeSchema('otherwise the policy has no effect.'),
    schedules: SCHEDULES,
    slices: SLICES,
    facts: OWN_FACTS,
    conditions: SHARED_CONDITIONS,
    rules: {
      type: 'array',
      minItems: 1,
      items: { $ref: '#/$defs/rule' },
      description: 'Of the rules that hold for a flow, the one with the highest priority decides.',
    },
  },
  $defs: {
    rule: {
      type: 'object',
      required: ['name', 'conditions', 'event'],
      additionalProperties: false,
      properties: {
        name: { ...NAME, description: 'Unique in the policy.' },
        description: description('Purpose of the rule.'),
        scope: {
          enum: ['flow', 'node'],
          enumDescriptions: [
            'Evaluated for each flow; requests a placement.',
            'Evaluated once per tick; sets a fact of the policy.',
          ],
          default: 'flow',
          description: 'Scope of the rule.',
        },
        priority: {
          type: 'integer',
          minimum: 1,
          maximum: 1_000_000,
          default: 1,
          description: 'The highest priority decides; among equals, the first rule in the policy.',
        },
        active: activeSchema('otherwise the rule does not hold.'),
        conditions: { $ref: '#/$defs/root' },
        event: { $ref: '#/$defs/event' },
      },
    },
    event: {
      type: 'object',
      required: ['type'],
      description: 'Effect of the rule when its conditions hold.',
      properties: {
        type: {
          enum: [...EVENT_TYPES, SET_FACT],
          enumDescriptions: [
            'Move the flow to the NIC. Holds if all its packets meet the conditions.',
            'Keep the flow on the vSwitch, or move it back. Holds if any of its packets may meet the conditions.',
            'Move the flow to the fast path. Holds if all its packets meet the conditions.',
            'Keep the flow off the fast path, or move it back. Holds if any of its packets may meet the conditions.',
            'Set a fact of the policy (node rules).',
          ],
        },
      },
      if: { required: ['type'], properties: { type: { const: SET_FACT } } },
      then: {
        additionalProperties: false,
        required: ['params'],
        properties: {
          type: true,
          params: {
            type: 'object',
            required: ['fact', 'value'],
            additionalProperties: false,
            properties: {
              fact: { type: 'string', description: 'Name of a fact that the policy declares.' },
              value: {
                if: { type: 'object' },
                then: { $ref: '#/$defs/amount' },
                else: { type: ['number', 'string', 'boolean'] },
                description:
                  'New value of the fact: a value, or a linear function of another fact.',
              },
            },
          },
        },
      },
      else: {
        additionalProperties: false,
        properties: {
          type: true,
          params: {
            type: 'object',
            additionalProperties: false,
            properties: {
              score: {
                if: { type: 'object' },
                then: { $ref: '#/$defs/amount' },
                else: {
                  if: { type: 'string' },
                  then: { anyOf: [{ enum: NUMERIC_FACTS }, true] },
                  else: { type: 'number', minimum: 0 },
                },
                default: 'worth',
                description:
                  'Order among flows that request entries: a numeric fact or a number; larger is better. Default: the fact worth.',
              },
            },
          },
        },
      },
    },
    amount: {
      type: 'object',
      required: ['fact'],
      additionalProperties: false,
      description:
        'A linear function of a fact: fact * times + plus, bounded by atLeast and atMost.',
      properties: {
        fact: { $ref: '#/$defs/fact' },
        params: { $ref: '#/$defs/params' },
        path: { $ref: '#/$defs/path' },
        times: { type: 'number', default: 1, description: 'Factor.' },
        plus: quantity('Summand.', [100, '1kpps']),
        atLeast: quantity('Lower bound of the result.', [100, '1kpps']),
        atMost: quantity('Upper bound of the result.', [10_000, '10kpps']),
      },
    },
    ...SECTION_DEFS,
    ...CONDITION_DEFS,
  },
};
