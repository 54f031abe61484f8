import { bounded } from '../../async/bounded.ts';
import { SerialQueue } from '../../async/serial-queue.ts';
import { Connection } from '../json-rpc/connection.ts';
import {
  UnixctlBusy,
  UnixctlCommandError,
  UnixctlDisconnected,
  UnixctlProtocolError,
  UnixctlStalePid,
  UnixctlTimeout,
  UnixctlUnreadable,
} from './errors.ts';
import { FrameGarbage, FrameTooLarge } from '../json-rpc/framing.ts';
import { memberSpans, type MemberSpan } from './reply.ts';
import { findControlSocket } from './socket-path.ts';
import { errorCode } from '../../text/error-message.ts';

export interface UnixctlOptions {
  /** Directory of pid file and control socket, normally /var/run/openvswitch. */
  readonly runDir: string;
  /** Name of the daemon; default `ovs-vswitchd`. */
  readonly target?: string;
  /** Longest time for one request, connecting included, ms. */
  readonly timeoutMs: number;
  /** Largest reply, bytes; default 1 GiB (2 million flows). */
  readonly maxReplyBytes?: number;
  /** Maximum number of queued requests; default 8. */
  readonly maxWaiting?: number;
}

/** The result of a reply, valid until the callback has settled. */
export interface LentReply {
  /** Content of the JSON string, with its escapes. */
  readonly escaped: Buffer<ArrayBuffer>;
  /** Time from the request to the first byte of the reply, ms: work in the daemon's main loop. */
  readonly waitedMs: number;
}

/** Output of one command of a batch, or why the daemon refused it. */
export type CommandResult = { readonly text: string } | { readonly error: UnixctlCommandError };

const QUOTE = 0x22;

interface RawReply {
  readonly message: Buffer<ArrayBuffer>;
  readonly waitedMs: number;
}

interface Reply extends RawReply {
  /** Position of the result string in the message, including quotes. */
  readonly result: MemberSpan;
}

/**
 * Client of an OVS daemon's control socket (ovs-appctl(8); lib/unixctl.c and lib/jsonrpc.c):
 * JSON-RPC 1.0 without framing, one request at a time on a connection.
 *
 * The connection is reused. When it has ended, the next request reads the pid file again and
 * reconnects, so that a restart of the daemon costs at most one failed request.
 */
export class UnixctlClient {
  readonly #options: Required<UnixctlOptions>;
  #connection: Connection | undefined;
  #socketPath = '';
  readonly #serial: SerialQueue;
  #nextId = 0;
  #closed = new AbortController();

