import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { encode } from '../../../../protocols/openflow/codec/encode.ts';
import type { Message, MessageOf } from '../../../../protocols/openflow/codec/messages.ts';
import { printMessage } from '../../../../protocols/openflow/codec/print.ts';
import type { Version } from '../../../../protocols/openflow/codec/version.ts';
import { Framer } from '../../../../protocols/openflow/wire/framer.ts';
import { waitFor } from '../../../../lab/testbed/wait.ts';
import { sameBytes } from './same-bytes.ts';

/**
 * A controller that a switch connects to, just enough of one for tests: what arrives is decoded,
 * encoded again, compared and kept.
 */
export class Peer {
  readonly #version: Version;
  readonly #server: Server;
  readonly #received: Message[] = [];
  #socket: Socket | undefined;
  #failure: unknown;
  #xid = 0x1000;

  constructor(version: Version) {
    this.#version = version;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Listens on a unix socket. */
  async start(path: string): Promise<void> {
    this.#server.listen(path);
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.#socket?.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** An xid that has not been used. */
  xid(): number {
    return this.#xid++;
  }

  send(...messages: readonly Message[]): void {
    const bytes = messages.map((m) => encode(m, this.#version));
    this.#socket?.write(Buffer.concat(bytes));
  }

  /** Takes the first message of the type for which `is` holds; waits for it. */
  async take<T extends Message['type']>(
    type: T,
    is: (message: MessageOf<T>) => boolean = () => true,
  ): Promise<MessageOf<T>> {
    const wanted = (m: Message): m is MessageOf<T> => isOf(m, type) && is(m);
    const look = () => {
      if (this.#failure !== undefined) throw this.#failure;
      const found = this.#received.find(wanted);
      if (found !== undefined) this.#received.splice(this.#received.indexOf(found), 1);
      return found;
    };
    return await waitFor(`a message ${type} (${this.#log()})`, look, {
      timeoutMs: 5000,
      everyMs: 5,
    });
  }

  /** Sends a request and takes the answer of the type. */
  async ask<T extends Message['type']>(request: Message, type: T): Promise<MessageOf<T>> {
    this.send(request);
    return this.take(type, (m) => m.xid === request.xid);
  }

  /** Waits until the switch has done all that was sent before. */
  async barrier(): Promise<void> {
    await this.ask({ type: 'barrier-request', xid: this.xid() }, 'barrier-reply');
  }

  #log(): string {
    return this.#received.map((m) => printMessage(m, this.#version)).join('; ');
  }

  #accept(socket: Socket): void {
    assert.equal(this.#socket, undefined, 'the switch connected a second time');
    this.#socket = socket;
    const framer = new Framer();
    socket.on('data', (chunk) => {
      try {
        for (const bytes of framer.push(chunk)) this.#handle(sameBytes(bytes).message);
      } catch (error) {
        this.#failure ??= error;
      }
    });
    socket.on('error', () => socket.destroy());
  }

  #handle(message: Message): void {
    if (message.type === 'echo-request') this.send({ ...message, type: 'echo-reply' });
    else this.#received.push(message);
  }
}

function isOf<T extends Message['type']>(message: Message, type: T): message is MessageOf<T> {
  return message.type === type;
}
