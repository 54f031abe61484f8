import { bounded } from '../../async/bounded.ts';
import { Connection, type SocketAddress } from '../json-rpc/connection.ts';
import {
  OvsdbDisconnected,
  OvsdbProtocolError,
  OvsdbTimeout,
  OvsdbUnreachable,
  OvsdbValueError,
} from './errors.ts';
import { Replica } from './replica.ts';
import { isObject } from './values.ts';
import { asError, errorCode, errorMessage } from '../../text/error-message.ts';

/** Largest message, bytes: the first reply of a monitor of thousands of ports is a few MB. */
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

type Columns = Readonly<Record<string, readonly string[]>>;

export interface SessionOptions {
  readonly address: SocketAddress;
  /** The address as text, for errors. */
  readonly name: string;
  readonly database: string;
  /** Columns to monitor, by table. */
  readonly tables: Columns;
  /** Optional columns of these tables, omitted when the server refuses to monitor them. */
  readonly newer?: Columns;
  /** Silence after which an echo is requested; without a reply the connection is closed, ms. */
  readonly timeoutMs: number;
  /** Time for the first reply to be complete, however slowly it arrives, ms; default: a minute. */
  readonly firstReplyMs?: number;
}

const FIRST_REPLY_MS = 60_000;

/**
 * One connection to an OVSDB server (RFC 7047) that monitors tables until it ends. Calls `onChange`
 * with the replica after the first reply and after each update, in order. An OvsdbValueError that it
 * throws ends the connection: the server sent something else than the schema allows.
 *
 * Answers the server's echo requests and sends its own, so that both ends detect a dead peer. Never
 * resolves; rejects with the errors of `errors.ts` when the connection ends, or with the signal's
 * reason.
 */
export async function runSession(
  options: SessionOptions,
  onChange: (replica: Replica) => void,
  signal: AbortSignal,
): Promise<never> {
  const { address, name, timeoutMs } = options;
  const late = (): Error => new OvsdbTimeout(name, 'the connection', timeoutMs);
  const connection = await bounded({ until: [signal], timeoutMs, late }, (connecting) =>
    Connection.open(address, MAX_MESSAGE_BYTES, connecting),
  ).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new OvsdbUnreachable(name, errorCode(error) ?? errorMessage(error));
  });
  try {
    return await monitor(connection, options, onChange, signal);
  } finally {
    await connection.close();
  }
}

function monitor(
  connection: Connection,
  { name, database, tables, newer, timeoutMs, firstReplyMs = FIRST_REPLY_MS }: SessionOptions,
  onChange: (replica: Replica) => void,
  signal: AbortSignal,
): Promise<never> {
  return new Promise((_, reject) => {
    const replica = new Replica();
    let inSync = false;
    let further: Columns | undefined;
    let waitingFor = 'monitor';
    let timer: NodeJS.Timeout | undefined;
    let firstReply: NodeJS.Timeout | undefined;

    const end = (error: Error): void => {
      clearTimeout(timer);
      clearTimeout(firstReply);
      signal.removeEventListener('abort', abort);
      connection.listen(undefined);
      reject(error);
    };
    const abort = (): void => end(asError(signal.reason));
    const quiet = (): void => {
      if (waitingFor !== '') return end(new OvsdbTimeout(name, waitingFor, timeoutMs));
      waitingFor = 'echo';
      connection.send('{"method":"echo","params":[],"id":"alive"}');
      timer = setTimeout(quiet, timeoutMs);
    };
    const heard = (): void => {
      // The first reply can take longer than the time-out to arrive.
      if (inSync) waitingFor = '';
      clearTimeout(timer);
      timer = setTimeout(quiet, timeoutMs);
    };
    const apply = (updates: unknown): void => {
      if (!replica.apply(updates)) {
        return end(new OvsdbProtocolError(name, 'it sent a malformed update'));
      }
      try {
        onChange(replica);
      } catch (error) {
        if (!(error instanceof OvsdbValueError)) throw error;
        end(new OvsdbProtocolError(name, error.message));
      }
    };
    const ask = (more: Columns | undefined): void => {
      further = more;
      const request = Object.entries(tables).map(([table, columns]) => {
        return [table, { columns: [...columns, ...(more?.[table] ?? [])] }];
      });
      const params = [database, null, Object.fromEntries(request)];
      connection.send(JSON.stringify({ id: 'monitor', method: 'monitor', params }));
    };
    const onMessage = (message: unknown): void => {
      if (!isObject(message)) return;
      const { method, params, id, result, error } = message;
      if (method === 'echo') {
        connection.send(JSON.stringify({ id, result: params, error: null }));
      } else if (method === 'update' && Array.isArray(params)) {
        if (inSync) apply(params[1]);
      } else if (method === undefined && id === 'monitor') {
        if (error !== null && error !== undefined) {
          if (further !== undefined) return ask(undefined);
          return end(
            new OvsdbProtocolError(name, `it refuses to monitor: ${JSON.stringify(error)}`),
          );
        }
        inSync = true;
        clearTimeout(firstReply);
        heard();
        apply(result);
      }
    };

    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    timer = setTimeout(quiet, timeoutMs);
    firstReply = setTimeout(
      () => end(new OvsdbTimeout(name, 'the whole of monitor', firstReplyMs)),
      firstReplyMs,
    );
    connection.listen({
      arrived: heard,
      message: (bytes) => {
        let message: unknown;
        try {
          message = JSON.parse(bytes.toString('utf8'));
        } catch (error) {
          return end(new OvsdbProtocolError(name, errorMessage(error)));
        }
        onMessage(message);
      },
      ended: ({ error }) =>
        end(new OvsdbDisconnected(name, error?.message ?? 'the server closed it')),
    });
    ask(newer);
  });
}
