import { TCP_HEADERS } from '../../../adapters/emulator/packets.ts';
import type { ConnectionObserver, ConnectionTraits } from './connection.ts';
import { type Amounts, Outlook } from './outlook.ts';
import type { ConnectionFlows } from './packets-sent.ts';
import type { TraceBuilder, TraceLength } from './trace.ts';

/**
 * Records, for each window and each connection open at its beginning, what the connection is
 * expected to send: a trace of expectations in parallel to the actual one.
 */
export class Expectations implements ConnectionObserver {
  readonly #builder: TraceBuilder;
  readonly #outlook: Outlook;
  readonly #windowMs: number;
  readonly #windows: number;
  #flows: ConnectionFlows = { data: 0, acks: undefined, headers: 0 };
  /** The next window that has not begun; -1 before the first transfer. */
  #window = -1;

  constructor(builder: TraceBuilder, { windowMs, windows }: TraceLength) {
    this.#builder = builder;
    this.#windowMs = windowMs;
    this.#windows = windows;
    this.#outlook = new Outlook(windowMs);
  }

  /** Sets the flows of the next connection. */
  belongsTo(flows: ConnectionFlows): void {
    this.#flows = flows;
  }

  opened(traits: ConnectionTraits): void {
    this.#outlook.open(traits);
    this.#window = -1;
  }

  transferred(startMs: number, endMs: number): void {
    if (this.#window < 0) this.#window = Math.floor(startMs / this.#windowMs) + 1;
    for (; this.#begins() <= startMs && this.#window < this.#windows; this.#window++) {
      this.#expect(this.#outlook.pausing());
    }
    for (; this.#begins() < endMs && this.#window < this.#windows; this.#window++) {
      this.#expect(this.#outlook.sending(this.#begins() - startMs));
    }
  }

  closed(): void {
    // A closed connection has no expectation.
    this.#window = -1;
  }

  #begins(): number {
    return this.#window * this.#windowMs;
  }

  #expect({ payload, packets, acks }: Amounts): void {
    const { data, acks: answers, headers } = this.#flows;
    this.#builder.add(this.#window, data, payload + packets * headers, packets, 0);
    if (answers !== undefined) {
      this.#builder.add(this.#window, answers, acks * TCP_HEADERS, acks, 0);
    }
  }
}
