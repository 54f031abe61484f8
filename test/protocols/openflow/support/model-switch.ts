import { connect, createServer, type Server, type Socket } from 'node:net';
import { decode } from '../../../../protocols/openflow/codec/decode.ts';
import { encode } from '../../../../protocols/openflow/codec/encode.ts';
import type { FlowMod } from '../../../../protocols/openflow/codec/flow-mod.ts';
import type { FlowStats } from '../../../../protocols/openflow/codec/flow-stats.ts';
import { BundleControl, FlowCommand } from '../../../../protocols/openflow/codec/ids.ts';
import type { Message } from '../../../../protocols/openflow/codec/messages.ts';
import type {
  MultipartRequest,
  ReplyBody,
} from '../../../../protocols/openflow/codec/multipart.ts';
import type { PortDescription } from '../../../../protocols/openflow/codec/port.ts';
import type { Version } from '../../../../protocols/openflow/codec/version.ts';
import { Framer } from '../../../../protocols/openflow/wire/framer.ts';
import { type ModelPacket, type ModelRule, ModelRules } from './model-rules.ts';

/** Numbers of an error. */
export interface Wrong {
  readonly errorType: number;
  readonly code: number;
}

/** What a model switch is made of. */
export interface ModelOptions {
  readonly version: Version;
  readonly bundles: boolean;
  readonly ports: readonly string[];
}

/** Rules told in one part of an answer. */
const PART = 3;
const NONE = new Uint8Array(0);

/**
 * A switch in memory behind a real socket: applies flow-mods, answers where a packet would go, and
 * fails in the ways it is told to.
 */
export class ModelSwitch {
  readonly table = new ModelRules();
  /** Asked of every flow-mod; an answer makes it fail. */
  refuse: (mod: FlowMod) => Wrong | undefined = () => undefined;
  /** Most rules. */
  capacity = Number.POSITIVE_INFINITY;
  /** Answers nothing, not even an echo request. */
  silent = false;
  /** Closes the connection after so many more bytes sent, in the middle of a message if need be. */
  cutAfter = Number.POSITIVE_INFINITY;
  /** Closes the connection when so many more flow-mods have been received. */
  dropAfterMods = Number.POSITIVE_INFINITY;
  /** Said in place of a proper hello. */
  hello: Uint8Array | undefined;
  /** Messages received. */
  readonly heard: Message[] = [];
  connections = 0;
  readonly #options: ModelOptions;
  readonly #bundles = new Map<number, FlowMod[]>();
  readonly #sockets = new Set<Socket>();
  #down = new Set<number>();
  #server: Server | undefined;

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  /** Listens on a unix socket, as a switch's management socket. */
  async listen(path: string): Promise<void> {
    const server = createServer((socket) => this.serve(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
  }

  /** Connects to a controller once. */
  connect(to: { readonly path: string } | { readonly port: number }): Socket {
    const socket = connect(to);
    this.serve(socket);
    return socket;
  }

  /** Speaks OpenFlow on a socket. */
  serve(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    const framer = new Framer();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#bundles.clear();
    });
    socket.on('data', (chunk: Buffer) => {
      for (const bytes of framer.push(chunk)) {
        if (socket.destroyed) return;
        const { message } = decode(bytes);
        this.heard.push(message);
        if (!this.silent) this.#answer(socket, message);
      }
    });
    if (this.hello !== undefined) {
      socket.write(this.hello);
      return;
    }
    const versions = this.#options.version === 4 ? [1, 4] : undefined;
    this.send(socket, { type: 'hello', xid: 1, versions, other: NONE });
  }

  /** Sends packets by the switch: the name of the port they come out of. */
  packets(packet: ModelPacket, count = 1, bytes = 100): string | undefined {
    const port = this.table.send(packet, count, bytes);
    return port === undefined ? undefined : this.#options.ports[port - 1];
  }

