import {
  type FieldsOf,
  type FieldType,
  type Measurement,
  type MeasurementName,
  MEASUREMENTS,
  type TagsOf,
} from './measurements.ts';

/** Maximum length of a tag's value and of a text, characters; longer ones are cut. */
const MAX_TAG = 200;
const MAX_TEXT = 4000;

/** InfluxDB's integers are signed and have 64 bits. */
const INTEGER_LIMIT = 2 ** 63;

/**
 * One point as a line of InfluxDB's line protocol, without the end of line; undefined if no field
 * has a value. Fields that are undefined, NaN or infinite are left out, and so are tags that are
 * undefined or empty, because the protocol cannot express them.
 *
 * The `influx` package is not used for this: its escaping doubles the backslash of `\'` and passes
 * characters that end a line or a tag too early.
 *
 * @param wallMs wall clock, ms since 1970; a whole number
 * @param nth number of the point in its series and millisecond, 0 to 999,999. It becomes
 *   nanoseconds, because a second point at the same time would replace the first
 */
export function lineOf<M extends MeasurementName>(
  measurement: M,
  tags: TagsOf<M>,
  fields: FieldsOf<M>,
  wallMs: number,
  nth = 0,
): string | undefined {
  const layout = LAYOUTS.get(measurement);
  if (layout === undefined) return undefined;
  const values: Readonly<Record<string, unknown>> = fields;
  let pairs = '';
  for (const { name, type } of layout.fields) {
    const text = fieldText(type, values[name]);
    if (text !== undefined) pairs += pairs === '' ? `${name}=${text}` : `,${name}=${text}`;
  }
  if (pairs === '') return undefined;
  const tagged: Readonly<Record<string, string | undefined>> = tags;
  let key: string = measurement;
  for (const name of layout.tags) {
    const value = tagged[name];
    if (value !== undefined && value !== '') key += `,${name}=${tagText(value)}`;
  }
  return `${key} ${pairs} ${Math.floor(wallMs)}${String(nth).padStart(6, '0')}`;
}

interface Layout {
  readonly tags: readonly string[];
  readonly fields: readonly { readonly name: string; readonly type: FieldType }[];
}

/** Names of tags and fields in the order of writing. */
const LAYOUTS: ReadonlyMap<string, Layout> = new Map(
  Object.entries<Measurement>(MEASUREMENTS).map(([measurement, { tags, fields }]) => [
    measurement,
    {
      tags: ['node', ...Object.keys(tags)],
      fields: Object.entries(fields).map(([name, { type }]) => ({ name, type })),
    },
  ]),
);

/**
 * A tag's value as it is read back: control characters, lone surrogates and trailing backslashes
 * cannot be written and become `_`.
 */
export function tagValue(value: string): string {
  return cut(value, MAX_TAG)
    .replaceAll(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, '_')
    .replace(/\\+$/, (backslashes) => '_'.repeat(backslashes.length));
}

/** A text as it is read back: lone surrogates cannot be written and become U+FFFD. */
export function textValue(value: string): string {
  return cut(value, MAX_TEXT).replaceAll(/\p{Cs}/gu, '\ufffd');
}

/** Tags that need no escaping. */
const PLAIN_TAG = /^[\w.:/@()%+-]*$/;
/** Texts that need no escaping. */
const PLAIN_TEXT = /^[ !#-[\]-~]*$/;

function tagText(value: string): string {
  // Most tags need no escaping, and testing is cheaper than replacing.
  if (value.length <= MAX_TAG && PLAIN_TAG.test(value)) return value;
  return tagValue(value).replaceAll(/[,= ]/g, '\\$&');
}

function fieldText(type: FieldType, value: unknown): string | undefined {
  if (typeof value === 'number') {
    if (type === 'integer') return integerText(value);
    return type === 'float' && Number.isFinite(value) ? String(value) : undefined;
  }
  if (typeof value === 'string') {
    return type === 'text' ? `"${quotable(value)}"` : undefined;
  }
  return typeof value === 'boolean' && type === 'boolean' ? String(value) : undefined;
}

function quotable(value: string): string {
  if (value.length <= MAX_TEXT && PLAIN_TEXT.test(value)) return value;
  return textValue(value).replaceAll(/["\\]/g, '\\$&');
}

function integerText(value: number): string | undefined {
  if (!(Math.abs(value) < INTEGER_LIMIT)) return undefined;
  const rounded = Math.round(value);
  // No minus zero; String() writes no exponent below 1e21.
  return `${rounded === 0 ? 0 : rounded}i`;
}

function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : text.slice(0, maxLength);
}
