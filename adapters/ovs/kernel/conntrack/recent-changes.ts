import {
  type ConnectionRecord,
  PORTS_WORD,
  TUPLE_WORDS,
} from '../../conntrack/connection-record.ts';

const MAX_CHANGES = 16_384;

/** What a notification says about a connection, for a dump that may be older. */
interface Change {
  readonly ipVersion: 4 | 6;
  readonly protocol: number;
  readonly zone: number;
  readonly original: Uint32Array;
}

/** The connections that were notified while a dump is read; bounded. */
export class RecentChanges {
  #changes: Change[] | undefined;
  #isComplete = true;

  /** Begins to collect. */
  begin(): void {
    this.#changes = [];
    this.#isComplete = true;
  }

  /** Adds a change while a dump is read. */
  add({ ipVersion, protocol, zone, tuples }: ConnectionRecord): void {
    if (this.#changes === undefined || !this.#isComplete) return;
    if (this.#changes.length === MAX_CHANGES) return this.lose();
    const original = tuples.slice(0, PORTS_WORD + 1);
    this.#changes.push({ ipVersion, protocol, zone, original });
  }

  /** Changes are missing: the dump that is read cannot be used. */
  lose(): void {
    this.#isComplete = false;
  }

  /**
   * Ends collecting, and calls `take` with each. False when changes are missing.
   *
   * @param record is filled for each call
   */
  end(record: ConnectionRecord, take: () => void): boolean {
    const changes = this.#changes ?? [];
    this.#changes = undefined;
    for (const { ipVersion, protocol, zone, original } of changes) {
      record.clear();
      record.ipVersion = ipVersion;
      record.protocol = protocol;
      record.zone = zone;
      record.tuples.set(original.subarray(0, TUPLE_WORDS));
      take();
    }
    return this.#isComplete;
  }
}
