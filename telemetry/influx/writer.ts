import { Backoff, type BackoffOptions } from '../../async/backoff.ts';
import { InfluxRefused, InfluxUnavailable } from './errors.ts';
import { type Batch, LineQueue, type QueueBounds } from './queue.ts';
import { type WriterLog, WriterStatusLog } from './writer-status-log.ts';
import type { WriterState } from './writer-state.ts';
import { errorMessage } from '../../text/error-message.ts';

/** What an {@link InfluxWriter} sends with. */
export interface LineSink {
  /**
   * @throws {InfluxUnavailable} when the lines may be sent again
   * @throws {InfluxRefused} when they may not, all or some of them
   */
  write(lines: readonly string[], signal: AbortSignal): Promise<void>;
}

/** Settings of an {@link InfluxWriter}. */
export interface WriterOptions {
  readonly sink: LineSink;
  /**
   * Done before the first write, and again after InfluxDB said that something is missing or wrong:
   * reads the secret, makes the database.
   *
   * @throws {InfluxUnavailable}
   */
  readonly prepare: (signal: AbortSignal) => Promise<void>;
  readonly queue: QueueBounds;
  /** Points and bytes of one request, and how long the first point of it waits for others, ms. */
  readonly batch: QueueBounds & { readonly waitMs: number };
  readonly retry: BackoffOptions;
  readonly log: WriterLog;
  /** Wall clock, ms since 1970. */
  readonly wall: () => number;
}

/** Requests for one batch that InfluxDB refuses; then what is still refused goes as a whole. */
const MAX_REQUESTS = 64;

/**
 * Sends lines to InfluxDB in batches, one request at a time, and keeps a bounded number of them
 * while it cannot. Whoever adds lines waits for nothing and gets no error.
 */
