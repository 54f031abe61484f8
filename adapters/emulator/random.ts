/**
 * The emulator's own random numbers: the same for the same seed on every machine and Node.
 *
 * `Sfc32` is the "small fast counting" generator of Chris Doty-Humphrey's PractRand, 32-bit
 * variant: 128 bits of state, period at least 2^32. `mix32` is the output function of a 32-bit
 * splitmix generator (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014;
 * constants of the murmur3 finaliser), used to spread seeds and for generators of one word.
 */
export class Sfc32 {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = mix32(seed + GOLDEN);
    this.#b = mix32(seed + 2 * GOLDEN);
    this.#c = mix32(seed + 3 * GOLDEN);
    // The first outputs still show the seed.
    for (let i = 0; i < 12; i++) this.next();
  }

  /** An unsigned 32-bit integer. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.next() / 2 ** 32;
  }

  /** Uniform integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Exponentially distributed with this mean: the gaps of a Poisson process. */
  exponential(mean: number): number {
    return exponentialOf(this.uniform(), mean);
  }

  /** Log-uniform in [low, high): every factor of two is as likely as any other. */
  logUniform(low: number, high: number): number {
    return low * (high / low) ** this.uniform();
  }

  /** Geometric from 1 with this mean (at least 1). */
  geometric(mean: number): number {
    if (mean <= 1) return 1;
    return 1 + Math.floor(Math.log(1 - this.uniform()) / Math.log(1 - 1 / mean));
  }
}

/** Step of a splitmix generator: 2^32 divided by the golden ratio, odd. */
export const GOLDEN = 0x9e3779b9;

/** A well-mixed unsigned 32-bit hash of `x`; a bijection on 32-bit words. */
export function mix32(x: number): number {
  let h = x | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The exponential variate with this mean for a uniform `u` in [0, 1). */
export function exponentialOf(u: number, mean: number): number {
  return -mean * Math.log(1 - u);
}
