import type { ServerResponse } from 'node:http';
import type { TickEvent } from '../../api/history-view.ts';
import type { DaemonView } from '../../api/view.ts';
import { STRICT_HEADERS } from '../core/respond.ts';
import { Busy } from '../core/routes.ts';
import type { Log } from '../../platform/log.ts';
import type { DecisionRecord } from '../../api/decision-record.ts';
import { eventFrame, EventReader } from './event-reader.ts';

/** Bounds of the event stream. */
export interface StreamLimits {
  /** Concurrent readers. */
  readonly streams: number;
  /** Decisions of one tick that are sent; further ones are counted as lost. */
  readonly decisionsPerTick: number;
  /** Minimum time between two ticks that are sent; ticks in between are skipped, ms. */
  readonly minPeriodMs: number;
  /** Period of heartbeat comments, ms. */
  readonly heartbeatMs: number;
  /** A reader that reads nothing for this time is disconnected, ms. */
  readonly stuckMs: number;
}

export const STREAM_LIMITS: StreamLimits = {
  streams: 16,
  decisionsPerTick: 200,
  minPeriodMs: 200,
  heartbeatMs: 5_000,
  stuckMs: 10_000,
};

/** Time after which a browser reconnects when the stream has ended, ms. */
const RETRY_MS = 2_000;
/** Time after which a client may ask again for a stream when all are taken, s. */
const RETRY_FULL_S = 5;
/** Period in which readers are checked, ms. */
const CHECK_PERIOD_MS = 1_000;

/**
 * Ticks and decisions as server-sent events. An event is serialized once for all readers, and not
 * at all without readers.
 */
export class EventStreams {
  readonly #view: DaemonView;
  readonly #log: Log;
  readonly #limits: StreamLimits;
  readonly #now: () => number;
  readonly #readers = new Map<ServerResponse, EventReader>();
  #stopListening: (() => void) | undefined;
  #lastId = 0;
  #sentMs = Number.NEGATIVE_INFINITY;
  #heartbeatAtMs = 0;
  #decisionsInTick = 0;

  constructor(
    view: DaemonView,
    log: Log,
    limits: StreamLimits = STREAM_LIMITS,
    now: () => number = () => performance.now(),
  ) {
    this.#view = view;
    this.#log = log;
    this.#limits = limits;
    this.#now = now;
  }

  /** Why no further stream can be opened; undefined: one can. */
  refusal(): Busy | undefined {
    const { streams } = this.#limits;
    if (this.#readers.size < streams) return undefined;
    return new Busy(`${streams} streams are already open`, RETRY_FULL_S);
  }

  /**
   * Responds with a stream that ends when the reader disconnects or the server closes.
   *
   * @throws Busy when all streams are taken
   */
  open(response: ServerResponse): void {
    const refusal = this.refusal();
    if (refusal !== undefined) throw refusal;
    const frame = this.#tickFrame();
    response.writeHead(200, {
      ...STRICT_HEADERS,
      'content-type': 'text/event-stream; charset=utf-8',
      // Keeps a proxy from buffering the stream.
      'x-accel-buffering': 'no',
    });
    response.write(`retry: ${RETRY_MS}\n\n`);
    const reader = new EventReader(response, () => ++this.#lastId);
    this.#readers.set(response, reader);
    this.#stopListening ??= this.#listen();
    response.once('close', () => this.#leave(response));
    reader.addTick(frame, this.#now());
  }

  /** Ends all streams. */
  close(): void {
    for (const response of this.#readers.keys()) response.end();
  }

  #listen(): () => void {
    const stops = [
      this.#view.onTick(() => this.#onTick()),
      this.#view.onDecision((decision) => this.#onDecision(decision)),
    ];
    const timer = setInterval(() => this.#checkReaders(), CHECK_PERIOD_MS);
    this.#heartbeatAtMs = this.#now();
    this.#decisionsInTick = 0;
    return () => {
      clearInterval(timer);
      for (const stop of stops) stop();
    };
  }

  #leave(response: ServerResponse): void {
    this.#readers.delete(response);
    if (this.#readers.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  /** Does not throw: a failing stream must not stop the loop, which calls this. */
  #onTick(): void {
    const nowMs = this.#now();
    if (nowMs - this.#sentMs < this.#limits.minPeriodMs) return;
    this.#sentMs = nowMs;
    const lost = this.#decisionsInTick - this.#limits.decisionsPerTick;
    this.#decisionsInTick = 0;
    try {
      const frame = this.#tickFrame();
      for (const reader of this.#readers.values()) {
        if (lost > 0) reader.addLost(lost);
        reader.addTick(frame, nowMs);
      }
    } catch (error) {
      this.#log.error({ err: error }, 'the event stream failed');
      for (const response of this.#readers.keys()) response.destroy();
    }
  }

  #onDecision(decision: DecisionRecord): void {
    if (++this.#decisionsInTick > this.#limits.decisionsPerTick) return;
    const frame = eventFrame(++this.#lastId, 'decision', JSON.stringify(decision));
    for (const reader of this.#readers.values()) reader.addDecision(frame);
  }

  #tickFrame(): string {
    const status = this.#view.status();
    const event: TickEvent = { status, point: this.#view.point(status) ?? null };
    return eventFrame(++this.#lastId, 'tick', JSON.stringify(event));
  }

  #checkReaders(): void {
    const nowMs = this.#now();
    const heartbeatDue = nowMs - this.#heartbeatAtMs >= this.#limits.heartbeatMs;
    if (heartbeatDue) this.#heartbeatAtMs = nowMs;
    for (const [response, reader] of this.#readers) {
      if (reader.stuckMs(nowMs) >= this.#limits.stuckMs) response.destroy();
      else if (heartbeatDue) reader.sendHeartbeat();
    }
  }
}
