import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Namespace } from '../../testbed/namespace.ts';
import type { Range, ReceiverSpec, SenderSpec } from '../traffic/stream.ts';

/** Debian's python3: its sockets have the options that Node's lack. */
const PYTHON = '/usr/bin/python3';
const ANSWER_MS = 15_000;

/** A command of an agent failed, or was not answered in time. */
export class AgentFailed extends Error {
  override readonly name = 'AgentFailed';
}

/** What arrived of a range of sequence numbers. */
export interface Counts {
  /** Distinct packets or chunks. */
  readonly received: number;
  readonly duplicates: number;
  /** Behind a packet with a higher number. */
  readonly late: number;
  /** With other bytes than were sent. */
  readonly corrupt: number;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A process in a network namespace that sends and receives numbered packets (`agent.py`). */
export class Agent {
  readonly #name: string;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  private constructor(name: string, socket: Socket) {
    this.#name = name;
    this.#socket = socket;
    createInterface({ input: socket }).on('line', (line) => this.#onLine(line));
    const ended = () => this.#fail(new AgentFailed(`agent of ${name}: it ended`));
    socket.on('error', ended).on('close', ended);
  }

  /** Starts one; it ends with the namespace's cleanup. `folder`: for its socket. */
  static async start(namespace: Namespace, folder: string): Promise<Agent> {
    const path = join(folder, `agent-${namespace.name}.sock`);
    const process = await namespace.spawn(`agent in ${namespace.name}`, PYTHON, [
      '-B',
      script(),
      path,
    ]);
    await process.waitForLine((line) => line === 'listening', 10_000, 'listen');
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new Agent(namespace.name, socket);
  }

  /** Opens a receiver. */
  async open(stream: string, spec: ReceiverSpec): Promise<void> {
    await this.#call({ op: 'open', stream, ...spec });
  }

  /** Sends; resolves when the last packet is sent. The sender stays open for the next call. */
  async send(
    stream: string,
    spec: SenderSpec,
    range: Range,
    packetsPerSecond: number,
  ): Promise<void> {
    const [first, end] = range;
    const frames = 'frame' in spec ? { frames: framesOf(spec.frame, range) } : {};
    await this.#call({
      op: 'send',
      stream,
      ...spec,
      ...frames,
      first,
      count: end - first,
      rate: packetsPerSecond,
    });
  }

  /** Counts of a receiver, one per range. */
  async counts(stream: string, ranges: readonly Range[]): Promise<readonly Counts[]> {
    return countsOf(await this.#call({ op: 'counts', stream, ranges }));
  }

  /** Counts of the replies to a sender, one per range. */
  async replies(stream: string, ranges: readonly Range[]): Promise<readonly Counts[]> {
    return countsOf(await this.#call({ op: 'replies', stream, ranges }));
  }

  /** What a collector's exporter reported so far: samples, packets or messages. */
  async reported(stream: string): Promise<number> {
    return numberAt(await this.#call({ op: 'counts', stream, ranges: [] }), 'reported');
  }

  /** Checksum errors that the kernel of the namespace has counted. */
  async checksumErrors(): Promise<number> {
    return numberAt(await this.#call({ op: 'errors' }), 'checksums');
  }

  /** Closes the receiver and the sender of a stream. */
  async close(stream: string): Promise<void> {
    await this.#call({ op: 'close', stream });
  }

  #call(command: Readonly<Record<string, unknown>>): Promise<unknown> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const late = new AgentFailed(
        `agent of ${this.#name}: no answer to ${String(command.op)} within ${ANSWER_MS} ms`,
      );
      const timer = setTimeout(() => this.#waiting.get(id)?.reject(late), ANSWER_MS);
      const settled = () => {
        clearTimeout(timer);
        this.#waiting.delete(id);
      };
      this.#waiting.set(id, {
        resolve: (result) => {
          settled();
          resolve(result);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      this.#socket.write(`${JSON.stringify({ id, ...command })}\n`);
    });
  }

  #onLine(line: string): void {
    const answer: unknown = JSON.parse(line);
    if (typeof answer !== 'object' || answer === null || !('id' in answer)) return;
    const waiting = typeof answer.id === 'number' ? this.#waiting.get(answer.id) : undefined;
    if ('error' in answer) {
      waiting?.reject(new AgentFailed(`agent of ${this.#name}: ${String(answer.error)}`));
    } else {
      waiting?.resolve('result' in answer ? answer.result : undefined);
    }
  }

  #fail(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
  }
}

function framesOf(frame: (sequence: number) => Buffer, [first, end]: Range): readonly string[] {
  return Array.from({ length: end - first }, (_, i) => frame(first + i).toString('hex'));
}

function countsOf(result: unknown): readonly Counts[] {
  if (!Array.isArray(result)) throw new AgentFailed(`not a list of counts: ${String(result)}`);
  return result.map((each: unknown) => ({
    received: numberAt(each, 'received'),
    duplicates: numberAt(each, 'duplicates'),
    late: numberAt(each, 'late'),
    corrupt: numberAt(each, 'corrupt'),
  }));
}

function numberAt(value: unknown, key: string): number {
  if (typeof value === 'object' && value !== null) {
    const found: unknown = Reflect.get(value, key);
    if (typeof found === 'number') return found;
  }
  throw new AgentFailed(`no number ${key} in ${JSON.stringify(value)}`);
}

/** agent.py is next to the source of this module; dist/ has no copy. */
function script(): string {
  const here = fileURLToPath(new URL('agent.py', import.meta.url));
  if (existsSync(here)) return here;
  return fileURLToPath(new URL('../../../../lab/compare/guest/agent.py', import.meta.url));
}
