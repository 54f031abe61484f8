import { type JsonGroup, type JsonItem, type JsonNode, jsonTree } from './json-tree.ts';

/** Maximum columns of a line, where the layout can keep it. */
const WIDTH = 100;
const INDENT = '  ';

/**
 * A document in the project's layout: two spaces of indentation, values on one line where they fit
 * into 100 columns, no trailing commas, at most one empty line. An object whose first key the author
 * has put in a line of its own stays spread. Comments are kept.
 *
 * @param text a document in which JsonDocument has found no error
 */
export function formatJson(text: string): string {
  const { before, value, after } = jsonTree(text);
  return [...before, printed(value, '', 0, 0), ...after].map((part) => `${part}\n`).join('');
}

/**
 * @param indent of the line in which the value begins
 * @param used columns of that line before the value, without the indentation
 * @param following columns after the value: those of a comma
 */
function printed(node: JsonNode, indent: string, used: number, following: number): string {
  if (node.kind === 'scalar') return node.text;
  const flat = flatOf(node);
  if (flat !== undefined && indent.length + used + flat.length + following <= WIDTH) return flat;
  const inner = `${indent}${INDENT}`;
  const lines = isNumbers(node)
    ? filled(node.items, inner)
    : node.items.flatMap((item, i) => itemLines(item, inner, i === node.items.length - 1));
  const [open, close] = node.kind === 'object' ? '{}' : '[]';
  const rest = node.rest.map((comment) => `${inner}${comment}`);
  return [open, ...lines, ...rest, `${indent}${close}`].join('\n');
}

function itemLines(item: JsonItem, indent: string, isLast: boolean): readonly string[] {
  const { before, isApart, key, value, after } = item;
  const begin = key === undefined ? '' : `${key}: `;
  const comma = isLast ? '' : ',';
  const text = printed(value, indent, begin.length, comma.length);
  const behind = after.map((comment) => ` ${comment}`).join('');
  return [
    ...(isApart ? [''] : []),
    ...before.map((comment) => `${indent}${comment}`),
    `${indent}${begin}${text}${comma}${behind}`,
  ];
}

/** A value on one line; undefined if it must have several. */
function flatOf(node: JsonNode): string | undefined {
  if (node.kind === 'scalar') return node.text;
  if (node.rest.length > 0 || mustBreak(node)) return undefined;
  if (node.items.length === 0) return node.kind === 'object' ? '{}' : '[]';
  const parts: string[] = [];
  for (const { before, after, key, value } of node.items) {
    const flat = flatOf(value);
    if (flat === undefined || before.length + after.length > 0) return undefined;
    parts.push(key === undefined ? flat : `${key}: ${flat}`);
  }
  const inside = parts.join(', ');
  return node.kind === 'object' ? `{ ${inside} }` : `[${inside}]`;
}

/** Objects that are spread, and lists of several objects or of several lists, have several lines. */
function mustBreak({ kind, items, isSpread }: JsonGroup): boolean {
  if (items.length === 0) return false;
  if (kind === 'object') return isSpread;
  const [first] = items;
  return (
    items.length > 1 &&
    items.every(
      ({ value }) =>
        value.kind !== 'scalar' && value.kind === first.value.kind && value.items.length > 1,
    )
  );
}

function isNumbers({ kind, items, rest }: JsonGroup): boolean {
  const isNumber = ({ before, after, value }: JsonItem): boolean =>
    before.length + after.length === 0 && value.kind === 'scalar' && /^-?\d/.test(value.text);
  return kind === 'list' && items.length > 1 && rest.length === 0 && items.every(isNumber);
}

/** Numbers in as few lines as possible. */
function filled(items: readonly JsonItem[], indent: string): readonly string[] {
  const lines: string[] = [];
  for (const [i, { value, isApart }] of items.entries()) {
    const text = `${value.kind === 'scalar' ? value.text : ''}${i === items.length - 1 ? '' : ','}`;
    const line = lines.at(-1);
    if (line !== undefined && !isApart && line.length + 1 + text.length <= WIDTH) {
      lines[lines.length - 1] = `${line} ${text}`;
    } else {
      if (isApart) lines.push('');
      lines.push(`${indent}${text}`);
    }
  }
  return lines;
}
