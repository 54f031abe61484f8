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
import { activeWords, description, NAME, quantity } from './schema/words.ts';

/** Event types that a flow rule can name. */
export const EVENT_TYPES: readonly string[] = REQUESTED_PLACEMENT_NAMES.slice(1);

/** The event type of node rules. */
export const SET_FACT = 'set-fact';

/**
 * JSON Schema (2020-12) of a policy document. `policies/policy.schema.json`, which editors use,
 * is this object written to a file.
 *
 * Nested if/then/else instead of oneOf, so that a mistake leads to one error and not to one for
 * every alternative. `enumDescriptions` is an editor's word: it shows them beside the names. Names
 * of facts and operators are offered and not demanded: the checker says what is wrong with them.
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
    description: description('What the policy is for.'),
    version: { type: 'string', minLength: 1, description: 'Version of the policy, for people.' },
    mode: {
      enum: ['enforce', 'shadow'],
      enumDescriptions: [
        'What its rules ask for is done.',
        'What its rules ask for is decided and recorded, and moves nothing.',
      ],
      default: 'enforce',
      description: 'Whether the policy is enforced.',
    },
    active: activeWords('the policy has a say only then.'),
    schedules: SCHEDULES,
    slices: SLICES,
    facts: OWN_FACTS,
    conditions: SHARED_CONDITIONS,
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
        description: description('What the rule is for.'),
        scope: {
          enum: ['flow', 'node'],
          enumDescriptions: [
            'Looked at for each flow; asks for a placement.',
            'Looked at once a tick; sets a fact of the policy.',
          ],
          default: 'flow',
          description: 'What the rule is about.',
        },
        priority: {
          type: 'integer',
          minimum: 1,
          maximum: 1_000_000,
          default: 1,
          description: 'Higher speaks first; among equals the first in the policy does.',
        },
        active: activeWords('the rule holds only then.'),
        conditions: { $ref: '#/$defs/root' },
        event: { $ref: '#/$defs/event' },
      },
    },
    event: {
      type: 'object',
      required: ['type'],
      description: 'What is done when the conditions hold.',
      properties: {
        type: {
          enum: [...EVENT_TYPES, SET_FACT],
          enumDescriptions: [
            'Move the flow to the NIC.',
            'Keep it on the vSwitch, or take it back.',
            'Move the flow to the fast path.',
            'Keep it off the fast path, or take it back.',
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
              fact: { type: 'string', description: 'Name of the fact, as the policy declares it.' },
              value: {
                if: { type: 'object' },
                then: { $ref: '#/$defs/amount' },
                else: { type: ['number', 'string', 'boolean'] },
                description: 'What it becomes: a value, or a number that follows another fact.',
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
                default: 'packetsPerSecond',
                description: 'How much the flow is worth an entry: a numeric fact or a number.',
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
      description: 'A number that follows a fact: fact * times + plus, from atLeast to atMost.',
      properties: {
        fact: { $ref: '#/$defs/fact' },
        params: { $ref: '#/$defs/params' },
        path: { $ref: '#/$defs/path' },
        times: { type: 'number', default: 1, description: 'What the fact is multiplied by.' },
        plus: quantity('What is added then.', [100, '1kpps']),
        atLeast: quantity('It is never less.', [100, '1kpps']),
        atMost: quantity('It is never more.', [10_000, '10kpps']),
      },
    },
    ...SECTION_DEFS,
    ...CONDITION_DEFS,
  },
};
