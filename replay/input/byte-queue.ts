/** Buffers chunks for contiguous reading and discards what was read. */
export class ByteQueue {
  /** The unread bytes are at `at .. end`. `push` can replace the buffer. */
  bytes = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  at = 0;
  end = 0;
  /** Offset of `bytes[0]` in the stream. */
  #base = 0;
  #toSkip = 0;

  /** Bytes that can be read now. */
  get length(): number {
    return this.end - this.at;
  }

  /** Offset in the stream of the next byte to read. */
  get offset(): number {
    return this.#base + this.at;
  }

  /** True while bytes to skip have not arrived yet. */
  get skipping(): boolean {
    return this.#toSkip > 0;
  }

  push(chunk: Uint8Array): void {
    if (this.end + chunk.length > this.bytes.length) this.#reserve(chunk.length);
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
    this.skip(0);
  }

  /** Skips bytes, including bytes that have not arrived yet. */
  skip(count: number): void {
    this.#toSkip += count;
    const now = Math.min(this.#toSkip, this.length);
    this.at += now;
    this.#toSkip -= now;
  }

  #reserve(more: number): void {
    const needed = this.length + more;
    const next =
      needed <= this.bytes.length ? this.bytes : new Uint8Array(Math.max(4096, needed * 2));
    if (next === this.bytes) next.copyWithin(0, this.at, this.end);
    else next.set(this.bytes.subarray(this.at, this.end));
    this.#base += this.at;
    this.end = this.length;
    this.at = 0;
    if (next === this.bytes) return;
    this.bytes = next;
    this.view = new DataView(next.buffer);
  }
}
