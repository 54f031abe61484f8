import type { ServerResponse } from 'node:http';
import type { TickEvent } from '../../api/history-view.ts';
import type { DaemonView } from '../../api/view.ts';
import { sendJson, STRICT_HEADERS } from '../core/respond.ts';
import type { Log } from '../../platform/log.ts';
import type { DecisionRecord } from '../../api/decision-record.ts';
import { eventFrame, EventReader } from './event-reader.ts';

/** Bounds of the event stream. */
export interface StreamLimits {
  /** Readers at a time. */
  readonly streams: number;
  /** Decisions of one tick that are sent; what is beyond is counted as lost. */
  readonly decisionsPerTick: number;
  /** Ticks that follow the last one sent sooner are left out, ms. */
  readonly leastPeriodMs: number;
  /** A comment is sent so often, ms. */
  readonly heartbeatMs: number;
  /** A reader that has taken nothing for so long is hung up on, ms. */
  readonly stuckMs: number;
}

export const STREAM_LIMITS: StreamLimits = {
  streams: 16,
  decisionsPerTick: 200,
  leastPeriodMs: 200,
  heartbeatMs: 5_000,
  stuckMs: 10_000,
};

/** How soon a browser tries again when the stream has ended, ms. */
const RETRY_MS = 2_000;
/** How often readers are looked at, ms. */
const LOOK_MS = 1_000;

/**
 * Ticks and decisions as server-sent events. What one event is in JSON is made once for all
 * readers; nothing is made while there is none.
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
  #beatMs = 0;
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

  /** Answers with a stream that ends when the reader or the server does. */
  open(response: ServerResponse): void {
    if (this.#readers.size >= this.#limits.streams) {
      const error = `${this.#limits.streams} streams are open already`;
      response.setHeader('retry-after', '5');
      sendJson(response, 503, { error });
      return;
    }
    const frame = this.#tickFrame();
    response.writeHead(200, {
      ...STRICT_HEADERS,
      'content-type': 'text/event-stream; charset=utf-8',
      // A proxy that gathers answers would keep the ticks to itself.
      'x-accel-buffering': 'no',
    });
    response.write(`retry: ${RETRY_MS}\n\n`);
    const reader = new EventReader(response, () => ++this.#lastId);
    this.#readers.set(response, reader);
    this.#stopListening ??= this.#listen();
    response.once('close', () => this.#leave(response));
    reader.tick(frame, this.#now());
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
    const timer = setInterval(() => this.#look(), LOOK_MS);
    this.#beatMs = this.#now();
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

  /** Called by the loop, which must not fail for what somebody looks at. */
  #onTick(): void {
    const nowMs = this.#now();
    if (nowMs - this.#sentMs < this.#limits.leastPeriodMs) return;
    this.#sentMs = nowMs;
    const beyond = this.#decisionsInTick - this.#limits.decisionsPerTick;
    this.#decisionsInTick = 0;
    try {
      const frame = this.#tickFrame();
      for (const reader of this.#readers.values()) {
        if (beyond > 0) reader.lose(beyond);
        reader.tick(frame, nowMs);
      }
    } catch (error) {
      this.#log.error({ err: error }, 'the event stream failed');
      for (const response of this.#readers.keys()) response.destroy();
    }
  }

  #onDecision(decision: DecisionRecord): void {
    if (++this.#decisionsInTick > this.#limits.decisionsPerTick) return;
    const frame = eventFrame(++this.#lastId, 'decision', JSON.stringify(decision));
    for (const reader of this.#readers.values()) reader.decision(frame);
  }

  #tickFrame(): string {
    const status = this.#view.status();
    const event: TickEvent = { status, point: this.#view.point(status) ?? null };
    return eventFrame(++this.#lastId, 'tick', JSON.stringify(event));
  }

  #look(): void {
    const nowMs = this.#now();
    const beats = nowMs - this.#beatMs >= this.#limits.heartbeatMs;
    if (beats) this.#beatMs = nowMs;
    for (const [response, reader] of this.#readers) {
      if (reader.stuckMs(nowMs) >= this.#limits.stuckMs) response.destroy();
      else if (beats) reader.beat();
    }
  }
}
