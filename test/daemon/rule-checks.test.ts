import assert from 'node:assert/strict';
import { pino } from 'pino';
import { Subject, type Subscription } from 'rxjs';
import { RuleChecks } from '../../daemon/rule-checks.ts';
import type { EntryCheckReport } from '../../engine/loop/entry-check.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** Checks of 10 ms each, where a reading takes vswitchd 50 ms; only checks let time pass. */
class Bed {
  readonly clock = new ManualClock();
  readonly changes = new Subject<void>();
  checkMs = 10;
  /** Number of the check that finds an outdated entry; 0: none does. */
  findsAt = 0;
  checks = 0;
  fails = false;
  readonly rules: RuleChecks;
  readonly #subscription: Subscription;

  constructor(available = true) {
    this.rules = new RuleChecks({
      engine: { checkEntries: () => this.#check() },
      available,
      table: () => new FlowTable(),
      observer: {
        lastCost: { sourceMs: 50, flows: 1, skipped: 0, firstSkipped: undefined },
      },
      clock: this.clock,
      log: pino({ level: 'silent' }),
    });
    this.#subscription = this.rules.watch(this.changes).subscribe();
  }

  /** Resolves when a number of checks has been made, and no more are for a while. */
  async made(checks: number): Promise<void> {
    await eventually(`${checks} checks`, () => this.checks >= checks);
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(this.checks, checks);
  }

  end(): void {
    this.#subscription.unsubscribe();
  }

  async #check(): Promise<EntryCheckReport> {
    this.checks++;
    this.clock.advance(this.checkMs);
    if (this.fails) throw new Error('no answer');
    return { compared: 3, outdated: this.checks === this.findsAt ? 1 : 0, complete: false };
  }
}

describe('checks after a change of rules', () => {
  let bed: Bed;

  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => {
    bed.end();
  });

  it('follow each other for a quarter of a second', async function () {
    this.timeout(10_000);
    bed.changes.next();
    await bed.made(25);
  });

  it('end sooner when vswitchd has given them its time, and begin again later', async function () {
    this.timeout(10_000);
    bed.checkMs = 40;
    bed.changes.next();
    // 250 ms at once: six checks and a rest of 10 ms.
    await bed.made(6);
    bed.changes.next();
    await bed.made(6);
    bed.clock.advance(10_000);
    bed.changes.next();
    await eventually('another check', () => bed.checks > 6);
  });

  it('are not made where they cost more than a reading', async () => {
    bed.checkMs = 60;
    bed.changes.next();
    await bed.made(1);
  });

  it('hold a reading until one has found an outdated entry', async () => {
    bed.findsAt = 4;
    bed.changes.next();
    await bed.rules.beginRound();
    assert.equal(bed.checks, 4);
    await bed.made(4);
    bed.rules.endRound();
    await eventually('more checks', () => bed.checks > 4);
  });

  it('hold a reading for a short time only', async () => {
    bed.changes.next();
    await bed.rules.beginRound();
    // Twice what a reading takes.
    assert.equal(bed.checks, 10);
    await bed.made(10);
  });

  it('let a reading begin at once when one fails', async () => {
    bed.fails = true;
    bed.changes.next();
    await bed.rules.beginRound();
    await bed.made(1);
  });

  it('are not made without a change, nor where flows cannot be read alone', async () => {
    await bed.rules.beginRound();
    bed.rules.endRound();
    assert.equal(bed.checks, 0);
    const without = new Bed(false);
    without.changes.next();
    await without.rules.beginRound();
    assert.equal(without.checks, 0);
    without.end();
  });
});
