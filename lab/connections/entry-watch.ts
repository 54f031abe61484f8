import type { LogLine, NorikaeDaemon } from '../testbed/daemon.ts';

/** Notes when the entry of the busiest flow is removed, from the daemon's log. */
export class EntryWatch {
  readonly #flow: string | undefined;
  readonly #off: () => void;
  #goneMs: number | undefined;

  private constructor(daemon: NorikaeDaemon, flow: string | undefined) {
    this.#flow = flow;
    this.#off = daemon.onLog((line) => this.#note(line));
  }

  /** Watches the flow that sends most of those with an entry. */
  static async start(daemon: NorikaeDaemon): Promise<EntryWatch> {
    // Sorted by rate.
    const busiest = (await daemon.flows()).find(({ entry }) => entry !== null);
    return new EntryWatch(daemon, busiest?.id);
  }

  /** True when no flow has an entry. */
  get isEmpty(): boolean {
    return this.#flow === undefined;
  }

  /** When the entry was removed, ms of the wall clock; undefined before. */
  get busiestGoneMs(): number | undefined {
    return this.#goneMs;
  }

  stop(): void {
    this.#off();
  }

  #note({ msg, flow, placement, atWallMs }: LogLine): void {
    if (msg !== 'placed' || flow !== this.#flow || typeof atWallMs !== 'number') return;
    if (placement === 'onload' || placement === 'gone') this.#goneMs ??= atWallMs;
  }
}
