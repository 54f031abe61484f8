/**
 * Regular expressions in rules. Their cost is bounded: no repeated groups, no back-references, no
 * look-around, at most two unbounded repetitions, and only the first {@link MAX_TEXT} characters of
 * a name are matched.
 */

const MAX_PATTERN = 100;
const MAX_TEXT = 64;
const MAX_REPEAT = 32;
const MAX_UNLIMITED = 2;

/** Why a pattern is refused; undefined if it is accepted. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern === '') return 'an empty pattern matches everything';
  if (pattern.length > MAX_PATTERN) {
    return `the pattern has ${pattern.length} characters; the limit is ${MAX_PATTERN}`;
  }
  const plain = withoutClasses(pattern);
  if (/\(\?(?!:)/.test(plain)) return 'the pattern has look-around or a named group';
  if (/\\[1-9k]/.test(plain)) return 'the pattern has a back-reference';
  if (/\)(?:[*+?]|\{\d)/.test(plain)) {
    return 'the pattern repeats a group, whose cost is unbounded; write the repetition out';
  }
  const repeats = [...plain.matchAll(/\{(\d+)(?:,(\d*))?\}/g)];
  if (repeats.some((r) => Number(r[1]) > MAX_REPEAT || Number(r[2] ?? 0) > MAX_REPEAT)) {
    return `the pattern repeats a part more than ${MAX_REPEAT} times`;
  }
  const open = repeats.filter((r) => r[2] !== undefined).length;
  const unlimited = open + [...plain.replaceAll(/\\./g, 'x').matchAll(/[*+]/g)].length;
  if (unlimited > MAX_UNLIMITED) {
    return `the pattern has ${unlimited} repetitions of variable length; the limit is ${MAX_UNLIMITED}`;
  }
  try {
    compilePattern(pattern);
    return undefined;
  } catch {
    return 'the pattern is not a valid regular expression';
  }
}

/** Compiles a pattern that {@link patternProblem} accepts. */
export function compilePattern(pattern: string): (text: string) => boolean {
  const expression = new RegExp(pattern, 'u');
  return (text) => expression.test(text.slice(0, MAX_TEXT));
}

/** The pattern with each `[...]` and each escaped bracket replaced by a letter. */
function withoutClasses(pattern: string): string {
  let plain = '';
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === '\\') {
      const next = pattern[++i] ?? '';
      plain += /[1-9k]/.test(next) ? `\\${next}` : 'x';
    } else if (pattern[i] === '[') {
      while (++i < pattern.length && pattern[i] !== ']') if (pattern[i] === '\\') i++;
      plain += 'x';
    } else {
      plain += pattern[i];
    }
  }
  return plain;
}