export class InfluxWriter {
  readonly #options: WriterOptions;
  readonly #queue: LineQueue;
  readonly #backoff: Backoff;
  readonly #news: WriterStatusLog;
  readonly #abort = new AbortController();
  readonly #dropped = { queue: 0, refused: 0, end: 0 };
  readonly #failures = { unreachable: 0, timeout: 0, unauthorized: 0, missing: 0, busy: 0 };
  #written = 0;
  #lastSuccessMs: number | undefined;
  #error: string | undefined;
  #prepared = false;
  #closing = false;
  /** When the oldest waiting line came, and when a failed request may be repeated, ms. */
  #waitingSinceMs = 0;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => undefined;
  #running: Promise<void> | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#queue = new LineQueue(options.queue);
    this.#backoff = new Backoff(options.retry);
    this.#news = new WriterStatusLog(options.log);
  }

  get state(): WriterState {
    return {
      queuedPoints: this.#queue.points,
      queuedBytes: this.#queue.bytes,
      written: this.#written,
      dropped: { ...this.#dropped },
      failures: { ...this.#failures },
      lastSuccessMs: this.#lastSuccessMs,
      error: this.#error,
    };
  }

  /** Starts sending what was added and what will be. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Queues a line; the oldest ones go when there are too many. */
  add(line: string): void {
    if (this.#closing) {
      this.#dropped.end++;
      return;
    }
    if (this.#queue.points === 0) this.#waitingSinceMs = performance.now();
    this.#dropped.queue += this.#queue.push(line);
    if (this.#queue.points === 1 || this.#full) this.#wake();
  }

  /** Sends what is queued, for at most `boundMs`, and ends; what is left then is counted. */
  async close(boundMs: number): Promise<void> {
    this.#closing = true;
    const timer = setTimeout(() => this.#abort.abort(), boundMs);
    this.#wake();
    await this.#running;
    clearTimeout(timer);
    this.#dropped.end += this.#queue.clear();
    this.#news.ended(this.#dropped.end);
  }

  async #run(): Promise<void> {
    while (!this.#closing || this.#queue.points > 0) {
      const waitMs = this.#waitMs();
      if (waitMs > 0) {
        await this.#sleep(waitMs);
      } else {
        const took = await this.#round();
        // At the end there is one try.
        if (!took && this.#closing) return;
      }
    }
  }

  /** Time until the next request, ms; Infinity: there is nothing to send. */
  #waitMs(): number {
    if (this.#closing) return 0;
    if (this.#queue.points === 0) return Number.POSITIVE_INFINITY;
    const nowMs = performance.now();
    const dueMs = this.#full ? nowMs : this.#waitingSinceMs + this.#options.batch.waitMs;
    return Math.max(dueMs, this.#retryAtMs) - nowMs;
  }

  get #full(): boolean {
    const { points, bytes } = this.#options.batch;
    return this.#queue.points >= points || this.#queue.bytes >= bytes;
  }

  /** Waits until it is time or something has changed. */
  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(ms) ? setTimeout(resolve, Math.ceil(ms)) : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Prepares when that has to be done, and sends one batch; false when InfluxDB took nothing. */
  async #round(): Promise<boolean> {
    const unprepared = await this.#prepare();
    if (unprepared !== undefined) return this.#failed(unprepared);
    const pieces = [this.#queue.take(this.#options.batch)];
    this.#waitingSinceMs = performance.now();
    let requests = 0;
    for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
      const error = await this.#send(piece);
      requests++;
      if (error instanceof InfluxUnavailable) {
        const rest = joined([piece, ...pieces.toReversed()]);
        this.#dropped.queue += this.#queue.giveBack(rest);
        return this.#failed(error);
      }
      this.#answered();
      if (error === undefined) this.#wrote(piece.lines.length);
      else if (error.dropped !== undefined) this.#refused(piece, error.dropped, error);
      else if (piece.lines.length > 1 && requests < MAX_REQUESTS) pieces.push(...halvesOf(piece));
      else this.#refused(piece, piece.lines.length, error);
    }
    return true;
  }

  async #prepare(): Promise<InfluxUnavailable | undefined> {
    if (this.#prepared) return undefined;
    try {
      await this.#options.prepare(this.#abort.signal);
      this.#prepared = true;
      return undefined;
    } catch (error) {
      return asUnavailable(error);
    }
  }

  async #send(piece: Batch): Promise<InfluxUnavailable | InfluxRefused | undefined> {
    try {
      await this.#options.sink.write(piece.lines, this.#abort.signal);
      return undefined;
    } catch (error) {
      return error instanceof InfluxRefused ? error : asUnavailable(error);
    }
  }

  /** InfluxDB is there and has dealt with what it was sent. */
  #answered(): void {
    this.#backoff.succeeded();
    this.#retryAtMs = Number.NEGATIVE_INFINITY;
    this.#news.answered(this.#queue.points);
  }

  #wrote(points: number): void {
    if (points === 0) return;
    this.#written += points;
    this.#lastSuccessMs = this.#options.wall();
    this.#error = undefined;
  }

  #failed(error: InfluxUnavailable): false {
    this.#failures[error.kind]++;
    this.#error = error.message;
    this.#retryAtMs = performance.now() + this.#backoff.failed(error.retryAfterMs);
    // A server that answered may have another secret now, or have lost its database.
    if (error.kind !== 'unreachable' && error.kind !== 'timeout') this.#prepared = false;
    this.#news.failed(error.kind, error.message, this.#queue.points);
    return false;
  }

  /** The server wrote a piece but for `points` of it. */
  #refused(piece: Batch, points: number, error: InfluxRefused): void {
    const dropped = Math.min(points, piece.lines.length);
    this.#wrote(piece.lines.length - dropped);
    this.#dropped.refused += dropped;
    this.#error = error.message;
    this.#news.refused(dropped, error.message);
  }
}

function asUnavailable(error: unknown): InfluxUnavailable {
  if (error instanceof InfluxUnavailable) return error;
  return new InfluxUnavailable('busy', errorMessage(error));
}

/** Both halves, the older one last: it is taken first. */
function halvesOf({ lines }: Batch): readonly Batch[] {
  const middle = Math.ceil(lines.length / 2);
  return [batchOf(lines.slice(middle)), batchOf(lines.slice(0, middle))];
}

function joined(pieces: readonly Batch[]): Batch {
  return batchOf(pieces.flatMap((piece) => piece.lines));
}

function batchOf(lines: readonly string[]): Batch {
  return { lines, bytes: lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0) };
}
