/**
 * Looking into a document that may not be what the schema asks for: what is there and well-formed
 * is looked at, the rest is left to the schema's own messages.
 */

/** The value of a key, undefined when `value` is no object or has none. */
export function member(value: unknown, key: string): unknown {
  return entries(value).find(([k]) => k === key)?.[1];
}

/** Keys and values of an object; nothing of anything else. */
export function entries(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : [];
}

/** Elements of a list; nothing of anything else. */
export function elements(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The text under a key, undefined when there is none. */
export function textAt(value: unknown, key: string): string | undefined {
  const found = member(value, key);
  return typeof found === 'string' ? found : undefined;
}

/** True for an object that is no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One word or a list of words, as a list. */
export function words(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

/** A value as it is shown in messages. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Words in quotes, with commas. */
export function quoted(list: readonly string[]): string {
  return list.map((w) => `"${w}"`).join(', ');
}
