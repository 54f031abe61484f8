import { setTimeout as sleep } from 'node:timers/promises';
import type { FlowId } from '../../../engine/model/flow-id.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import type { Entry } from './entry.ts';
import type { EntryTable } from './entry-table.ts';
import type { RuleMoves } from './rule-moves.ts';

/** Flows that are paused together, at most. */
const MAX_PAUSED = 256;

/** What {@link Pauses} work with. */
export interface PausesParts {
  readonly entries: EntryTable;
  readonly moves: RuleMoves;
  readonly heartbeatMs: number;
  readonly pauseMs: number;
  /** Runs a task when no other uses the table. */
  readonly inTurn: <T>(task: () => Promise<T>) => Promise<T>;
  readonly mayInstall: () => boolean;
  readonly onLost: (ids: readonly FlowId[]) => void;
}

/**
 * Heartbeats of rules in hardware: a rule whose heartbeat is due is taken out for a moment, in which the
 * flow's packets go to the vSwitch. No NIC lets single packets pass. Each costs two writes of a rule,
 * and a flow that sends nothing in this moment is not seen.
 */
export class Pauses {
  readonly #parts: PausesParts;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(parts: PausesParts) {
    this.#parts = parts;
  }

  /** Begins the heartbeats that are due, unless others are running. Does not wait. */
  begin(): void {
    if (this.#parts.heartbeatMs === 0 || this.#running !== undefined || this.#isClosed) return;
    const due = this.#due();
    if (due.length === 0) return;
    this.#running = this.#pause(due)
      .catch(() => undefined)
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Begins no more, and waits for those that are running. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  #due(): readonly Entry[] {
    const { entries, heartbeatMs } = this.#parts;
    const dueMs = monotonicMs() - heartbeatMs;
    const due: Entry[] = [];
    for (const entry of entries.all()) {
      if (entry.state !== 'installed' || entry.beatAtMs > dueMs || entry.rule === undefined)
        continue;
      due.push(entry);
      if (due.length === MAX_PAUSED) break;
    }
    return due;
  }

  async #pause(due: readonly Entry[]): Promise<void> {
    const { entries, moves, inTurn, pauseMs, mayInstall, onLost } = this.#parts;
    await inTurn(() => moves.takeOut(due, 'paused'));
    await sleep(pauseMs);
    const lost = await inTurn(async () => {
      const paused = due.filter(
        (entry) => entry.state === 'paused' && entries.get(entry.id) === entry,
      );
      if (mayInstall()) return moves.putBack(paused);
      for (const entry of paused) entry.state = 'lapsed';
      return [];
    });
    if (lost.length > 0) onLost(lost);
  }
}
