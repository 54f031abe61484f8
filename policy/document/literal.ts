/**
 * Access to a document that may not conform to the schema. Members that are absent or malformed
 * are skipped, because the schema's messages report them.
 */

/** Value of a key; undefined if `value` is not an object or lacks the key. */
export function member(value: unknown, key: string): unknown {
  return entries(value).find(([k]) => k === key)?.[1];
}

/** Keys and values of an object; empty for other values. */
export function entries(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : [];
}

/** Elements of a list; empty for other values. */
export function elements(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** String at a key; undefined if absent. */
export function textAt(value: unknown, key: string): string | undefined {
  const found = member(value, key);
  return typeof found === 'string' ? found : undefined;
}

/** True for an object that is not a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A string or a list of strings, as a list. */
export function asList(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

/** A value as text for messages, shortened to 60 characters. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Quoted strings, separated by commas. */
export function quoted(list: readonly string[]): string {
  return list.map((w) => `"${w}"`).join(', ');
}
