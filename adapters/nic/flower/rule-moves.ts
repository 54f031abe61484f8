import type { FlowId } from '../../../engine/model/flow-id.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import { DELETED, INSTALLED, refused } from '../core/operation-results.ts';
import { type Entry, startCounters } from './entry.ts';
import type { EntryTable } from './entry-table.ts';
import type { RulesIn } from './options.ts';
import { deleteRule, noteDeleted, writeRule } from './rule-requests.ts';
import { answered, type Step, type StepSender } from './steps.ts';

/** Takes rules out of the table and puts them back, whatever the engine asks for. */
export class RuleMoves {
  readonly #sender: StepSender;
  readonly #entries: EntryTable;
  readonly #rulesIn: RulesIn;

  constructor(sender: StepSender, entries: EntryTable, rulesIn: RulesIn) {
    this.#sender = sender;
    this.#entries = entries;
    this.#rulesIn = rulesIn;
  }

  /** Deletes entries; returns those that may still be in tc. */
  async remove(entries: readonly Entry[]): Promise<readonly Entry[]> {
    const results = await this.#sender.sendAll(entries.map((entry) => this.deletion(entry)));
    return entries.filter((_, i) => !results[i].ok);
  }

  /**
   * Takes rules out for a time; their entries stay.
   *
   * @param state what the entries become
   */
  async takeOut(entries: readonly Entry[], state: 'paused' | 'lapsed'): Promise<void> {
    const there = entries.filter((entry) => entry.state === 'installed');
    await this.#sender.sendAll(there.map((entry) => this.#removal(entry, state)));
  }

  /** Writes rules again that are out. Returns the flows whose rules were refused. */
  async putBack(entries: readonly Entry[]): Promise<readonly FlowId[]> {
    const out = entries.filter((entry) => entry.state !== 'installed');
    const results = await this.#sender.sendAll(out.map((entry) => this.#again(entry)));
    return out.filter((_, i) => !results[i].ok).map(({ id }) => id);
  }

  /** Deletes an entry. */
  deletion(entry: Entry): Step {
    const requests = entry.state === 'installed' ? [deleteRule(entry)] : [];
    return {
      key: entry.key,
      change: -1,
      requests,
      settle: ([answer]) => {
        const refusal = requests.length === 0 ? undefined : noteDeleted(entry, answer);
        if (refusal !== undefined) return this.#sender.notDeleted(refusal);
        this.#entries.remove(entry);
        return DELETED;
      },
    };
  }

  #removal(entry: Entry, state: 'paused' | 'lapsed'): Step {
    return {
      key: entry.key,
      change: 0,
      requests: [deleteRule(entry)],
      settle: ([answer]) => {
        const refusal = noteDeleted(entry, answer);
        if (refusal !== undefined) return this.#sender.notDeleted(refusal);
        restart(entry, state);
        return DELETED;
      },
    };
  }

  #again(entry: Entry): Step {
    const { rule, key } = entry;
    if (rule === undefined) {
      this.#entries.remove(entry);
      return answered(key, refused('device-error', 'the rule of an earlier daemon lapsed'));
    }
    return {
      key,
      change: 0,
      requests: [writeRule(entry, rule, this.#rulesIn)],
      settle: ([answer]) => {
        const problem = this.#sender.problemOf(answer);
        if (problem !== undefined) {
          this.#entries.remove(entry);
          return { ok: false, refusal: problem };
        }
        restart(entry, 'installed');
        return INSTALLED;
      },
    };
  }
}

/** The entry's filter is another one from now on, or gone. */
function restart(entry: Entry, state: Entry['state']): void {
  entry.state = state;
  startCounters(entry);
  entry.beatAtMs = monotonicMs();
}
