import {
  REFUSED_CONNECTION_CODES,
  type RefusedConnectionCode,
} from '../model/refused-connection.ts';

/** What became of connections: resolved to an entry, or refused for a reason. */
export const CONNECTION_STATES = ['resolved', ...REFUSED_CONNECTION_CODES] as const;
export type ConnectionState = 'resolved' | RefusedConnectionCode;

/** Connections in one state; each direction counts. */
export interface ConnectionCount {
  readonly state: ConnectionState;
  readonly connections: number;
  /** On all paths, bits/s, up to the reading before the last. */
  readonly bitsPerSecond: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Counts the connections of a reading by state; readers see those of the last complete one. */
export class ConnectionCounts {
  #next = zeros();
  #last = zeros();

  /** Adds a connection to the reading in progress. */
  add(state: ConnectionState, bitsPerSecond: number): void {
    const count = this.#next.get(state);
    if (count === undefined) return;
    count.connections++;
    count.bitsPerSecond += bitsPerSecond;
  }

  /** Ends the reading in progress. */
  publish(): void {
    this.#last = this.#next;
    this.#next = zeros();
  }

  /** Of the last reading, all states. */
  get all(): readonly ConnectionCount[] {
    return [...this.#last.values()];
  }
}

function zeros(): Map<ConnectionState, Mutable<ConnectionCount>> {
  return new Map(
    CONNECTION_STATES.map((state) => [state, { state, connections: 0, bitsPerSecond: 0 }]),
  );
}
