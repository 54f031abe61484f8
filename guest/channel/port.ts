import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../../text/error-message.ts';
import type { HostConnection } from './connection.ts';

const READ_BYTES = 64 * 1024;
/** Waits between two looks at the port, ms: soon after something has arrived, and otherwise. */
const BUSY_WAIT_MS = 5;
const IDLE_WAIT_MS = 50;
/** Time for which the host counts as busy, ms. */
const BUSY_MS = 200;

/**
 * A port of virtio-serial, `/dev/virtio-ports/NAME`.
 *
 * The port is open without blocking and is looked at from time to time. Node cannot wait for a character
 * device in its event loop, and a thread of libuv's pool that waits in `read` keeps the process from
 * exiting. While no host is connected, reading finds the end of the file and writing would block;
 * what is to be sent waits.
 */
export class PortConnection implements HostConnection {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(READ_BYTES);
  #unsent = Buffer.alloc(0);
  #isOpen = true;
  #busyUntilMs = 0;

  /** @throws the system's error: there is no such port, or another process has it open */
  constructor(path: string) {
    this.#fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY);
  }

  send(text: string): void {
    this.#unsent = Buffer.concat([this.#unsent, Buffer.from(text)]);
    this.#flush();
  }

  async sent(): Promise<void> {
    while (this.#isOpen && this.#unsent.length > 0) {
      this.#flush();
      if (this.#unsent.length > 0) await this.#wait();
    }
  }

  async read(take: (chunk: Uint8Array) => Promise<void>, gone: () => Promise<void>): Promise<void> {
    let isConnected = false;
    while (this.#isOpen) {
      this.#flush();
      const length = this.#readNow();
      if (length === 0 && isConnected) await gone();
      isConnected = length !== 0;
      if (length === undefined || length === 0) {
        await this.#wait();
        continue;
      }
      this.#busyUntilMs = performance.now() + BUSY_MS;
      await take(this.#buffer.subarray(0, length));
    }
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#fd);
    this.#isOpen = false;
  }

  /** Bytes read; 0: no host is connected; undefined: it has sent nothing. */
  #readNow(): number | undefined {
    try {
      return readSync(this.#fd, this.#buffer, 0, READ_BYTES, null);
    } catch (error) {
      if (isTemporary(error)) return undefined;
      throw error;
    }
  }

  #flush(): void {
    try {
      while (this.#isOpen && this.#unsent.length > 0) {
        this.#unsent = this.#unsent.subarray(writeSync(this.#fd, this.#unsent));
      }
    } catch (error) {
      if (!isTemporary(error)) throw error;
    }
  }

  #wait(): Promise<void> {
    return sleep(performance.now() < this.#busyUntilMs ? BUSY_WAIT_MS : IDLE_WAIT_MS);
  }
}

function isTemporary(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'EAGAIN' || code === 'EINTR';
}
