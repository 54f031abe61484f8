import { RE2JS, RE2JSException } from 're2js';

/**
 * Regular expressions in rules, in the syntax of RE2: without back-references and look-around. RE2
 * matches in time proportional to the length of the text, whatever the pattern (docs/decisions/026).
 */

/** Maximum length of a pattern, characters; the time per character is proportional to it. */
const MAX_PATTERN = 100;
/** Maximum length of a text that is matched, characters. */
const MAX_TEXT = 256;

/** Why a pattern is refused; undefined if it is accepted. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern === '') return 'an empty pattern matches everything';
  if (pattern.length > MAX_PATTERN) {
    return `the pattern has ${pattern.length} characters; the limit is ${MAX_PATTERN}`;
  }
  try {
    compilePattern(pattern);
    return undefined;
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const why = error.message.replace(/^error parsing regexp: /, '').replaceAll('`', '"');
    return `the pattern is not a valid regular expression of RE2: ${why}`;
  }
}

/** Compiles a pattern that {@link patternProblem} accepts. */
export function compilePattern(pattern: string): (text: string) => boolean {
  const expression = RE2JS.compile(pattern);
  return (text) => expression.test(text.slice(0, MAX_TEXT));
}

/** Compiled patterns of one comparison, which has one pattern or a short list of them. */
export class PatternCache {
  readonly #compiled = new Map<string, (text: string) => boolean>();

  get(pattern: string): (text: string) => boolean {
    let compiled = this.#compiled.get(pattern);
    if (compiled === undefined) {
      compiled = compilePattern(pattern);
      this.#compiled.set(pattern, compiled);
    }
    return compiled;
  }
}
