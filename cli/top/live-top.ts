import type { FlowQuery, WhyAnswer } from '../../api/flow-views.ts';
import type { TickLine } from '../../api/view-guards.ts';
import type { Terminal } from '../../platform/terminal.ts';
import type { ControlClient } from '../client/client.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { LiveScreen } from '../support/live-screen.ts';
import { readKeys } from './keyboard.ts';
import { topLines } from './top-screen.ts';
import { afterKey, type Key, type TopState } from './top-state.ts';

/** Options of {@link liveTop}. */
export interface LiveTopOptions {
  readonly client: ControlClient;
  /** The query that the view begins with; keys change its order and its words. */
  readonly query: FlowQuery;
  readonly terminal: Terminal;
  /** Where keys come from; undefined: the view has no keys. */
  readonly input: NodeJS.ReadStream | undefined;
  readonly stop: AbortController;
}

/** Maximum words of a query. */
const MAX_WORDS = 16;

/**
 * Shows the daemon's ticks on a terminal until `stop` aborts.
 *
 * @throws {CommandFailed} when the daemon exits; the errors of {@link ControlClient}
 */
export async function liveTop(options: LiveTopOptions): Promise<void> {
  const { terminal, input, stop } = options;
  const screen = new LiveScreen(terminal);
  const view = new LiveTop(options, screen);
  const stopReading = input === undefined ? undefined : readKeys(input, (key) => view.press(key));
  stop.signal.addEventListener('abort', () => view.endStream(), { once: true });
  try {
    await view.run();
  } finally {
    stop.abort();
    stopReading?.();
    screen.close();
  }
}

class LiveTop {
  readonly #o: LiveTopOptions;
  readonly #screen: LiveScreen;
  #state: TopState;
  #tick: TickLine | undefined;
  #why: WhyAnswer | undefined;
  #stream = new AbortController();

  constructor(options: LiveTopOptions, screen: LiveScreen) {
    this.#o = options;
    this.#screen = screen;
    const { sort, words } = options.query;
    this.#state = {
      sort,
      filter: words.join(' '),
      typing: undefined,
      paused: false,
      marked: undefined,
      detail: undefined,
      scrolled: 0,
    };
  }

  /** Follows the ticks of one query after the other. */
  async run(): Promise<void> {
    const { client, stop, terminal } = this.#o;
    while (!stop.signal.aborted) {
      this.#stream = new AbortController();
      const { signal } = this.#stream;
      let isFirst = true;
      for await (const tick of client.ticks(this.#query(), signal)) {
        // Skips ticks while the terminal is behind, which bounds the memory for output.
        if (terminal.backlog() > 0 || (this.#state.paused && !isFirst)) continue;
        isFirst = false;
        this.#tick = tick;
        await this.#readDetail();
        this.#draw();
      }
      if (!signal.aborted) throw new CommandFailed('the daemon exited', ExitCode.unreachable);
    }
  }

  press(key: Key): void {
    const before = this.#state;
    const ids = this.#tick?.page.flows.map(({ id }) => id) ?? [];
    const after = afterKey(before, key, ids);
    if (after === 'quit') {
      this.#o.stop.abort();
      return;
    }
    this.#state = after;
    // A new stream begins with a tick, and reads the explanation.
    const isOther =
      after.sort !== before.sort ||
      after.filter !== before.filter ||
      after.detail !== before.detail;
    if (after.detail !== before.detail) this.#why = undefined;
    if (isOther) this.endStream();
    this.#draw();
  }

  endStream(): void {
    this.#stream.abort();
  }

  async #readDetail(): Promise<void> {
    const { detail } = this.#state;
    if (detail === undefined) return;
    const why = await this.#o.client.why(detail);
    if (detail === this.#state.detail) this.#why = why;
  }

  #query(): FlowQuery {
    const { sort, filter } = this.#state;
    const words = filter.split(/\s+/).filter((word) => word !== '');
    return { ...this.#o.query, sort, words: words.slice(0, MAX_WORDS) };
  }

  #draw(): void {
    if (this.#tick === undefined) return;
    const content = { tick: this.#tick, why: this.#why };
    this.#screen.show(topLines(this.#state, content, this.#o.terminal));
  }
}
