/** Names of policies, rules, schedules and so on. */
export const NAME = {
  type: 'string',
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
  maxLength: 80,
};

/** Names that are keys: a letter first, because keys that are numbers lose their order. */
export const KEY = {
  type: 'string',
  pattern: '^[A-Za-z][A-Za-z0-9._-]*$',
  maxLength: 80,
};

/** What something is for. */
export function description(what: string) {
  return { type: 'string', description: what };
}

/** A number, or a text that the checker reads as a number with a unit. */
export function quantity(what: string, examples: readonly (string | number)[]) {
  return { type: ['number', 'string'], description: what, examples };
}

/** Schedules by name, one or more. */
export function activeWords(what: string) {
  return {
    type: ['string', 'array'],
    minItems: 1,
    items: { type: 'string' },
    description: `Name of a schedule, or a list of which one must be active; ${what} Default: always active.`,
  };
}
