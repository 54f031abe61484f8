import type { ServerResponse } from 'node:http';

/** Decisions that are buffered for a reader. */
const MAX_DECISIONS = 256;

/**
 * One reader of the event stream. While the reader is behind, it buffers the newest tick and up to
 * {@link MAX_DECISIONS} decisions, and counts further decisions as lost.
 */
export class EventReader {
  readonly #response: ServerResponse;
  readonly #nextId: () => number;
  #tick: string | undefined;
  #decisions: string[] = [];
  #lost = 0;
  /** Since when the reader has not drained its socket, ms of the clock; undefined: it has. */
  #stuckSinceMs: number | undefined;

  /** @param nextId numbers the event that reports lost decisions */
  constructor(response: ServerResponse, nextId: () => number) {
    this.#response = response;
    this.#nextId = nextId;
    response.on('drain', () => {
      this.#stuckSinceMs = undefined;
      this.#flush();
    });
  }

  /** Replaces a buffered tick, and sends the buffer if the socket accepts it. */
  addTick(frame: string, nowMs: number): void {
    this.#tick = frame;
    this.#flush();
    this.#watch(nowMs);
  }

  /** Buffers a decision, which is sent with its tick. */
  addDecision(frame: string): void {
    if (this.#decisions.length < MAX_DECISIONS) this.#decisions.push(frame);
    else this.#lost++;
  }

  /** Counts decisions that no reader gets. */
  addLost(decisions: number): void {
    this.#lost += decisions;
  }

  /** Sends a comment, so that proxies keep the connection open. */
  sendHeartbeat(): void {
    if (!this.#response.writableNeedDrain) this.#response.write(':\n\n');
  }

  /** How long the reader has not drained its socket, ms. */
  stuckMs(nowMs: number): number {
    this.#watch(nowMs);
    return this.#stuckSinceMs === undefined ? 0 : nowMs - this.#stuckSinceMs;
  }

  #watch(nowMs: number): void {
    if (!this.#response.writableNeedDrain) this.#stuckSinceMs = undefined;
    else this.#stuckSinceMs ??= nowMs;
  }

  #flush(): void {
    if (this.#response.writableNeedDrain || this.#response.writableEnded) return;
    const frames = this.#decisions;
    if (this.#lost > 0) {
      frames.push(eventFrame(this.#nextId(), 'lost', JSON.stringify({ decisions: this.#lost })));
    }
    if (this.#tick !== undefined) frames.push(this.#tick);
    this.#tick = undefined;
    this.#decisions = [];
    this.#lost = 0;
    if (frames.length > 0) this.#response.write(frames.join(''));
  }
}

/** An event as the stream carries it (HTML Standard, 9.2.5); `data` has no line breaks. */
export function eventFrame(id: number, event: string, data: string): string {
  return `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;
}
