import { createScanner } from 'jsonc-parser';

/** A value as it is written, with the comments in it. */
export type JsonNode = JsonScalar | JsonGroup;

export interface JsonScalar {
  readonly kind: 'scalar';
  readonly text: string;
}

/** An object or a list. */
export interface JsonGroup {
  readonly kind: 'object' | 'list';
  readonly items: readonly JsonItem[];
  /** Comments after the last item. */
  readonly rest: readonly string[];
  /** Whether the first item is in a line below the bracket. */
  readonly isSpread: boolean;
}

export interface JsonItem {
  /** Comments before the item. */
  readonly before: readonly string[];
  /** Whether an empty line precedes the item and its comments. */
  readonly isApart: boolean;
  /** The key with its quotes; undefined in a list. */
  readonly key: string | undefined;
  readonly value: JsonNode;
  /** Comments after the item in its line. */
  readonly after: readonly string[];
}

/** A document. */
export interface JsonTree {
  readonly before: readonly string[];
  readonly value: JsonNode;
  readonly after: readonly string[];
}

/** A comment, and the line breaks before it. */
interface Comment {
  readonly text: string;
  readonly breaks: number;
}

interface Token {
  /** Empty for the end of the document. */
  readonly text: string;
  /** Comments before it. */
  readonly comments: readonly Comment[];
  /** Line breaks between it and what precedes it. */
  readonly breaks: number;
}

/** Reads a document in which JsonDocument has found no error. */
export function jsonTree(text: string): JsonTree {
  const reader = new TokenReader(tokensOf(text.replace(/^\uFEFF/, '')));
  const before = texts(reader.peek().comments);
  const value = valueIn(reader);
  return { before, value, after: texts(reader.peek().comments) };
}

class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(): Token {
    return this.#tokens[this.#at];
  }

  take(): Token {
    return this.#tokens[this.#at++];
  }
}

function valueIn(reader: TokenReader): JsonNode {
  const { text } = reader.take();
  if (text === '{') return groupIn(reader, 'object');
  return text === '[' ? groupIn(reader, 'list') : { kind: 'scalar', text };
}

/** The items of a group behind its opening bracket. */
function groupIn(reader: TokenReader, kind: JsonGroup['kind']): JsonGroup {
  const items: JsonItem[] = [];
  const first = reader.peek();
  const isSpread = (first.comments.at(0)?.breaks ?? first.breaks) > 0;
  let before = first.comments;
  while (!isEnd(reader.peek())) {
    const { breaks } = reader.peek();
    const isApart = items.length > 0 && (before.at(0)?.breaks ?? breaks) > 1;
    const { key, inside } = kind === 'object' ? keyIn(reader) : { key: undefined, inside: [] };
    const value = valueIn(reader);
    const after: Comment[] = [];
    const beforeNext: Comment[] = [];
    takeComments(reader.peek(), after, beforeNext);
    if (reader.peek().text === ',') {
      reader.take();
      takeComments(reader.peek(), after, beforeNext);
    }
    const own = [...texts(before), ...texts(inside)];
    items.push({ before: own, isApart, key, value, after: texts(after) });
    before = beforeNext;
  }
  reader.take();
  return { kind, items, rest: texts(before), isSpread };
}

/** A key and its colon, and the comments behind them. */
function keyIn(reader: TokenReader): { key: string; inside: readonly Comment[] } {
  const key = reader.take().text;
  const colon = reader.take();
  return { key, inside: [...colon.comments, ...reader.peek().comments] };
}

/**
 * Divides the comments before a token: those in the line of the last item, and those below. Nothing
 * can follow a comment to the end of the line, and one of several lines stands alone.
 */
function takeComments({ comments }: Token, after: Comment[], below: Comment[]): void {
  for (const comment of comments) {
    const isBehind =
      comment.breaks === 0 &&
      below.length === 0 &&
      !comment.text.includes('\n') &&
      after.at(-1)?.text.startsWith('//') !== true;
    (isBehind ? after : below).push(comment);
  }
}

function isEnd({ text }: Token): boolean {
  return text === '}' || text === ']' || text === '';
}

function texts(comments: readonly Comment[]): string[] {
  return comments.map(({ text }) => text.trimEnd());
}

function tokensOf(text: string): readonly Token[] {
  const scanner = createScanner(text, false);
  const tokens: Token[] = [];
  let comments: Comment[] = [];
  let breaks = 0;
  for (;;) {
    scanner.scan();
    const offset = scanner.getTokenOffset();
    const written = text.slice(offset, offset + scanner.getTokenLength());
    if (/^(?:\r\n?|\n)$/.test(written)) breaks++;
    else if (written.startsWith('/')) {
      comments.push({ text: written, breaks });
      breaks = 0;
    } else if (written === '' || written.trim() !== '') {
      tokens.push({ text: written, comments, breaks });
      comments = [];
      breaks = 0;
    }
    if (written === '') return tokens;
  }
}
