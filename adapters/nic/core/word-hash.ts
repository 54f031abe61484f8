/** Odd multipliers, one for each word of the longest key. */
const FACTORS = new Uint32Array([
  0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1, 0xd3a2646d, 0xfd7046c5, 0xb55a4f09,
  0x8da6b343, 0xd8163841, 0xcb1ab31f, 0x0aa8dab1, 0xa2b14a75, 0x7feb352d, 0x846ca68b, 0x68e31da5,
  0xb5297a4d, 0x1b56c4e9,
]);

/**
 * A hash of up to 18 words from `from` on. The products do not depend on each other, so that the
 * processor computes several at a time.
 */
export function hashWords(words: Uint32Array, from: number, count: number): number {
  let hash = 0;
  for (let i = 0; i < count; i++) hash ^= Math.imul(words[from + i], FACTORS[i]);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
