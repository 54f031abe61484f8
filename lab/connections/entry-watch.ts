import type { LogLine, NorikaeDaemon } from '../testbed/daemon.ts';

/** Notes when the entry of a flow is removed, from the daemon's log. */
export class EntryWatch {
  readonly #flow: string;
  readonly #off: () => void;
  #goneMs: number | undefined;

  private constructor(daemon: NorikaeDaemon, flow: string) {
    this.#flow = flow;
    this.#off = daemon.onLog((line) => this.#note(line));
  }

  /**
   * Watches the busiest flow with an entry that delivers; undefined without one.
   *
   * @param from port by which it enters; left out: any
   */
  static async start(daemon: NorikaeDaemon, from?: string): Promise<EntryWatch | undefined> {
    // Sorted by rate.
    const busiest = (await daemon.flows()).find(
      ({ entry, outPorts, bitsPerSecond, inPort }) =>
        entry !== null &&
        outPorts.length > 0 &&
        bitsPerSecond > 0 &&
        (from === undefined || inPort === from),
    );
    return busiest === undefined ? undefined : new EntryWatch(daemon, busiest.id);
  }

  /** When the entry was removed, ms of the wall clock; undefined before. */
  get goneMs(): number | undefined {
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
