/** A point of the line protocol. */
export interface Point {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
  /** Types by field, in InfluxDB's terms. */
  readonly types: Readonly<Record<string, 'integer' | 'float' | 'string' | 'boolean'>>;
  /** ns since 1970, in digits. */
  readonly time: string;
}

/** Parses a line by the protocol's specification, independently of the code that writes it. */
export function parseLine(line: string): Point {
  const [key, rest] = split(line, ' ', 2);
  const [measurement, ...tags] = split(key, ',');
  const at = endOfFields(rest);
  const pairs = split(rest.slice(0, at), ',').map((pair) => split(pair, '=', 2));
  return {
    measurement: plain(measurement),
    tags: Object.fromEntries(tags.map((tag) => split(tag, '=', 2).map(plain))),
    fields: Object.fromEntries(pairs.map(([name, value]) => [plain(name), valueOf(value)])),
    types: Object.fromEntries(pairs.map(([name, value]) => [plain(name), typeOf(value)])),
    time: rest.slice(at + 1),
  };
}

/** At most `maxParts` parts of `text` between separators that are neither escaped nor quoted. */
function split(text: string, separator: string, maxParts = Number.POSITIVE_INFINITY): string[] {
  const parts: string[] = [];
  let quoted = false;
  let from = 0;
  for (let i = 0; i < text.length && parts.length + 1 < maxParts; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"' && text[i - 1] === '=') quoted = true;
    else if (text[i] === '"' && quoted) quoted = false;
    else if (text[i] === separator && !quoted) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return [...parts, text.slice(from)];
}

function endOfFields(rest: string): number {
  return split(rest, ' ', 2)[0].length;
}

function plain(text: string): string {
  return text.replaceAll(/\\([,= ])/g, '$1');
}

function typeOf(value: string): Point['types'][string] {
  if (value.startsWith('"')) return 'string';
  if (value === 'true' || value === 'false') return 'boolean';
  return value.endsWith('i') ? 'integer' : 'float';
}

function valueOf(value: string): string | number | boolean {
  const type = typeOf(value);
  if (type === 'string') return value.slice(1, -1).replaceAll(/\\(["\\])/g, '$1');
  if (type === 'boolean') return value === 'true';
  return Number(type === 'integer' ? value.slice(0, -1) : value);
}
