import type { Libbpf } from './libbpf.ts';
import { MAX_TUNNEL_HEADERS } from './maps.ts';
import { TUNNEL_HEADER, u32 } from './records.ts';

/** The place that no entry uses: an entry without a tunnel has this index. */
const NONE = 0;

interface Header {
  readonly index: number;
  /** `struct tunnel_header`. */
  readonly bytes: Uint8Array;
  users: number;
}

/**
 * The outer headers of the installed entries, each once. An entry refers to its headers by their index in an
 * array.
 *
 * The kernel's copy of a place is written before its first entry is, and not before the programs that were
 * running when its last entry was deleted have finished: see {@link TunnelHeaders.write}.
 */
export class TunnelHeaders {
  readonly #libbpf: Pick<Libbpf, 'update' | 'lookup'>;
  readonly #fd: number;
  readonly #byBytes = new Map<string, Header>();
  readonly #byIndex = new Map<number, Header>();
  readonly #unwritten = new Set<Header>();
  /** Places that were in use; those from {@link #unused} on never were. */
  readonly #free: number[] = [];
  #unused = NONE + 1;

  constructor(libbpf: Pick<Libbpf, 'update' | 'lookup'>, fd: number) {
    this.#libbpf = libbpf;
    this.#fd = fd;
  }

  /** Most headers at a time. */
  get limit(): number {
    return MAX_TUNNEL_HEADERS - 1;
  }

  /** Index of these headers; 0: no entry has them. */
  indexOf(bytes: Uint8Array): number {
    return this.#byBytes.get(keyOf(bytes))?.index ?? NONE;
  }

  /** Adds a user to the headers, and returns their index; 0: all places are in use. */
  acquire(bytes: Uint8Array): number {
    const key = keyOf(bytes);
    const known = this.#byBytes.get(key);
    if (known !== undefined) {
      known.users++;
      return known.index;
    }
    const index = this.#takePlace();
    if (index === NONE) return NONE;
    const header = { index, bytes: bytes.slice(), users: 1 };
    this.#add(key, header);
    this.#unwritten.add(header);
    return index;
  }

  /** Removes a user whose entry has been deleted. */
  release(index: number): void {
    const header = this.#byIndex.get(index);
    if (header === undefined || --header.users > 0) return;
    this.#byIndex.delete(index);
    this.#byBytes.delete(keyOf(header.bytes));
    this.#unwritten.delete(header);
    this.#free.push(index);
  }

  /**
   * Writes new headers to the kernel. Every program that was running when an entry was last deleted must have
   * finished.
   *
   * @throws {SystemCallFailed}
   */
  write(): void {
    for (const header of this.#unwritten) {
      this.#libbpf.update(this.#fd, u32(header.index), header.bytes, 'tunnel_headers');
      this.#unwritten.delete(header);
    }
  }

  /** Counts an entry of an earlier daemon; false when it cannot have such headers. */
  adoptUser(index: number): boolean {
    const known = this.#byIndex.get(index);
    if (known !== undefined) {
      known.users++;
      return true;
    }
    const bytes = new Uint8Array(TUNNEL_HEADER.bytes);
    if (index >= MAX_TUNNEL_HEADERS) return false;
    if (!this.#libbpf.lookup(this.#fd, u32(index), bytes, 'tunnel_headers')) return false;
    const key = keyOf(bytes);
    if (this.#byBytes.has(key)) return false;
    for (; this.#unused <= index; this.#unused++) {
      if (this.#unused !== index) this.#free.push(this.#unused);
    }
    const freed = this.#free.indexOf(index);
    if (freed >= 0) this.#free.splice(freed, 1);
    this.#add(key, { index, bytes, users: 1 });
    return true;
  }

  #takePlace(): number {
    const freed = this.#free.pop();
    if (freed !== undefined) return freed;
    return this.#unused < MAX_TUNNEL_HEADERS ? this.#unused++ : NONE;
  }

  #add(key: string, header: Header): void {
    this.#byBytes.set(key, header);
    this.#byIndex.set(header.index, header);
  }
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
