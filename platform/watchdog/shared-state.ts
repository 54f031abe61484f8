import { PHASES, type Phase } from './phases.ts';

const BEATS = 0;
const PHASE = 1;
const CELLS = 2;

/** State that the main thread reports to the watchdog, in shared memory. */
export class SharedState {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;

  constructor(buffer = new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer);
  }

  /** Called periodically by the main thread, so it stops when the event loop is blocked. */
  beat(): void {
    Atomics.add(this.#cells, BEATS, 1);
  }

  /** Number of beats so far; wraps around. */
  get beats(): number {
    return Atomics.load(this.#cells, BEATS);
  }

  mark(phase: Phase): void {
    Atomics.store(this.#cells, PHASE, PHASES.indexOf(phase));
  }

  get phase(): Phase {
    return PHASES[Atomics.load(this.#cells, PHASE)] ?? 'starting';
  }
}
