/** Names of policies and rules. */
export const NAME = {
  type: 'string',
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
  maxLength: 80,
};

/** Names that are keys. They start with a letter, because numeric keys lose their order. */
export const KEY = {
  type: 'string',
  pattern: '^[A-Za-z][A-Za-z0-9._-]*$',
  maxLength: 80,
};

/** A description for people. */
export function description(what: string) {
  return { type: 'string', description: what };
}

/** A number, or a string that the checker parses as a number with a unit. */
export function quantity(what: string, examples: readonly (string | number)[]) {
  return { type: ['number', 'string'], description: what, examples };
}

/** Names of one or more schedules. */
export function activeSchema(what: string) {
  return {
    type: ['string', 'array'],
    minItems: 1,
    items: { type: 'string' },
    description: `Name of a schedule, or a list of which one must be active; ${what} Default: always active.`,
  };
}
