import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { Framer } from '../../../../protocols/openflow/wire/framer.ts';

/** A message on its way, and who sent it. */
export interface Passed {
  readonly from: 'ovs-ofctl' | 'ovs-vswitchd';
  readonly bytes: Uint8Array;
}

/** What went over the connections of one command. */
export interface Exchange {
  /** ovs-ofctl's arguments; `SWITCH` is where the switch is. */
  readonly command: string;
  readonly messages: readonly Passed[];
}

/**
 * Stands between ovs-ofctl and the switch, passes everything on and keeps a copy.
 *
 * It listens on a unix socket of its own, as ovs-ofctl connects to one that is named.
 */
export class Recorder {
  readonly #listen: string;
  readonly #target: string;
  readonly #passed: Passed[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#connect(client));

  /** @param target the switch's unix socket (`br0.mgmt`) */
  constructor(listen: string, target: string) {
    this.#listen = listen;
    this.#target = target;
  }

  async start(): Promise<void> {
    this.#server.listen(this.#listen);
    await once(this.#server, 'listening');
  }

  /** Runs an ovs-ofctl command to its end; `SWITCH` in its arguments is replaced. */
  async run(args: readonly string[]): Promise<Exchange> {
    await this.runBeside(args);
    return { command: args.join(' '), messages: this.#take() };
  }

  /** Runs one while another is running: their messages stay together. */
  async runBeside(args: readonly string[]): Promise<void> {
    const full = ['--timeout=5', ...this.#named(args)];
    await promisify(execFile)('ovs-ofctl', full, { timeout: 8000, env: this.#env() });
  }

  /** The same with one that does not end by itself: it is ended once `during` is done. */
  async runWhile(args: readonly string[], during: () => Promise<void>): Promise<Exchange> {
    const child = spawn('ovs-ofctl', this.#named(args), { stdio: 'ignore', env: this.#env() });
    try {
      await during();
    } finally {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    return { command: args.join(' '), messages: this.#take() };
  }

  /** How many messages have been passed since the last command. */
  get count(): number {
    return this.#passed.length;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** A monitor makes a control socket, which is to be beside ours. */
  #env(): NodeJS.ProcessEnv {
    return { ...process.env, OVS_RUNDIR: dirname(this.#listen) };
  }

  #named(args: readonly string[]): string[] {
    return args.map((arg) => (arg === 'SWITCH' ? `unix:${this.#listen}` : arg));
  }

  #take(): Passed[] {
    return this.#passed.splice(0);
  }

  #connect(client: Socket): void {
    const target = createConnection(this.#target);
    this.#pass('ovs-ofctl', client, target);
    this.#pass('ovs-vswitchd', target, client);
  }

  #pass(from: Passed['from'], source: Socket, sink: Socket): void {
    const framer = new Framer();
    this.#sockets.add(source);
    source.on('data', (chunk) => {
      for (const bytes of framer.push(chunk)) {
        this.#passed.push({ from, bytes: new Uint8Array(bytes) });
      }
      sink.write(chunk);
    });
    source.on('error', () => sink.destroy());
    source.on('close', () => {
      this.#sockets.delete(source);
      sink.destroy();
    });
  }
}
