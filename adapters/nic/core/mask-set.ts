import { KEY_BYTES } from './key-layout.ts';
import type { Libbpf } from './libbpf.ts';
import { createMaskSetMap } from './maps.ts';
import type { Maps } from './maps.ts';
import { CONTROL, FLOW_MASK, MASK_SET, u32, u32At } from './records.ts';
import { hashWords } from './word-hash.ts';

const WORDS = KEY_BYTES / 4;

type Kernel = Pick<Libbpf, 'createMap' | 'update' | 'updateWaiting' | 'lookup' | 'close'>;

/** The maps in which the set is, and which count the ids. */
interface MaskMaps
  extends Pick<Maps, 'next' | 'pinNextMaskSet' | 'replaceMaskSetPin' | 'openMaskSet'> {
  readonly fd: Pick<Maps['fd'], 'masks'>;
}

interface Mask {
  readonly id: number;
  readonly words: Uint32Array;
  readonly hash: number;
  users: number;
}

const FIRST = u32(0);
const NONE: readonly Mask[] = [];

/**
 * The distinct masks of the installed entries. The program reads an immutable set that is replaced
 * as a whole; the kernel returns from the replacement when no running program uses the old one.
 *
 * Fail-safe order: a mask is in the set before its first entry is, and leaves it after its last
 * entry. Ids are never reused, so a leftover entry never belongs to another mask.
 */
export class MaskSet {
  readonly #libbpf: Kernel;
  readonly #maps: MaskMaps;
  readonly #limit: number;
  readonly #byHash = new Map<number, Mask[]>();
  readonly #byId = new Map<number, Mask>();
  /** The mask found last: an entry's mask is looked for before the entry is added, and again then. */
  #found: Mask | undefined;
  #used = 0;
  #changed = false;

  constructor(libbpf: Kernel, maps: MaskMaps, limit: number) {
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

  /** True when enough masks are unused to justify a replacement: every packet tries each mask. */
  get crowded(): boolean {
    return this.#byId.size - this.#used > Math.max(4, this.#used);
  }

  /** Id of a mask in the set, or 0. */
  idOf(words: Uint32Array): number {
    return this.#find(words)?.id ?? 0;
  }

  /** Adds a user to the mask and returns its id; -1 when the set is full. */
  acquire(words: Uint32Array): number {
    const known = this.#find(words);
    if (known === undefined || known.users === 0) {
      if (this.#used >= this.#limit) return -1;
      this.#used++;
    }
    if (known !== undefined) {
      known.users++;
      return known.id;
    }
    const mask = newMask(this.#maps.next(CONTROL.nextMaskId), words.slice(), 1);
    this.#add(mask);
    this.#changed = true;
    return mask.id;
  }

  /** Removes a user from a mask. */
  release(id: number): void {
    const mask = this.#byId.get(id);
    if (mask === undefined || mask.users === 0) return;
    mask.users--;
    if (mask.users === 0) this.#used--;
  }

  /**
   * Publishes the masks in use to the program. Entries of other masks must have been deleted. When
   * it resolves, the programs that were running at the call have finished; masks acquired meanwhile
   * are not published, and {@link changed} says so. When it rejects, the program's set is unchanged.
   */
  async commit(): Promise<void> {
    const kept = [...this.#byId.values()].filter((mask) => mask.users > 0);
    const fd = createMaskSetMap(this.#libbpf);
    try {
      this.#libbpf.update(fd, FIRST, encode(kept), 'mask set');
      this.#maps.pinNextMaskSet(fd);
      await this.#libbpf.updateWaiting(this.#maps.fd.masks, FIRST, u32(fd), 'masks');
      this.#maps.replaceMaskSetPin();
    } finally {
      this.#libbpf.close(fd);
    }
    this.#forgetOthers(new Set(kept));
  }

  /** Forgets the masks that are neither published nor in use. */
  #forgetOthers(published: ReadonlySet<Mask>): void {
    const known = [...this.#byId.values()];
    this.#found = undefined;
    this.#byHash.clear();
    this.#byId.clear();
    this.#changed = false;
    for (const mask of known) {
      const isPublished = published.has(mask);
      if (!isPublished && mask.users === 0) continue;
      this.#add(mask);
      // Acquired while the others were being published.
      if (!isPublished) this.#changed = true;
    }
  }

  /**
   * Adopts the program's masks; they have no users yet. Adopts none if the set cannot be opened, as
   * after a daemon that did not pin it: its entries are then removed.
   */
  adopt(): void {
    const innerId = new Uint8Array(4);
    if (!this.#libbpf.lookup(this.#maps.fd.masks, FIRST, innerId, 'masks')) return;
    const fd = this.#maps.openMaskSet(u32At(innerId, 0));
    if (fd === undefined) return;
    const set = new Uint8Array(MASK_SET.bytes);
    try {
      this.#libbpf.lookup(fd, FIRST, set, 'mask set');
    } finally {
      this.#libbpf.close(fd);
    }
    for (let i = 0; i < u32At(set, MASK_SET.count); i++) {
      const at = MASK_SET.masks + i * FLOW_MASK.bytes;
      const words = new Uint32Array(set.slice(at, at + KEY_BYTES).buffer);
      this.#add(newMask(u32At(set, at + FLOW_MASK.maskId), words, 0));
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

  #find(words: Uint32Array): Mask | undefined {
    if (this.#found !== undefined && isEqual(this.#found.words, words)) return this.#found;
    const hash = hashWords(words, 0, WORDS);
    for (const mask of this.#byHash.get(hash) ?? NONE) {
      if (isEqual(mask.words, words)) return (this.#found = mask);
    }
    return undefined;
  }

  #add(mask: Mask): void {
    this.#byHash.set(mask.hash, [...(this.#byHash.get(mask.hash) ?? NONE), mask]);
    this.#byId.set(mask.id, mask);
  }
}

function newMask(id: number, words: Uint32Array, users: number): Mask {
  return { id, words, hash: hashWords(words, 0, WORDS), users };
}

function encode(masks: readonly Mask[]): Uint8Array {
  const set = new Uint8Array(MASK_SET.bytes);
  const view = new DataView(set.buffer);
  view.setUint32(MASK_SET.count, masks.length, true);
  let at: number = MASK_SET.masks;
  for (const mask of masks) {
    set.set(new Uint8Array(mask.words.buffer), at);
    view.setUint32(at + FLOW_MASK.maskId, mask.id, true);
    at += FLOW_MASK.bytes;
  }
  return set;
}

function isEqual(a: Uint32Array, b: Uint32Array): boolean {
  for (let i = 0; i < WORDS; i++) if (a[i] !== b[i]) return false;
  return true;
}
