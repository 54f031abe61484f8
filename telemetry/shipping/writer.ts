import { Backoff, type BackoffOptions } from '../../async/backoff.ts';
import { SinkRefused, SinkUnavailable } from './errors.ts';
import { type Batch, LineQueue, type QueueBounds } from './queue.ts';
import { type WriterLog, type WriterNames, WriterStatusLog } from './writer-status-log.ts';
import type { WriterState } from './writer-state.ts';
import { errorMessage } from '../../text/error-message.ts';

/** Sends the lines of a {@link BatchWriter}. */
export interface LineSink {
  /**
   * @throws {SinkUnavailable} when the same lines may be sent again
   * @throws {SinkRefused} when all or some of them must not be sent again
   */
  write(lines: readonly string[], signal: AbortSignal): Promise<void>;
}

/** Settings of a {@link BatchWriter}. */
export interface WriterOptions {
  readonly sink: LineSink;
  /**
   * Reads the secret and prepares the server. Called before the first write, and again after the server
   * answered with an error.
   *
   * @throws {SinkUnavailable}
   */
  readonly prepare: (signal: AbortSignal) => Promise<void>;
  readonly queue: QueueBounds;
  /** Limits of one request, and how long its first line waits for others, ms. */
  readonly batch: QueueBounds & { readonly waitMs: number };
  readonly retry: BackoffOptions;
  readonly log: WriterLog;
  readonly names: WriterNames;
  /** Wall clock, ms since 1970. */
  readonly wall: () => number;
}

/** Maximum number of requests that split one refused batch; then refused parts are dropped whole. */
const MAX_REQUESTS = 64;

/**
 * Sends lines to a server in batches, one request at a time, and keeps a bounded number of lines
 * during an outage. Adding a line never blocks and never fails.
 */
