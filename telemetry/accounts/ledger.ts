import { PATH_NAMES, type PathUse, type PathUses } from './tick-accounts.ts';

const PATHS = PATH_NAMES.length;

/** A {@link PathUse} that its ledger keeps up to date. */
type Kept = { -readonly [K in keyof PathUse]: PathUse[K] };

/**
 * Sums of bytes and packets by slot and path. Adding writes to columns; what others read is
 * brought up to date once a tick.
 */
export class Ledger {
  #bytes: Float64Array;
  #packets: Float64Array;
  readonly #uses: (readonly Kept[])[] = [];

  constructor(slots: number) {
    this.#bytes = new Float64Array(slots * PATHS);
    this.#packets = new Float64Array(slots * PATHS);
    for (let slot = 0; slot < slots; slot++) this.#uses.push(noUse());
  }

  add(slot: number, path: number, bytes: number, packets: number): void {
    const at = slot * PATHS + path;
    this.#bytes[at] += bytes;
    this.#packets[at] += packets;
  }

  /** What a slot's paths carried, as of the last {@link settle}. */
  of(slot: number): PathUses {
    return this.#uses[slot];
  }

  /** Begins a slot anew. */
  clear(slot: number): void {
    this.#bytes.fill(0, slot * PATHS, (slot + 1) * PATHS);
    this.#packets.fill(0, slot * PATHS, (slot + 1) * PATHS);
    this.#uses[slot] = noUse();
  }

  /** Brings the first `slots` up to date. `seconds`: since the last time; 0: not known. */
  settle(slots: number, seconds: number): void {
    for (let at = 0; at < slots * PATHS; at++) {
      const use = this.#uses[Math.floor(at / PATHS)][at % PATHS];
      renew(use, this.#bytes[at], this.#packets[at], seconds);
    }
  }
}

function renew(use: Kept, bytes: number, packets: number, seconds: number): void {
  use.bitsPerSecond = seconds > 0 ? ((bytes - use.bytes) * 8) / seconds : 0;
  use.packetsPerSecond = seconds > 0 ? (packets - use.packets) / seconds : 0;
  use.bytes = bytes;
  use.packets = packets;
}

function noUse(): readonly Kept[] {
  return PATH_NAMES.map((path) => ({
    path,
    bytes: 0,
    packets: 0,
    bitsPerSecond: 0,
    packetsPerSecond: 0,
  }));
}
