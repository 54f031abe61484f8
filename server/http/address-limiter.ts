import { isIPv6 } from 'node:net';

/** Rate limit per address. */
export interface AddressLimits {
  /** Events that an address may cause at once. */
  readonly burst: number;
  /** Time until one more event is allowed, ms. */
  readonly refillMs: number;
}

/** Addresses that are tracked; the one with the oldest event is evicted. */
const MAX_ADDRESSES = 1_024;

/** Rate-limits an action per client address. Bounded in memory. */
export class AddressLimiter {
  readonly #limits: AddressLimits;
  /** By network: when its burst is available again, ms of the clock; oldest event first. */
  readonly #fullAtMs = new Map<string, number>();

  constructor(limits: AddressLimits) {
    this.#limits = limits;
  }

  /** Time until the address may act again, ms; 0: now. */
  waitMs(address: string, nowMs: number): number {
    const { burst, refillMs } = this.#limits;
    const fullAtMs = this.#fullAtMs.get(networkOf(address)) ?? nowMs;
    return Math.max(0, fullAtMs - nowMs - (burst - 1) * refillMs);
  }

  /** Counts one event of an address. */
  count(address: string, nowMs: number): void {
    const network = networkOf(address);
    const fullAtMs = Math.max(nowMs, this.#fullAtMs.get(network) ?? nowMs);
    this.#fullAtMs.delete(network);
    this.#fullAtMs.set(network, fullAtMs + this.#limits.refillMs);
    if (this.#fullAtMs.size <= MAX_ADDRESSES) return;
    const [oldest] = this.#fullAtMs.keys();
    this.#fullAtMs.delete(oldest);
  }
}

/** An IPv4 address, or the /64 network of an IPv6 address, which one client controls as a whole. */
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
