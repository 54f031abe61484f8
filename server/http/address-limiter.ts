import { isIPv6 } from 'node:net';

/** How much is too much. */
export interface AddressLimits {
  /** What an address may do at once. */
  readonly most: number;
  /** How long until it may do it once more, ms. */
  readonly forgiveMs: number;
}

/** Addresses that are remembered; the one that did it least lately makes room. */
const MAX_ADDRESSES = 1_024;

/** Slows down whoever does something too often, by the address they come from. Bounded. */
export class AddressLimiter {
  readonly #limits: AddressLimits;
  /** By address, when all will be forgiven, ms of the clock; least lately first. */
  readonly #cleanAtMs = new Map<string, number>();

  constructor(limits: AddressLimits) {
    this.#limits = limits;
  }

  /** How long an address has to wait before it may do it again, ms; 0: not at all. */
  waitMs(address: string, nowMs: number): number {
    const { most, forgiveMs } = this.#limits;
    const cleanAtMs = this.#cleanAtMs.get(networkOf(address)) ?? nowMs;
    return Math.max(0, cleanAtMs - nowMs - (most - 1) * forgiveMs);
  }

  /** Counts that an address has done it. */
  count(address: string, nowMs: number): void {
    const network = networkOf(address);
    const cleanAtMs = Math.max(nowMs, this.#cleanAtMs.get(network) ?? nowMs);
    this.#cleanAtMs.delete(network);
    this.#cleanAtMs.set(network, cleanAtMs + this.#limits.forgiveMs);
    if (this.#cleanAtMs.size <= MAX_ADDRESSES) return;
    const [oldest] = this.#cleanAtMs.keys();
    this.#cleanAtMs.delete(oldest);
  }
}

/** Whom an address belongs to: one who has an IPv6 address has all the others of its /64. */
function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain;
  const [head, tail = ''] = plain.split('%')[0].split('::');
  const groups = head.split(':').filter((g) => g !== '');
  const after = tail.split(':').filter((g) => g !== '');
  const zeros = plain.includes('::') ? 8 - groups.length - after.length : 0;
  const full = [...groups, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${full.slice(0, 4).join(':')}::/64`;
}
