import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { HostConnection } from './connection.ts';

/** Standard input and output, behind a program that has a connection: `socat VSOCK-LISTEN:...`. */
export class StdioConnection implements HostConnection {
  readonly #input: Readable;
  readonly #output: Writable;

  constructor(input: Readable, output: Writable) {
    this.#input = input;
    this.#output = output;
  }

  send(text: string): void {
    this.#output.write(text);
  }

  async sent(): Promise<void> {
    while (this.#output.writableNeedDrain) await once(this.#output, 'drain');
  }

  async read(take: (chunk: Uint8Array) => Promise<void>): Promise<void> {
    for await (const chunk of this.#input) {
      if (chunk instanceof Uint8Array) await take(chunk);
    }
  }

  close(): void {
    this.#input.destroy();
  }
}
