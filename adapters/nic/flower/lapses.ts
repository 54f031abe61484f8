import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { LeaseRenewal } from '../../../engine/ports/offload-backend.ts';
import type { EntryTable } from './entry-table.ts';
import type { RuleLease } from './rule-lease.ts';
import type { RuleMoves } from './rule-moves.ts';

/** What {@link Lapses} work with. */
export interface LapsesParts {
  readonly entries: EntryTable;
  readonly moves: RuleMoves;
  readonly lease: Pick<RuleLease, 'renew' | 'end' | 'mayInstall'>;
  /** Runs a task when no other uses the table. */
  readonly inTurn: <T>(task: () => Promise<T>) => Promise<T>;
  /** Called with flows whose rules were refused after a lapse. */
  readonly onLost: (ids: readonly FlowId[]) => void;
}

/**
 * What a lapse of the lease means for rules in hardware, which are in force while they are there: they are taken
 * out, and written again after a renewal. Rules in software stay, behind the gate.
 */
export class Lapses {
  readonly #parts: LapsesParts;
  #removedRules = 0;

  constructor(parts: LapsesParts) {
    this.#parts = parts;
  }

  /** Rules that the watchdog has removed, as this process has noticed. */
  get removedRules(): number {
    return this.#removedRules;
  }

  countRemoved(rules: number): void {
    this.#removedRules += rules;
  }

  /** Renews the lease as {@link RuleLease.renew} does; waits for other users of the table only after a lapse. */
  async renew(verifiedAtMs: number): Promise<LeaseRenewal> {
    const { lease, inTurn } = this.#parts;
    if (lease.mayInstall()) return lease.renew(verifiedAtMs);
    return inTurn(async () => {
      const renewal = await lease.renew(verifiedAtMs);
      if (renewal === 'renewed') await this.#putBack();
      return renewal;
    });
  }

  /** Ends the lease. */
  async end(): Promise<void> {
    this.#parts.lease.end();
    await this.takeOut();
  }

  /** Takes all rules out if there is no lease: nobody else may, while the watchdog starts again. */
  async takeOut(): Promise<void> {
    const { lease, moves, entries } = this.#parts;
    if (lease.mayInstall()) return;
    await moves.takeOut([...entries.all()], 'lapsed');
  }

  /** The watchdog has removed everything by now. */
  async #putBack(): Promise<void> {
    const { entries, moves, onLost } = this.#parts;
    const all = [...entries.all()];
    this.countRemoved(all.filter(({ state }) => state === 'installed').length);
    for (const entry of all) entry.state = 'lapsed';
    onLost(await moves.putBack(all));
    await this.takeOut();
  }
}