export class BatchWriter {
  readonly #options: WriterOptions;
  readonly #queue: LineQueue;
  readonly #backoff: Backoff;
  readonly #statusLog: WriterStatusLog;
  readonly #abort = new AbortController();
  readonly #dropped = { queue: 0, refused: 0, end: 0 };
  readonly #failures = { unreachable: 0, timeout: 0, unauthorized: 0, missing: 0, busy: 0 };
  #written = 0;
  #lastSuccessMs: number | undefined;
  #error: string | undefined;
  #prepared = false;
  #closing = false;
  /** Time at which the oldest queued line was added, and of the next attempt after a failure, ms. */
  #waitingSinceMs = 0;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => undefined;
  #running: Promise<void> | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#queue = new LineQueue(options.queue);
    this.#backoff = new Backoff(options.retry);
    this.#statusLog = new WriterStatusLog(options.log, options.names);
  }

  get state(): WriterState {
    return {
      queuedLines: this.#queue.length,
      queuedBytes: this.#queue.bytes,
      written: this.#written,
      dropped: { ...this.#dropped },
      failures: { ...this.#failures },
      lastSuccessMs: this.#lastSuccessMs,
      error: this.#error,
    };
  }

  /** Starts to send lines, including those already queued. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Queues a line; the oldest lines are dropped when the queue is full. */
  add(line: string): void {
    if (this.#closing) {
      this.#dropped.end++;
      return;
    }
    if (this.#queue.length === 0) this.#waitingSinceMs = performance.now();
    this.#dropped.queue += this.#queue.push(line);
    if (this.#queue.length === 1 || this.#full) this.#wake();
  }

  /** Sends the queued lines for at most `boundMs`, ends, and counts the rest as dropped. */
  async close(boundMs: number): Promise<void> {
    this.#closing = true;
    const timer = setTimeout(() => this.#abort.abort(), boundMs);
    this.#wake();
    await this.#running;
    clearTimeout(timer);
    this.#dropped.end += this.#queue.clear();
    this.#statusLog.ended(this.#dropped.end);
  }

  async #run(): Promise<void> {
    while (!this.#closing || this.#queue.length > 0) {
      const waitMs = this.#waitMs();
      if (waitMs > 0) {
        await this.#sleep(waitMs);
      } else {
        const sent = await this.#sendBatch();
        // While closing there is only one attempt.
        if (!sent && this.#closing) return;
      }
    }
  }

  /** Time until the next request, ms; Infinity while the queue is empty. */
  #waitMs(): number {
    if (this.#closing) return 0;
    if (this.#queue.length === 0) return Number.POSITIVE_INFINITY;
    const nowMs = performance.now();
    const dueMs = this.#full ? nowMs : this.#waitingSinceMs + this.#options.batch.waitMs;
    return Math.max(dueMs, this.#retryAtMs) - nowMs;
  }

  get #full(): boolean {
    const { lines, bytes } = this.#options.batch;
    return this.#queue.length >= lines || this.#queue.bytes >= bytes;
  }

  /** Waits for a time, or until `#wake` is called. */
  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(ms) ? setTimeout(resolve, Math.ceil(ms)) : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Prepares if necessary and sends one batch; false when the server is unavailable. */
  async #sendBatch(): Promise<boolean> {
    const unprepared = await this.#prepare();
    if (unprepared !== undefined) return this.#failed(unprepared);
    const pieces = [this.#queue.takeBatch(this.#options.batch)];
    this.#waitingSinceMs = performance.now();
    let requests = 0;
    for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
      const error = await this.#send(piece);
      requests++;
      if (error instanceof SinkUnavailable) {
        const rest = joined([piece, ...pieces.toReversed()]);
        this.#dropped.queue += this.#queue.returnBatch(rest);
        return this.#failed(error);
      }
      this.#answered();
      if (error === undefined) this.#wrote(piece.lines.length);
      else if (error.dropped !== undefined) this.#refused(piece, error.dropped, error);
      else if (piece.lines.length > 1 && requests < MAX_REQUESTS) pieces.push(...halves(piece));
      else this.#refused(piece, piece.lines.length, error);
    }
    return true;
  }

  async #prepare(): Promise<SinkUnavailable | undefined> {
    if (this.#prepared) return undefined;
    try {
      await this.#options.prepare(this.#abort.signal);
      this.#prepared = true;
      return undefined;
    } catch (error) {
      return asUnavailable(error);
    }
  }

  async #send(piece: Batch): Promise<SinkUnavailable | SinkRefused | undefined> {
    try {
      await this.#options.sink.write(piece.lines, this.#abort.signal);
      return undefined;
    } catch (error) {
      return error instanceof SinkRefused ? error : asUnavailable(error);
    }
  }

  /** The server answered, and wrote or refused the lines. */
  #answered(): void {
    this.#backoff.succeeded();
    this.#retryAtMs = Number.NEGATIVE_INFINITY;
    this.#statusLog.answered(this.#queue.length);
  }

  #wrote(lines: number): void {
    if (lines === 0) return;
    this.#written += lines;
    this.#lastSuccessMs = this.#options.wall();
    this.#error = undefined;
  }

  #failed(error: SinkUnavailable): false {
    this.#failures[error.kind]++;
    this.#error = error.message;
    this.#retryAtMs = performance.now() + this.#backoff.failed(error.retryAfterMs);
    // The secret may have changed, or the server may have lost its database.
    if (error.kind !== 'unreachable' && error.kind !== 'timeout') this.#prepared = false;
    this.#statusLog.failed(error.kind, error.message, this.#queue.length);
    return false;
  }

  /** The server refused `lines` of a batch and wrote the rest. */
  #refused(piece: Batch, lines: number, error: SinkRefused): void {
    const dropped = Math.min(lines, piece.lines.length);
    this.#wrote(piece.lines.length - dropped);
    this.#dropped.refused += dropped;
    this.#error = error.message;
    this.#statusLog.refused(dropped, error.message);
  }
}

function asUnavailable(error: unknown): SinkUnavailable {
  if (error instanceof SinkUnavailable) return error;
  return new SinkUnavailable('busy', errorMessage(error));
}

/** Both halves, the older one last, because the caller pops it first. */
function halves({ lines }: Batch): readonly Batch[] {
  const middle = Math.ceil(lines.length / 2);
  return [batchOf(lines.slice(middle)), batchOf(lines.slice(0, middle))];
}

function joined(pieces: readonly Batch[]): Batch {
  return batchOf(pieces.flatMap((piece) => piece.lines));
}

function batchOf(lines: readonly string[]): Batch {
  return { lines, bytes: lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0) };
}
