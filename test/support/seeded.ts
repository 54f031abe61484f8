/** Pseudo-random numbers by seed (xorshift128, Marsaglia 2003). */
export class Seeded {
  readonly #state = new Uint32Array(4);

  constructor(seed: number) {
    for (let i = 0; i < 4; i++)
      this.#state[i] = Math.imul(seed + i + 1, 0x9e37_79b9) ^ (seed >>> i);
    this.#state[3] |= 1;
    for (let i = 0; i < 32; i++) this.next();
  }

  /** 32 bits, as a number from 0 to 2^32 - 1. */
  next(): number {
    const s = this.#state;
    const t = s[3] ^ (s[3] << 11);
    s[3] = s[2];
    s[2] = s[1];
    s[1] = s[0];
    s[0] ^= (s[0] >>> 19) ^ t ^ (t >>> 8);
    return s[0];
  }

  /** A whole number from 0 to `n` - 1. */
  below(n: number): number {
    return Math.floor((this.next() / 2 ** 32) * n);
  }

  /** A whole number from `low` to `high`. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True with probability `share`, 0 to 1. */
  chance(share: number): boolean {
    return this.next() < share * 2 ** 32;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  /** A random subset of `from`, in order. */
  some<T>(from: readonly T[], share = 0.5): readonly T[] {
    return from.filter(() => this.chance(share));
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.next() >>> 24);
  }
}
