/**
 * The name most similar to `word`, for "did you mean"; undefined if more than about a third of the
 * letters differ. Ignores case and separators. Among equally similar names, the one with the longest
 * common prefix.
 */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  const target = simplified(word);
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(target.length / 3)) + Number.EPSILON;
  for (const name of names) {
    const candidate = simplified(name);
    // Below one, so that it only decides between names at the same distance.
    const bonus = commonPrefix(target, candidate) / (target.length + 1);
    const distance = editDistance(target, candidate) - bonus;
    if (distance < bestDistance) {
      bestDistance = distance;
      best = name;
    }
  }
  return best;
}

/** `; did you mean "..."?`, or an empty text if no name is similar. */
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

/** Number of insertions, deletions and replacements from `a` to `b` (Levenshtein). */
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
