import type { ServerResponse } from 'node:http';

/** Decisions that wait for a reader, at most. */
const MAX_DECISIONS = 256;

/**
 * One reader of the event stream. What comes while it is behind waits here, bounded: the newest
 * tick only, so many decisions, and a count of those beyond.
 */
export class EventReader {
  readonly #response: ServerResponse;
  readonly #nextId: () => number;
  #tick: string | undefined;
  #decisions: string[] = [];
  #lost = 0;
  /** Since when it takes nothing, ms of the clock; undefined: it does. */
  #stuckSinceMs: number | undefined;

  /** `nextId`: numbers the event that tells of lost decisions. */
  constructor(response: ServerResponse, nextId: () => number) {
    this.#response = response;
    this.#nextId = nextId;
    response.on('drain', () => {
      this.#stuckSinceMs = undefined;
      this.#flush();
    });
  }

  /** Takes a tick in place of one that still waits, and sends what waits if it can. */
  tick(frame: string, nowMs: number): void {
    this.#tick = frame;
    this.#flush();
    this.#watch(nowMs);
  }

  /** Takes a decision; it goes out with the tick that it belongs to. */
  decision(frame: string): void {
    if (this.#decisions.length < MAX_DECISIONS) this.#decisions.push(frame);
    else this.#lost++;
  }

  /** Counts decisions that are not sent to anybody. */
  lose(decisions: number): void {
    this.#lost += decisions;
  }

  /** Shows whoever is between us and the reader that the stream lives. */
  beat(): void {
    if (!this.#response.writableNeedDrain) this.#response.write(':\n\n');
  }

  /** How long it has taken nothing, ms. */
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
