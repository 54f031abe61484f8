import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { aborted } from '../../../async/aborted.ts';
import { Backoff, type BackoffOptions } from '../../../async/backoff.ts';
import { bounded } from '../../../async/bounded.ts';
import { Role } from '../codec/ids.ts';
import type { Message } from '../codec/messages.ts';
import type { SwitchDescription } from '../codec/multipart.ts';
import type { PortDescription } from '../codec/port.ts';
import { OF10, OF13, type Version } from '../codec/version.ts';
import { dial } from './dial.ts';
import { SwitchError, SwitchProtocolError, SwitchTimeout } from './errors.ts';
import { Listener } from './listener.ts';
import { Session, SESSION_DEFAULTS, type SessionOptions } from './session.ts';
import { SwitchPorts } from './switch-ports.ts';
import { formatTarget, isPassive, type Target } from './target.ts';
import type { TlsFiles } from './tls.ts';
import { asError } from '../../../text/error-message.ts';

/** Options of the connection to a switch. */
export interface SwitchClientOptions {
  readonly target: Target;
  /** For `ssl:` and `pssl:`. */
  readonly tls?: TlsFiles;
  /** Highest version: 1 is OpenFlow 1.0, 4 is 1.3; default 1.3. */
  readonly maxVersion?: Version;
  /** Bounds that differ from {@link SESSION_DEFAULTS}. */
  readonly session?: Partial<Omit<SessionOptions, 'maxVersion'>>;
  /** Initial and longest backoff between attempts, ms; default 100 and 10,000. */
  readonly backoff?: BackoffOptions;
}

/** A connected switch. */
export interface ConnectedSwitch {
  readonly session: Session;
  readonly datapathId: bigint;
  readonly tables: number;
  /** Undefined where the switch does not report it. */
  readonly description: SwitchDescription | undefined;
  readonly ports: SwitchPorts;
}

const BACKOFF: BackoffOptions = { minMs: 100, maxMs: 10_000 };

/**
 * Maintains a connection to one switch: connects or listens, sets the session up, and reconnects
 * when it ends, without limit.
 *
 * Our role is EQUAL and we request no packets, so nothing changes for the switch's controller.
 */
export class SwitchClient {
  /** The target as text. */
  readonly name: string;
  readonly #options: SwitchClientOptions;
  readonly #stop = new AbortController();
  readonly #prepare: (connected: ConnectedSwitch, signal: AbortSignal) => Promise<void>;
  readonly #waiting = new Set<() => void>();
  #connected: ConnectedSwitch | undefined;
  #listener: Listener | undefined;
  #error: Error | undefined;
  #running: Promise<void> | undefined;

  /**
   * @param prepare resynchronizes the caller, once per connection, before the connection is used
   * otherwise; when it rejects, the connection is closed
   */
  constructor(
    options: SwitchClientOptions,
    prepare: (connected: ConnectedSwitch, signal: AbortSignal) => Promise<void> = () =>
      Promise.resolve(),
  ) {
    this.#options = options;
    this.#prepare = prepare;
    this.name = formatTarget(options.target);
  }

  /** The switch, while it is connected and resynchronized. */
  get connected(): ConnectedSwitch | undefined {
    return this.#connected;
  }

