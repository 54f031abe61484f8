/**
 * The name most like `word`, for "did you mean"; undefined when none is near: about a third of
 * its letters would have to change. Case and separators count nothing; among equals, the name
 * that starts most like the word.
 */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  const wanted = simplified(word);
  let best: string | undefined;
  let least = Math.max(2, Math.floor(wanted.length / 3)) + Number.EPSILON;
  for (const name of names) {
    const candidate = simplified(name);
    // Below one: it only decides between names at the same distance.
    const bonus = commonPrefix(wanted, candidate) / (wanted.length + 1);
    const distance = editDistance(wanted, candidate) - bonus;
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best;
}

/** `; did you mean "..."?`, or nothing when no name is near. */
export function didYouMean(word: string, names: Iterable<string>): string {
  const name = nearest(word, names);
  return name === undefined ? '' : `; did you mean "${name}"?`;
}

function simplified(word: string): string {
  return word.toLowerCase().replaceAll(/[-_\s]/g, '');
}

function commonPrefix(a: string, b: string): number {
  let n = 0;
  while (n < a.length && a[n] === b[n]) n++;
  return n;
}

/** Insertions, deletions and replacements that make `b` of `a` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[j] + 1, current[j - 1] + 1));
    }
    previous = current;
  }
  return previous[b.length];
}