  constructor(options: UnixctlOptions) {
    this.#options = {
      target: 'ovs-vswitchd',
      maxReplyBytes: 1 << 30,
      maxWaiting: 8,
      ...options,
    };
    this.#serial = new SerialQueue(this.#options.maxWaiting);
  }

  /** Runs a command and returns its output. Rejects with the errors of `errors.ts`. */
  text(method: string, params: readonly string[], signal: AbortSignal): Promise<string> {
    return this.#inTurn(method, signal, async () => {
      const { message, result } = await this.#exchange(method, params, signal);
      return String(JSON.parse(message.toString('utf8', result.start, result.end)));
    });
  }

  /**
   * Runs a command and passes the raw bytes of its output to `use`; the next request waits until
   * `use` has settled. Rejects with the errors of `errors.ts`, or with what `use` throws.
   */
  bytes<T>(
    method: string,
    params: readonly string[],
    use: (reply: LentReply) => T | Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    return this.#inTurn(method, signal, async () => {
      const { message, waitedMs, result } = await this.#exchange(method, params, signal);
      const escaped = message.subarray(result.start + 1, result.end - 1);
      return use({ escaped, waitedMs });
    });
  }

  /**
   * Runs a command once for each of `calls`, in order, and resolves to their results. All requests
   * are sent at once: the daemon answers several in one turn of its main loop, which costs it less
   * than a turn for each. The time-out is that of all of them together.
   *
   * Rejects with the errors of `errors.ts`, but for a refused command.
   */
  texts(
    method: string,
    calls: readonly (readonly string[])[],
    signal: AbortSignal,
  ): Promise<readonly CommandResult[]> {
    if (calls.length === 0) return Promise.resolve([]);
    return this.#inTurn(method, signal, () =>
      this.#within(method, signal, async (until) => {
        const replies = await this.#ask(method, calls, until);
        return replies.map(textOrRefusal);
      }),
    );
  }

  /** Closes the connection; running and queued requests fail. */
  async close(): Promise<void> {
    this.#closed.abort(new Error('the unixctl client is closed'));
    await this.#drop();
  }

  async #inTurn<T>(method: string, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    const { tasks } = this.#serial;
    if (tasks >= this.#options.maxWaiting) throw new UnixctlBusy(method, tasks);
    return this.#serial.run(() => {
      signal.throwIfAborted();
      return run();
    });
  }

  /** One request and its reply, within the time-out. */
  #exchange(method: string, params: readonly string[], caller: AbortSignal): Promise<Reply> {
    return this.#within(method, caller, async (signal) => {
      const [reply] = await this.#ask(method, [params], signal);
      if (reply instanceof UnixctlCommandError) throw reply;
      return reply;
    });
  }

  async #within<T>(
    method: string,
    caller: AbortSignal,
    task: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { timeoutMs } = this.#options;
    const until = [caller, this.#closed.signal];
    const late = (): Error => new UnixctlTimeout(method, this.#socketPath, timeoutMs);
    try {
      return await bounded({ until, timeoutMs, late }, task);
    } catch (error) {
      // A late or partial reply must not be read as that of the next request.
      if (!(error instanceof UnixctlCommandError)) await this.#drop();
      throw error;
    }
  }

  /**
   * Sends the requests on the open connection, if any; retries once on a new one if it had ended.
   */
  async #ask(
    method: string,
    calls: readonly (readonly string[])[],
    signal: AbortSignal,
  ): Promise<readonly (Reply | UnixctlCommandError)[]> {
    const kept = this.#connection?.usable === true ? this.#connection : undefined;
    if (kept !== undefined) {
      try {
        return await this.#request(kept, method, calls, signal);
      } catch (error) {
        if (!(error instanceof UnixctlDisconnected) || signal.aborted) throw error;
      }
    }
    return this.#request(await this.#connect(signal), method, calls, signal);
  }

  async #connect(signal: AbortSignal): Promise<Connection> {
    await this.#drop();
    const { runDir, target, maxReplyBytes } = this.#options;
    const { pidFile, socket } = await findControlSocket(runDir, target);
    this.#socketPath = socket;
    try {
      this.#connection = await Connection.open({ path: socket }, maxReplyBytes, signal);
    } catch (error) {
      const code = errorCode(error);
      if (signal.aborted) throw error;
      if (code === 'ENOENT' || code === 'ECONNREFUSED') {
        throw new UnixctlStalePid(pidFile, socket, code);
      }
      throw new UnixctlUnreadable(socket, code ?? String(error));
    }
    return this.#connection;
  }

  /** Sends all requests, and resolves to their replies in the same order. */
  #request(
    connection: Connection,
    method: string,
    calls: readonly (readonly string[])[],
    signal: AbortSignal,
  ): Promise<readonly (Reply | UnixctlCommandError)[]> {
    const firstId = this.#nextId;
    this.#nextId += calls.length;
    const path = this.#socketPath;
    return new Promise((resolve, reject) => {
      const sentAt = performance.now();
      const replies: (Reply | UnixctlCommandError)[] = [];
      let firstByteAt: number | undefined;
      const abort = (): void => finish(() => reject(signal.reason));
      const finish = (settle: () => void): void => {
        connection.listen(undefined);
        signal.removeEventListener('abort', abort);
        settle();
      };
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      signal.addEventListener('abort', abort, { once: true });
      connection.listen({
        arrived: () => {
          firstByteAt ??= performance.now();
        },
        message: (message) => {
          const waitedMs = (firstByteAt ?? sentAt) - sentAt;
          try {
            const id = firstId + replies.length;
            // Only the last reply can be lent: the bytes of others are overwritten.
            const kept = calls.length > 1 ? Buffer.from(message) : message;
            replies.push(this.#checked(method, id, { message: kept, waitedMs }));
          } catch (error) {
            finish(() => reject(error));
            return;
          }
          if (replies.length === calls.length) finish(() => resolve(replies));
        },
        ended: ({ error }) =>
          finish(() => {
            if (error instanceof FrameTooLarge || error instanceof FrameGarbage) {
              reject(new UnixctlProtocolError(method, path, error.message));
            } else {
              reject(new UnixctlDisconnected(method, path, error?.message ?? 'closed'));
            }
          }),
      });
      const requests = calls.map((params, i) =>
        JSON.stringify({ id: firstId + i, method, params }),
      );
      connection.send(requests.join(''));
    });
  }

  /** The reply to the request `expectedId`, or why the daemon refused it. */
  #checked(method: string, expectedId: number, reply: RawReply): Reply | UnixctlCommandError {
    const { message } = reply;
    const members = memberSpans(message);
    const result = members?.get('result');
    const error = members?.get('error');
    const id = members?.get('id');
    if (id === undefined || Number(message.toString('latin1', id.start, id.end)) !== expectedId) {
      throw new UnixctlProtocolError(
        method,
        this.#socketPath,
        'its id differs from that of the request',
      );
    }
    if (error !== undefined && message[error.start] === QUOTE) {
      const text: unknown = JSON.parse(message.toString('utf8', error.start, error.end));
      return new UnixctlCommandError(method, this.#socketPath, String(text));
    }
    if (result === undefined || message[result.start] !== QUOTE) {
      throw new UnixctlProtocolError(method, this.#socketPath, message.toString('latin1', 0, 80));
    }
    return { ...reply, result };
  }

  async #drop(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
  }
}

function textOrRefusal(reply: Reply | UnixctlCommandError): CommandResult {
  if (reply instanceof UnixctlCommandError) return { error: reply };
  const { message, result } = reply;
  return { text: String(JSON.parse(message.toString('utf8', result.start, result.end))) };
}
