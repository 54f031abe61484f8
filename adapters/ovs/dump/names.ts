/** Looks values up by the bytes of their name, without creating a string. */
export class NameTable<T> {
  readonly #slots: (readonly { readonly name: Uint8Array; readonly value: T }[])[];

  constructor(entries: readonly (readonly [string, T])[]) {
    const rows = entries.map(([name, value]) => ({ name: Buffer.from(name, 'latin1'), value }));
    this.#slots = Array.from({ length: 64 }, (_, slot) =>
      rows.filter((row) => slotOf(row.name, 0, row.name.length) === slot),
    );
  }

  /** The value named by the bytes `[from, to)`. */
  find(bytes: Uint8Array, from: number, to: number): T | undefined {
    if (to <= from) return undefined;
    for (const { name, value } of this.#slots[slotOf(bytes, from, to)]) {
      if (name.length === to - from && sameBytes(name, bytes, from)) return value;
    }
    return undefined;
  }
}

function slotOf(bytes: Uint8Array, from: number, to: number): number {
  return (bytes[from] * 5 + bytes[to - 1] * 11 + (to - from) * 3) & 63;
}

/** True when `name` is at `from`. */
export function sameBytes(name: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[from + i]) return false;
  return true;
}

const POOL_SLOTS = 4096;

/** Decodes bytes to strings, and caches them by slot. */
export class StringPool {
  readonly #slots = Array.from<{ readonly bytes: Uint8Array; readonly text: string } | undefined>({
    length: POOL_SLOTS,
  });

  /** The bytes `[from, to)` as UTF-8 text. */
  decode(bytes: Uint8Array, from: number, to: number): string {
    let hash = to - from;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
    const slot = (hash ^ (hash >>> 12)) & (POOL_SLOTS - 1);
    const known = this.#slots[slot];
    if (known?.bytes.length === to - from && sameBytes(known.bytes, bytes, from)) return known.text;
    const copy = Buffer.from(bytes.subarray(from, to));
    const text = copy.toString('utf8');
    this.#slots[slot] = { bytes: copy, text };
    return text;
  }
}
