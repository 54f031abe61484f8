import type { ConnectionRecord } from './connection-record.ts';
import { ConnectionStore } from './connection-store.ts';
import { type DumpTime, ReplyWatch } from './reply-watch.ts';

const TCP = 6;

/** The connections of one dump. */
export class Generation {
  readonly store = new ConnectionStore();
  readonly #watch = new ReplyWatch();
  #time: DumpTime = { startMs: 0, endMs: 0 };
  /** No line was skipped: a connection that is not there did not exist. */
  #isComplete = false;
  #defaultTimeouts = false;

  /**
   * Forgets everything, because another dump is about to be read.
   *
   * @param expected connections, about
   * @param defaultTimeouts whether the time-outs in the dump are those by default
   */
  begin(time: DumpTime, expected: number, defaultTimeouts: boolean): void {
    this.store.clear(expected);
    this.#time = time;
    this.#isComplete = false;
    this.#defaultTimeouts = defaultTimeouts;
  }

  /** Adds a connection of the dump. @param before the dump before this one */
  add(record: ConnectionRecord, before: Generation): void {
    // It ends within a second, or has ended.
    if (record.timeoutSeconds === 0) return;
    const row = this.store.put(record, record.isTcpEstablished && !record.hasHelper);
    if (record.protocol === TCP || !this.#defaultTimeouts) return;
    const hasReplied = this.#watchReply(row, record, before);
    if (hasReplied && !record.hasHelper) this.store.setEstablished(row);
  }

  /** Ends the dump. @param isComplete no line was skipped */
  finish(isComplete: boolean): void {
    this.#isComplete = isComplete;
  }

  /** Continues the watch of a connection; true when it has seen a reply. */
  #watchReply(row: number, record: ConnectionRecord, before: Generation): boolean {
    const { timeoutSeconds } = record;
    const watch = this.#watch;
    const rowBefore = before.#defaultTimeouts ? before.store.rowOf(record) : -1;
    const isNew = rowBefore < 0 && before.#defaultTimeouts && before.#isComplete;
    if (isNew || (rowBefore >= 0 && before.store.isEstablishedAt(rowBefore))) {
      // One that was recreated since is like a new one: its first packet has set its time-out.
      watch.created(row, before.#time.startMs);
    } else if (rowBefore >= 0) {
      watch.carryOver(row, before.#watch, rowBefore);
    } else {
      watch.begin(row, timeoutSeconds, this.#time);
    }
    if (watch.isProven(row, timeoutSeconds, this.#time)) return true;
    if (watch.isOver(row, timeoutSeconds, this.#time)) {
      watch.begin(row, timeoutSeconds, this.#time);
    }
    return false;
  }
}
