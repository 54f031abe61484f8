import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { ModelGuest } from '../../support/guest/model-guest.ts';

/**
 * The real agent, with rules in memory, behind a unix socket, as QEMU puts it there: the socket serves
 * one host at a time, and the agent lives on when the host disconnects.
 */
export class SocketGuest {
  readonly model: ModelGuest;
  readonly #server: Server;
  #host: Socket | undefined;

  private constructor(model: ModelGuest, server: Server) {
    this.model = model;
    this.#server = server;
  }

  static async listen(path: string, model = new ModelGuest()): Promise<SocketGuest> {
    const server = createServer();
    const guest = new SocketGuest(model, server);
    const answer = model.pair.guest.onText;
    server.on('connection', (socket) => {
      guest.#host?.destroy();
      guest.#host = socket;
      socket.on('error', () => {});
      socket.setEncoding('utf8');
      let rest = '';
      socket.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) answer(`${line}\n`);
      });
    });
    model.pair.guest.send = (text) => guest.#host?.write(text);
    server.listen(path);
    await once(server, 'listening');
    return guest;
  }

  /** Ends the connection of the host. */
  disconnect(): void {
    this.#host?.destroy();
  }

  async close(): Promise<void> {
    this.disconnect();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
