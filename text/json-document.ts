import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  type ParseErrorCode,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import type { Problem } from './problem.ts';

/** A path into a JSON document: keys and array indexes from the root. */
export type JsonPath = readonly (string | number)[];

/** Maximum nesting; documents that people write are not deeper. */
const MAX_DEPTH = 100;
const MAX_ERRORS = 50;

/**
 * A JSON document with the position of each value. `json` is RFC 8259; `jsonc` allows comments and
 * trailing commas.
 */
export class JsonDocument {
  readonly file: string;
  /** Syntax errors, duplicate keys and numbers that are too large. If there are any, `value` is incomplete. */
  readonly problems: readonly Problem[];
  /** The document as plain data; undefined: it could not be parsed. */
  readonly value: unknown;
  readonly #lineStarts: readonly number[];
  readonly #root: Node | undefined;

  constructor(file: string, text: string, syntax: 'json' | 'jsonc' = 'json') {
    this.file = file;
    // A byte order mark would be a syntax error; a space keeps the columns.
    const content = text.replace(/^\uFEFF/, ' ');
    this.#lineStarts = [0, ...[...content.matchAll(/\n/g)].map((newline) => newline.index + 1)];
    const deep = tooDeepAt(content);
    if (deep !== undefined) {
      this.problems = [this.#problem(deep, `nested deeper than ${MAX_DEPTH} levels`)];
      return;
    }
    const errors: ParseError[] = [];
    this.#root = parseTree(content, errors, {
      disallowComments: syntax === 'json',
      allowTrailingComma: syntax === 'jsonc',
    });
    if (content.trim() === '') {
      this.problems = [this.#problem(0, 'the file is empty')];
      return;
    }
    // The parser may report several errors at one position; the first is the cause.
    const causes = new Map(errors.toReversed().map((e) => [e.offset, e.error]));
    const places = [...causes].toReversed().slice(0, MAX_ERRORS);
    const problems = places.map(([offset, code]) => this.#problem(offset, syntaxMessage(code)));
    if (this.#root === undefined && problems.length === 0) {
      problems.push(this.#problem(0, 'the document is empty'));
    }
    if (this.#root !== undefined) {
      this.#findDuplicates(this.#root, problems);
      this.#findInfinite(this.#root, problems);
    }
    this.problems = problems;
    this.value = this.#root === undefined ? undefined : getNodeValue(this.#root);
  }

  /** A problem at the value at `path`, or at its nearest existing parent. */
  problemAt(path: JsonPath, message: string): Problem {
    return this.#problem(this.#find(path)?.offset ?? 0, message);
  }

  /** The position of the value at `path`, or of its nearest existing parent. */
  placeOf(path: JsonPath): { line: number; column: number } {
    return this.#position(this.#find(path)?.offset ?? 0);
  }

  /** A problem at the key `key` of the object at `path`. */
  problemAtKey(path: JsonPath, key: string, message: string): Problem {
    const value = this.#root && findNodeAtLocation(this.#root, [...path, key]);
    return this.#problem((value?.parent ?? this.#find(path))?.offset ?? 0, message);
  }

  /** True if the document itself has a value at `path`. */
  has(path: JsonPath): boolean {
    return this.#root !== undefined && findNodeAtLocation(this.#root, [...path]) !== undefined;
  }

  #find(path: JsonPath): Node | undefined {
    for (let length = path.length; length >= 0 && this.#root !== undefined; length--) {
      const node = findNodeAtLocation(this.#root, path.slice(0, length));
      if (node !== undefined) return node;
    }
    return this.#root;
  }

  #findDuplicates(node: Node, problems: Problem[]): void {
    const first = new Map<unknown, Node>();
    for (const child of node.children ?? []) {
      if (child.type === 'property' && child.children !== undefined) {
        const [key] = child.children;
        const earlier = first.get(key.value);
        if (earlier === undefined) {
          first.set(key.value, key);
        } else {
          const { line } = this.#position(earlier.offset);
          const message = `duplicate key "${key.value}"; the first is in line ${line}`;
          problems.push(this.#problem(key.offset, message));
        }
      }
      this.#findDuplicates(child, problems);
    }
  }

  /** Numbers such as 1e999, which JSON permits and which become infinite. */
  #findInfinite(node: Node, problems: Problem[]): void {
    if (node.type === 'number' && !Number.isFinite(node.value)) {
      problems.push(this.#problem(node.offset, 'the number is too large'));
    }
    for (const child of node.children ?? []) this.#findInfinite(child, problems);
  }

  #problem(offset: number, message: string): Problem {
    return { file: this.file, ...this.#position(offset), message };
  }

  #position(offset: number): { line: number; column: number } {
    let low = 0;
    for (let high = this.#lineStarts.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if (this.#lineStarts[middle] <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - this.#lineStarts[low] + 1 };
  }
}

/** Offset at which the text is nested too deeply for a recursive parser; undefined: nowhere. */
function tooDeepAt(content: string): number | undefined {
  const scanner = createScanner(content, true);
  let depth = 0;
  for (;;) {
    scanner.scan();
    // The end has a length, too, behind a comment that is not closed.
    if (scanner.getTokenOffset() >= content.length) return undefined;
    const first = content[scanner.getTokenOffset()];
    if (first === '{' || first === '[') depth++;
    else if (first === '}' || first === ']') depth--;
    if (depth > MAX_DEPTH) return scanner.getTokenOffset();
  }
}

const SYNTAX: Readonly<Record<string, string>> = {
  InvalidSymbol:
    'this is not JSON: a value must be a string in double quotes, number, true, false, null, object or list',
  InvalidNumberFormat: 'this is not a JSON number',
  PropertyNameExpected: 'a key in double quotes is expected here (is there a comma too many?)',
  ValueExpected: 'a value is expected here (is there a comma too many?)',
  ColonExpected: 'a ":" is expected here',
  CommaExpected: 'a "," is expected here',
  CloseBraceExpected: 'a "}" is missing',
  CloseBracketExpected: 'a "]" is missing',
  EndOfFileExpected: 'nothing more is expected after the end of the document',
  InvalidCommentToken: 'comments are not allowed here; use "description"',
  UnexpectedEndOfComment: 'the comment does not end',
  UnexpectedEndOfString: 'the string does not end in this line',
  UnexpectedEndOfNumber: 'the number does not end',
  InvalidUnicode: 'this is not a \\u escape with four hexadecimal digits',
  InvalidEscapeCharacter: 'this is not a JSON escape',
  InvalidCharacter: 'a control character must be written as an escape',
};

function syntaxMessage(code: ParseErrorCode): string {
  const name = printParseErrorCode(code);
  return SYNTAX[name] ?? name;
}
