/** Value of a fact; undefined if it is missing. */
export type FactValue =
  | number
  | string
  | boolean
  | readonly string[]
  | Readonly<Record<string, number | undefined>>
  | undefined;
