import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { HostConnection } from './connection.ts';

/** Standard input and output, behind a program that has a connection: `socat VSOCK-LISTEN:...`. */
export class StdioConnection implements HostConnection {
  readonly #input: Readable;
  readonly #output: Writable;
  #isClosed = false;

  constructor(input: Readable, output: Writable) {
    this.#input = input;
    this.#output = output;
    // A host that has gone does not read what is left.
    output.on('error', () => {});
  }

  send(text: string): void {
    this.#output.write(text);
  }

  async sent(): Promise<void> {
    const output = this.#output;
    while (output.writableNeedDrain && !output.destroyed) {
      const settled = new AbortController();
      const options = { signal: settled.signal };
      const waits = [once(output, 'drain', options), once(output, 'close', options)];
      await Promise.race(waits).catch(() => {});
      settled.abort();
      await Promise.allSettled(waits);
    }
  }

  async read(take: (chunk: Uint8Array) => Promise<void>, gone: () => Promise<void>): Promise<void> {
    try {
      for await (const chunk of this.#input) {
        if (chunk instanceof Uint8Array) await take(chunk);
      }
    } catch (error) {
      // Closing the input while it is read is an error of the stream.
      if (!this.#isClosed) throw error;
    }
    await gone();
  }

  close(): void {
    this.#isClosed = true;
    this.#input.destroy();
  }
}