  /** Why it is not connected: the error of the last attempt. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Starts to connect; no effect when already started. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves once the switch is connected. Rejects with the last error when `signal` aborts. */
  up(signal: AbortSignal): Promise<ConnectedSwitch> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.#connected === undefined) return;
        finish();
        resolve(this.#connected);
      };
      const abort = (): void => {
        finish();
        reject(this.#error ?? signal.reason);
      };
      const finish = (): void => {
        this.#waiting.delete(look);
        signal.removeEventListener('abort', abort);
      };
      this.#waiting.add(look);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      else look();
    });
  }

  /** Ends the connection and further attempts. */
  async close(): Promise<void> {
    this.#stop.abort(new Error(`${this.name}: closed`));
    await this.#connected?.session.close();
    await this.#running;
    await this.#listener?.close();
  }

  async #run(): Promise<void> {
    const backoff = new Backoff(this.#options.backoff ?? BACKOFF);
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const connected = await this.#attempt(signal);
        backoff.succeeded();
        await this.#serve(connected);
      } catch (error) {
        this.#error = asError(error);
      }
      if (signal.aborted) return;
      await sleep(backoff.failed(), undefined, { signal }).catch(() => undefined);
    }
  }

  async #attempt(signal: AbortSignal): Promise<ConnectedSwitch> {
    const options: SessionOptions = {
      ...SESSION_DEFAULTS,
      ...this.#options.session,
      maxVersion: this.#options.maxVersion ?? OF13,
    };
    const socket = await this.#socket(options.timeoutMs, signal);
    const session = await Session.open(this.name, socket, options, signal);
    try {
      const connected = await introduce(session);
      const until = [signal, session.ended];
      await bounded({ until }, (bound) => this.#prepare(connected, bound));
      session.ended.throwIfAborted();
      return connected;
    } catch (error) {
      await session.close(error instanceof Error ? error : undefined);
      throw error;
    }
  }

  async #serve(connected: ConnectedSwitch): Promise<void> {
    const { ended } = connected.session;
    this.#connected = connected;
    this.#error = undefined;
    for (const look of this.#waiting) look();
    await aborted(ended);
    this.#connected = undefined;
    throw ended.reason;
  }

  async #socket(timeoutMs: number, signal: AbortSignal): Promise<Socket> {
    const { target, tls } = this.#options;
    if (isPassive(target)) {
      this.#listener ??= await Listener.open(target, tls);
      return this.#listener.next(signal);
    }
    const late = (): Error => new SwitchTimeout(this.name, 'the attempt to connect', timeoutMs);
    return bounded({ until: [signal], timeoutMs, late }, (bound) => dial(target, tls, bound));
  }
}

/** Reads the switch's features, and asks for the role of an equal controller. */
async function introduce(session: Session): Promise<ConnectedSwitch> {
  const features = await session.request((xid) => ({ type: 'features-request', xid }));
  if (features.type !== 'features-reply') {
    throw new SwitchProtocolError(session.peer, `${features.type} as answer to features-request`);
  }
  if (session.version === OF13) {
    await optional(
      session.request((xid) => ({
        type: 'role-request',
        xid,
        role: Role.equal,
        generationId: 0n,
      })),
    );
  }
  await quieten(session);
  let description: SwitchDescription | undefined;
  await optional(
    session.multipart({ kind: 'desc' }, (body) => {
      if (body.kind === 'desc') description = body;
    }),
  );
  const ports = new SwitchPorts(await portsOf(session, features.ports));
  session.onMessage((message) => {
    if (message.type === 'port-status') ports.follow(message);
  });
  return { session, datapathId: features.datapathId, tables: features.tables, description, ports };
}

/** Requests changes of ports, but no packets and no removed flows: those are for the controller. */
async function quieten(session: Session): Promise<void> {
  const wanted = {
    type: 'set-async',
    packetIn: [0, 0],
    portStatus: [0b111, 0b111],
    flowRemoved: [0, 0],
  } as const;
  // It has no answer, but an unsupporting switch sends an error, which arrives before the barrier's
  // reply.
  const batch = session.batch(
    1,
    (_, xid): Message => ({ ...wanted, xid }),
    () => undefined,
  );
  try {
    await batch.send(session.ended);
    await session.request((xid) => ({ type: 'barrier-request', xid }));
  } finally {
    batch.stop();
  }
}

async function portsOf(
  session: Session,
  fromFeatures: readonly PortDescription[],
): Promise<readonly PortDescription[]> {
  if (session.version === OF10) return fromFeatures;
  const ports: PortDescription[] = [];
  await session.multipart({ kind: 'port-desc' }, (body) => {
    if (body.kind === 'port-desc') ports.push(...body.ports);
  });
  return ports;
}

/** An optional request: an error of the switch is accepted. */
async function optional(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof SwitchError)) throw error;
  }
}
