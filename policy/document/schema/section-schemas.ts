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
  description: 'Who belongs together, and what they get. A flow belongs to the first that has it.',
  propertyNames: KEY,
  additionalProperties: { $ref: '#/$defs/slice' },
};

/** Facts that node rules set, by name. */
export const OWN_FACTS = {
  type: 'object',
  description: 'Facts of this policy: its node rules set them, its rules look at them.',
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
      description: description('What happens then.'),
      cron: {
        type: 'string',
        description:
          'When it starts: minute, hour, day of the month, month, day of the week (or six fields, seconds first).',
        examples: ['0 2 * * *', '30 22 * * fri'],
      },
      timezone: {
        type: 'string',
        default: 'UTC',
        description: 'Time zone of the expression.',
        examples: ['Europe/Berlin', 'UTC'],
      },
      duration: quantity('How long it lasts, ms or with a unit; up to 31 days.', ['2h', '45min']),
      before: quantity('It is active so long before each start already.', ['5min']),
      after: quantity('It is active so long after each end still.', ['5min']),
    },
  },
  slice: {
    type: 'object',
    required: ['members'],
    additionalProperties: false,
    properties: {
      description: description('Whose slice it is.'),
      members: {
        type: 'array',
        minItems: 1,
        maxItems: 1000,
        description: 'A flow belongs to the slice when one of them fits.',
        items: {
          type: 'object',
          minProperties: 1,
          additionalProperties: false,
          description: 'Everything that is named must be so.',
          properties: {
            port: description('Name of the port the flow enters by or is first sent to.'),
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
        description: 'Its part of what nobody is guaranteed, relative to the other slices.',
      },
      guaranteed: quantity('Entries it gets whatever the others do: a number or a share.', [
        200,
        '25%',
      ]),
      maximum: quantity('Entries it never has more of: a number or a share.', [1000, '50%']),
    },
  },
  ownFact: {
    type: 'object',
    required: ['type'],
    additionalProperties: false,
    properties: {
      description: description('What the fact says.'),
      type: { enum: ['number', 'string', 'boolean'], description: 'What its value is.' },
      unit: {
        enum: UNITS,
        description: 'Unit of a number: quantities in rules are checked against it.',
      },
      initial: {
        type: ['number', 'string', 'boolean'],
        description: 'What it is while no rule sets it. Left out: it is missing then.',
      },
    },
  },
};
