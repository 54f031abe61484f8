import { KEY_BYTES } from './key-layout.ts';
import type { Libbpf } from './libbpf.ts';
import { createMaskSetMap } from './maps.ts';
import type { Maps } from './maps.ts';
import { CONTROL, FLOW_MASK, MASK_SET, u32, u32At } from './records.ts';

interface Mask {
  readonly id: number;
  readonly bytes: Uint8Array;
  users: number;
}

const FIRST = u32(0);

/**
 * The distinct masks of the installed entries. What the program sees is an immutable set that is
 * swapped as a whole; the kernel returns from the swap when no running program sees the old one.
 *
 * Fail-safe order: a mask is in the set before its first entry is, and leaves it after its last
 * entry. Ids are never used twice, so that a leftover can never fall under another mask.
 */
export class MaskSet {
  readonly #libbpf: Libbpf;
  readonly #maps: Maps;
  readonly #limit: number;
  readonly #byBytes = new Map<string, Mask>();
  readonly #byId = new Map<number, Mask>();
  #used = 0;
  #changed = false;

  constructor(libbpf: Libbpf, maps: Maps, limit: number) {
    this.#libbpf = libbpf;
    this.#maps = maps;
    this.#limit = limit;
  }

  /** Masks with entries. */
  get used(): number {
    return this.#used;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Whether {@link commit} has to run before entries of the acquired masks are written. */
  get changed(): boolean {
    return this.#changed;
  }

  /** True when so many masks are idle that they are worth a swap: every packet tries them. */
  get crowded(): boolean {
    return this.#byId.size - this.#used > Math.max(4, this.#used);
  }

  /** Id of a mask in the set; 0 when it is not in. */
  idOf(bytes: Uint8Array): number {
    return this.#byBytes.get(maskText(bytes))?.id ?? 0;
  }

  /** Id of the mask, with one user more; -1 when there is no room for it. */
  acquire(bytes: Uint8Array): number {
    const text = maskText(bytes);
    const known = this.#byBytes.get(text);
    if (known === undefined || known.users === 0) {
      if (this.#used >= this.#limit) return -1;
      this.#used++;
    }
    if (known !== undefined) {
      known.users++;
      return known.id;
    }
    const mask = { id: this.#maps.next(CONTROL.nextMaskId), bytes: bytes.slice(), users: 1 };
    this.#byBytes.set(text, mask);
    this.#byId.set(mask.id, mask);
    this.#changed = true;
    return mask.id;
  }

  /** Takes one user from a mask. */
  release(id: number): void {
    const mask = this.#byId.get(id);
    if (mask === undefined || mask.users === 0) return;
    mask.users--;
    if (mask.users === 0) this.#used--;
  }

  /** Shows the program the masks in use. Every entry of the others must be deleted by now. */
  async commit(): Promise<void> {
    for (const [text, mask] of this.#byBytes) {
      if (mask.users > 0) continue;
      this.#byBytes.delete(text);
      this.#byId.delete(mask.id);
    }
    const fd = createMaskSetMap(this.#libbpf);
    try {
      this.#libbpf.update(fd, FIRST, this.#encode(), 'mask set');
      await this.#libbpf.updateWaiting(this.#maps.fd.masks, FIRST, u32(fd), 'masks');
    } finally {
      this.#libbpf.close(fd);
    }
    this.#changed = false;
  }

  /** Learns the masks that the program has; they have no users yet. */
  adopt(): void {
    const innerId = new Uint8Array(4);
    if (!this.#libbpf.lookup(this.#maps.fd.masks, FIRST, innerId, 'masks')) return;
    const fd = this.#libbpf.mapFdById(u32At(innerId, 0));
    const set = new Uint8Array(MASK_SET.bytes);
    try {
      this.#libbpf.lookup(fd, FIRST, set, 'mask set');
    } finally {
      this.#libbpf.close(fd);
    }
    for (let i = 0; i < u32At(set, MASK_SET.count); i++) {
      const at = MASK_SET.masks + i * FLOW_MASK.bytes;
      const bytes = set.slice(at, at + KEY_BYTES);
      const mask = { id: u32At(set, at + FLOW_MASK.maskId), bytes, users: 0 };
      this.#byBytes.set(maskText(bytes), mask);
      this.#byId.set(mask.id, mask);
    }
  }

  /** Counts an adopted entry; false when the program has no such mask. */
  adoptUser(id: number): boolean {
    const mask = this.#byId.get(id);
    if (mask === undefined) return false;
    if (mask.users === 0) this.#used++;
    mask.users++;
    return true;
  }

  #encode(): Uint8Array {
    const set = new Uint8Array(MASK_SET.bytes);
    const view = new DataView(set.buffer);
    view.setUint32(MASK_SET.count, this.#byId.size, true);
    let at: number = MASK_SET.masks;
    for (const mask of this.#byId.values()) {
      set.set(mask.bytes, at);
      view.setUint32(at + FLOW_MASK.maskId, mask.id, true);
      at += FLOW_MASK.bytes;
    }
    return set;
  }
}

function maskText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
