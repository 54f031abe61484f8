import { UNITS } from '../../model/units.ts';
import { description, KEY, quantity } from './words.ts';

/** Schedules, by name. */
export const SCHEDULES = {
  type: 'object',
  description: 'Times at which rules or the whole policy are active.',
  propertyNames: KEY,
  additionalProperties: { $ref: '#/$defs/schedule' },
};

/** Slices, by name, in order. */
export const SLICES = {
  type: 'object',
  description: 'Slices: members and quotas. A flow belongs to the first slice that matches.',
  propertyNames: KEY,
  additionalProperties: { $ref: '#/$defs/slice' },
};

/** Facts that node rules set, by name. */
export const OWN_FACTS = {
  type: 'object',
  description: 'Facts of this policy: its node rules set them, its rules read them.',
  propertyNames: KEY,
  additionalProperties: { $ref: '#/$defs/ownFact' },
};

/** Shared conditions, by name. */
export const SHARED_CONDITIONS = {
  type: 'object',
  description: 'Conditions that rules refer to as { "condition": name }.',
  propertyNames: KEY,
  additionalProperties: { $ref: '#/$defs/root' },
};

/** Definitions under `$defs` of the policy's schema. */
export const SECTION_DEFS = {
  schedule: {
    type: 'object',
    required: ['cron', 'duration'],
    additionalProperties: false,
    properties: {
      description: description('Purpose of the schedule.'),
      cron: {
        type: 'string',
        description:
          'Start times: minute, hour, day of the month, month, day of the week (or six fields, seconds first).',
        examples: ['0 2 * * *', '30 22 * * fri'],
      },
      timezone: {
        type: 'string',
        default: 'UTC',
        description: 'Time zone of the expression.',
        examples: ['Europe/Berlin', 'UTC'],
      },
      duration: quantity('Duration, in ms or with a unit; up to 31 days.', ['2h', '45min']),
      before: quantity('Time before each start from which it is active.', ['5min']),
      after: quantity('Time after each end until which it is active.', ['5min']),
    },
  },
  slice: {
    type: 'object',
    required: ['members'],
    additionalProperties: false,
    properties: {
      description: description('Purpose or owner of the slice.'),
      members: {
        type: 'array',
        minItems: 1,
        maxItems: 1000,
        description: 'A flow belongs to the slice if one of them matches.',
        items: {
          type: 'object',
          minProperties: 1,
          additionalProperties: false,
          description: 'Matches if all its properties match.',
          properties: {
            port: description(
              'Port by which the flow enters, or the first port that it is sent to.',
            ),
            vm: description('VM at either end.'),
            vlan: {
              type: 'integer',
              minimum: 0,
              maximum: 4095,
              description: 'VLAN id of the outermost tag.',
            },
            subnet: {
              type: 'string',
              description: 'Subnet that the source or the destination lies in.',
              examples: ['10.1.0.0/16', 'fd00:1::/32'],
            },
          },
        },
      },
      weight: {
        type: 'number',
        exclusiveMinimum: 0,
        default: 1,
        description: 'Weight in the division of the entries beyond all guarantees.',
      },
      guaranteed: quantity('Guaranteed entries: a number, or a share of the table.', [200, '25%']),
      maximum: quantity('Maximum entries: a number, or a share of the table.', [1000, '50%']),
    },
  },
  ownFact: {
    type: 'object',
    required: ['type'],
    additionalProperties: false,
    properties: {
      description: description('Meaning of the fact.'),
      type: { enum: ['number', 'string', 'boolean'], description: 'Type of the value.' },
      unit: {
        enum: UNITS,
        description: 'Unit of a number: quantities in rules are checked against it.',
      },
      initial: {
        type: ['number', 'string', 'boolean'],
        description: 'Value while no rule sets it. Default: missing.',
      },
    },
  },
};
