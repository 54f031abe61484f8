import { OvsdbValueError } from './errors.ts';

/**
 * Readers for OVSDB's JSON values (RFC 7047, section 5.1). A column that is not there reads as an empty
 * set; a value of another type is an error, because read as empty it would look like a node without
 * ports.
 */

/** True for a JSON object, which a `<row>` or a message is. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The elements of a `<set>`; a lone atom is a set of one. */
function setOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value) && value[0] === 'set') {
    const elements: unknown = value[1];
    if (!Array.isArray(elements)) throw new OvsdbValueError('a set', value);
    return elements;
  }
  return value === undefined ? [] : [value];
}

/** A `<uuid>`. */
function uuidOf(value: unknown): string {
  if (Array.isArray(value) && value[0] === 'uuid' && typeof value[1] === 'string') return value[1];
  throw new OvsdbValueError('a uuid', value);
}

/**
 * The uuids of a set of references.
 *
 * @throws OvsdbValueError
 */
export function uuidsOf(value: unknown): readonly string[] {
  return setOf(value).map(uuidOf);
}

/**
 * A string, optional (a set of zero or one) or not.
 *
 * @throws OvsdbValueError
 */
export function textOf(value: unknown): string | undefined {
  const [first] = setOf(value);
  if (first === undefined || typeof first === 'string') return first;
  throw new OvsdbValueError('a string', value);
}

/**
 * An integer, optional or not.
 *
 * @throws OvsdbValueError
 */
export function integerOf(value: unknown): number | undefined {
  const [first] = setOf(value);
  if (first === undefined || (typeof first === 'number' && Number.isInteger(first))) return first;
  throw new OvsdbValueError('an integer', value);
}

/**
 * A `<map>` of strings to strings.
 *
 * @throws OvsdbValueError
 */
export function mapOf(value: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (value === undefined) return found;
  const pairs: unknown = Array.isArray(value) && value[0] === 'map' ? value[1] : undefined;
  if (!Array.isArray(pairs)) throw new OvsdbValueError('a map', value);
  for (const pair of pairs) {
    const [key, text]: readonly unknown[] = Array.isArray(pair) ? pair : [];
    if (typeof key !== 'string' || typeof text !== 'string') {
      throw new OvsdbValueError('a map of strings', value);
    }
    found.set(key, text);
  }
  return found;
}
