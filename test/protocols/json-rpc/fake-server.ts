import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JsonFramer } from '../../../protocols/json-rpc/framing.ts';

/** What a fake server does with a request: it may write to, or end, the socket. */
export type Behaviour = (request: Readonly<Record<string, unknown>>, socket: Socket) => void;

/** A JSON-RPC server on a unix socket in a directory of its own, which a test tells what to do. */
export class FakeServer {
  readonly directory: string;
  path: string;
  behaviour: Behaviour;
  readonly requests: Readonly<Record<string, unknown>>[] = [];
  connections = 0;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();

  private constructor(directory: string, name: string, behaviour: Behaviour) {
    this.directory = directory;
    this.path = join(directory, name);
    this.behaviour = behaviour;
  }

  /** Listens on `name` in a new directory. */
  static async start(name: string, behaviour: Behaviour): Promise<FakeServer> {
    const directory = await mkdtemp(join(tmpdir(), 'nkfake-'));
    const server = new FakeServer(directory, name, behaviour);
    await server.listen();
    return server;
  }

  /** As ovs-vswitchd: with a pid file beside its socket. */
  static async startUnixctl(behaviour: Behaviour): Promise<FakeServer> {
    const server = await FakeServer.start('ovs-vswitchd.4711.ctl', behaviour);
    await writeFile(join(server.directory, 'ovs-vswitchd.pid'), '4711\n');
    return server;
  }

  async listen(): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.path, resolve);
    });
  }

  /** Listens on another name in the same directory, as a daemon with another pid does. */
  async listenAs(name: string): Promise<void> {
    this.path = join(this.directory, name);
    await this.listen();
  }

  /** Ends every connection and no longer listens; the directory stays. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await new Promise<void>((done) => server.close(() => done()));
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Sends to every connection. */
  broadcast(message: unknown): void {
    for (const socket of this.#sockets) socket.write(JSON.stringify(message));
  }

  #serve(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // A client that goes away in the middle is what some tests are about.
    socket.on('error', () => undefined);
    const framer = new JsonFramer(1 << 20);
    socket.on('data', (chunk: Buffer) => {
      framer.push(chunk);
      for (let m = framer.next(); m !== undefined; m = framer.next()) {
        const request: unknown = JSON.parse(m.toString('utf8'));
        if (typeof request !== 'object' || request === null) continue;
        const record: Readonly<Record<string, unknown>> = { ...request };
        this.requests.push(record);
        this.behaviour(record, socket);
      }
    });
  }
}

/** Answers with a result. */
export function answer(result: unknown): Behaviour {
  return (request, socket) => {
    socket.write(JSON.stringify({ id: request['id'], result, error: null }));
  };
}