  /** A port loses its link, or has it again. */
  setLink(name: string, up: boolean): void {
    const portNo = this.#options.ports.indexOf(name) + 1;
    if (up) this.#down.delete(portNo);
    else this.#down.add(portNo);
    this.tell({ type: 'port-status', xid: 0, reason: 2, port: this.#port(name) });
  }

  /** Sends a message to everybody who is connected. */
  tell(message: Message): void {
    for (const socket of this.#sockets) this.send(socket, message);
  }

  /** Sends bytes that are no OpenFlow. */
  babble(bytes: Uint8Array): void {
    for (const socket of this.#sockets) socket.write(bytes);
  }

  /** Reads nothing any more. */
  pause(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  /** Ends every connection, as a switch that dies. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.hangUp();
    const server = this.#server;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  send(socket: Socket, message: Message): void {
    const bytes = encode(message, this.#options.version).slice();
    if (bytes.length > this.cutAfter) {
      socket.end(bytes.subarray(0, this.cutAfter));
      this.cutAfter = Number.POSITIVE_INFINITY;
      return;
    }
    this.cutAfter -= bytes.length;
    socket.write(bytes);
  }

  #answer(socket: Socket, message: Message): void {
    const { xid } = message;
    const send = (answer: Message): void => this.send(socket, answer);
    const wrong = (error: Wrong): void =>
      send({ type: 'error', xid, ...error, experimenter: 0, data: NONE });
    const { type } = message;
    if (type === 'echo-request') return send({ type: 'echo-reply', xid, data: message.data });
    if (type === 'barrier-request') return send({ type: 'barrier-reply', xid });
    if (type === 'role-request') return send({ ...message, type: 'role-reply' });
    if (type === 'features-request') return send(this.#features(xid));
    if (type === 'multipart-request') return this.#statistics(send, message);
    if (type === 'bundle-control') return this.#bundle(send, wrong, message);
    if (type === 'flow-mod') {
      if (this.#dropped(socket)) return;
      const error = this.#apply(message);
      return error === undefined ? undefined : wrong(error);
    }
    if (type === 'bundle-add') {
      const { message: inner, bundle } = message;
      if (!this.#dropped(socket) && inner.type === 'flow-mod')
        this.#bundles.get(bundle)?.push(inner);
      return;
    }
    if (type === 'set-async' || type === 'unknown') wrong({ errorType: 1, code: 1 });
  }

  #features(xid: number): Message {
    const ports = this.#options.version === 1 ? this.#ports() : [];
    const none = { auxiliaryId: 0, capabilities: 0, actions: 0, buffers: 0 };
    return { type: 'features-reply', xid, datapathId: 7n, tables: 1, ports, ...none };
  }

  #dropped(socket: Socket): boolean {
    if (--this.dropAfterMods >= 0) return false;
    this.dropAfterMods = Number.POSITIVE_INFINITY;
    socket.destroy();
    return true;
  }

  #apply(mod: FlowMod): Wrong | undefined {
    const refused = this.refuse(mod);
    if (refused !== undefined) return refused;
    const before = this.table.rules.slice();
    this.table.apply(mod, this.#options.version);
    if (mod.command === FlowCommand.add && this.table.rules.length > this.capacity) {
      this.table.rules = before;
      return this.#options.version === 1 ? { errorType: 3, code: 0 } : { errorType: 5, code: 1 };
    }
    return undefined;
  }

  #bundle(
    send: (message: Message) => void,
    wrong: (error: Wrong) => void,
    message: Extract<Message, { type: 'bundle-control' }>,
  ): void {
    const { bundle, control } = message;
    if (!this.#options.bundles) return wrong({ errorType: 1, code: 3 });
    if (control === BundleControl.openRequest) {
      this.#bundles.set(bundle, []);
      return send({ ...message, control: BundleControl.openReply });
    }
    const mods = this.#bundles.get(bundle) ?? [];
    this.#bundles.delete(bundle);
    const before = this.table.rules.map((rule) => ({ ...rule }));
    for (const mod of mods) {
      const error = this.#apply(mod);
      if (error === undefined) continue;
      this.table.rules = before;
      const about = { type: 'error', experimenter: 0, data: NONE } as const;
      send({ ...about, ...error, xid: mod.xid });
      return send({ ...about, errorType: 17, code: 15, xid: message.xid });
    }
    return send({ ...message, control: BundleControl.commitReply });
  }

  #statistics(send: (message: Message) => void, request: MultipartRequest): void {
    const { xid, body } = request;
    const reply = (part: ReplyBody, more = false): void =>
      send({ type: 'multipart-reply', xid, more, body: part });
    if (body.kind === 'desc') {
      const names = { manufacturer: 'a test', hardware: 'model', software: '1' };
      return reply({ kind: 'desc', ...names, serialNumber: '', datapath: '' });
    }
    if (body.kind === 'port-desc') return reply({ kind: 'port-desc', ports: this.#ports() });
    if (body.kind !== 'flow') {
      const about = { errorType: 1, code: 2, experimenter: 0, data: NONE };
      return send({ type: 'error', xid, ...about });
    }
    this.table.expire();
    const { cookie, cookieMask } = body;
    const asked = this.table.rules.filter((r) => (r.cookie & cookieMask) === (cookie & cookieMask));
    for (let at = 0; at === 0 || at < asked.length; at += PART) {
      const flows = asked.slice(at, at + PART).map(statsOf);
      reply({ kind: 'flow', flows }, at + PART < asked.length);
    }
  }

  #ports(): readonly PortDescription[] {
    return this.#options.ports.map((name) => this.#port(name));
  }

  #port(name: string): PortDescription {
    const portNo = this.#options.ports.indexOf(name) + 1;
    const speeds = { current: 0, advertised: 0, supported: 0, peer: 0 };
    const state = this.#down.has(portNo) ? 1 : 0;
    const rest = { ...speeds, currentSpeed: 0, maxSpeed: 0 };
    return { portNo, name, hwAddr: new Uint8Array(6), config: 0, state, ...rest };
  }
}

function statsOf(rule: ModelRule): FlowStats {
  const none = { tableId: 0, durationSec: 0, durationNsec: 0, idleTimeout: 0, flags: 0 };
  const [packets, bytes] = [BigInt(rule.packets), BigInt(rule.bytes)];
  return { ...rule, ...none, idleAge: 0, hardAge: 0, packets, bytes };
}
