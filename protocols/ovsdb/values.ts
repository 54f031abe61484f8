/** Readers for OVSDB's JSON values (RFC 7047, section 5.1). Any other value reads as absent. */

/** True for a JSON object, which a `<row>` or a message is. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The elements of a `<set>`; a lone atom is a set of one. */
function setOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value) && value[0] === 'set' && Array.isArray(value[1])) return value[1];
  return value === undefined ? [] : [value];
}

/** A `<uuid>`. */
function uuidOf(value: unknown): string | undefined {
  return Array.isArray(value) && value[0] === 'uuid' && typeof value[1] === 'string'
    ? value[1]
    : undefined;
}

/** The uuids of a set of references. */
export function uuidsOf(value: unknown): readonly string[] {
  return setOf(value)
    .map(uuidOf)
    .filter((uuid) => uuid !== undefined);
}

/** A string, optional (a set of zero or one) or not. */
export function textOf(value: unknown): string | undefined {
  const [first] = setOf(value);
  return typeof first === 'string' ? first : undefined;
}

/** An integer, optional or not. */
export function integerOf(value: unknown): number | undefined {
  const [first] = setOf(value);
  return typeof first === 'number' ? first : undefined;
}

/** A `<map>` of strings to strings. */
export function mapOf(value: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (!Array.isArray(value) || value[0] !== 'map' || !Array.isArray(value[1])) return found;
  for (const pair of value[1]) {
    if (!Array.isArray(pair)) continue;
    const [key, text]: readonly unknown[] = pair;
    if (typeof key === 'string' && typeof text === 'string') found.set(key, text);
  }
  return found;
}
