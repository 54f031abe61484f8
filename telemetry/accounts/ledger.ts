import { PATH_NAMES, type PathUse, type PathUses } from './tick-accounts.ts';

const PATHS = PATH_NAMES.length;

/** A {@link PathUse} that its ledger updates in place. */
type Mutable = { -readonly [K in keyof PathUse]: PathUse[K] };

/**
 * Sums of bytes and packets by slot and path. Adding writes to columns; the objects that readers
 * see are updated once a tick, by {@link publish}.
 */
export class Ledger {
  #bytes: Float64Array;
  #packets: Float64Array;
  readonly #uses: (readonly Mutable[])[] = [];

  constructor(slots: number) {
    this.#bytes = new Float64Array(slots * PATHS);
    this.#packets = new Float64Array(slots * PATHS);
    for (let slot = 0; slot < slots; slot++) this.#uses.push(zeroUses());
  }

  addTraffic(slot: number, path: number, bytes: number, packets: number): void {
    const at = slot * PATHS + path;
    this.#bytes[at] += bytes;
    this.#packets[at] += packets;
  }

  /** Traffic of a slot by path, as of the last {@link publish}. */
  usesOf(slot: number): PathUses {
    return this.#uses[slot];
  }

  /** Sets a slot to zero, for a new owner. */
  resetSlot(slot: number): void {
    this.#bytes.fill(0, slot * PATHS, (slot + 1) * PATHS);
    this.#packets.fill(0, slot * PATHS, (slot + 1) * PATHS);
    this.#uses[slot] = zeroUses();
  }

  /** Updates what readers see of the first `slots`. `seconds`: since the last call; 0: unknown. */
  publish(slots: number, seconds: number): void {
    for (let at = 0; at < slots * PATHS; at++) {
      const use = this.#uses[Math.floor(at / PATHS)][at % PATHS];
      updateUse(use, this.#bytes[at], this.#packets[at], seconds);
    }
  }
}

function updateUse(use: Mutable, bytes: number, packets: number, seconds: number): void {
  use.bitsPerSecond = seconds > 0 ? ((bytes - use.bytes) * 8) / seconds : 0;
  use.packetsPerSecond = seconds > 0 ? (packets - use.packets) / seconds : 0;
  use.bytes = bytes;
  use.packets = packets;
}

function zeroUses(): readonly Mutable[] {
  return PATH_NAMES.map((path) => ({
    path,
    bytes: 0,
    packets: 0,
    bitsPerSecond: 0,
    packetsPerSecond: 0,
  }));
}
