import { randomInt } from 'node:crypto';
import { TUPLE_WORDS } from './connection-record.ts';

/** The Mersenne prime 2^31 - 1: products of 16 bits with it, 20 of them, are exact as numbers. */
const PRIME = 0x7fff_ffff;
const BITS_31 = 0x8000_0000;
const HALVES = 2 * (1 + TUPLE_WORDS);
const MULTIPLIERS = Float64Array.from({ length: HALVES }, () => randomInt(1, PRIME));

/**
 * Hash of a connection's key: one word, and the tuple that begins at `words[from]`. Guests choose
 * their ports and addresses, so the multipliers are random (universal hashing by Carter and Wegman):
 * nobody outside can choose keys that collide.
 */
export function keyHash(first: number, words: Uint32Array, from: number): number {
  let sum = (first >>> 16) * MULTIPLIERS[0] + (first & 0xffff) * MULTIPLIERS[1];
  for (let i = 0, at = 2; i < TUPLE_WORDS; i++, at += 2) {
    const word = words[from + i];
    // Three of the four words of an IPv4 address.
    if (word === 0) continue;
    sum += (word >>> 16) * MULTIPLIERS[at] + (word & 0xffff) * MULTIPLIERS[at + 1];
  }
  // Modulo a Mersenne prime: the upper bits are added to the lower ones.
  const upper = Math.floor(sum / BITS_31);
  const folded = sum - upper * BITS_31 + upper;
  return folded >= PRIME ? folded - PRIME : folded;
}
