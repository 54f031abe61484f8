import assert from 'node:assert/strict';
import { pino } from 'pino';
import { EntryChecks } from '../../daemon/entry-checks.ts';
import type { EntryCheckReport } from '../../engine/loop/entry-check.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import { FakeBackend } from '../support/fake-backend.ts';
import { FakePorts } from '../support/fake-sources.ts';
import { anyFrom, flowId, outputTo } from '../support/flows.ts';
import { ManualClock } from '../support/manual-clock.ts';

const SIGNAL = new AbortController().signal;

/** Checks of so many entries, where a reading costs vswitchd 500 ms. */
class Bed {
  readonly clock = new ManualClock();
  readonly ports = new FakePorts();
  readonly results: string[] = [];
  readonly observer = {
    isTooRareForLease: true,
    lastCost: { sourceMs: 500, flows: 40_000, skipped: 0, firstSkipped: undefined },
    verifies: false,
    setVerifiesEntries: (verifies: boolean) => {
      this.observer.verifies = verifies;
    },
  };
  /** Time that vswitchd needs for an entry, ms. */
  entryMs = 0.1;
  /** Called by each check. */
  answer = async (): Promise<EntryCheckReport> => {
    const compared = this.#backend.installed.size;
    this.clock.advance(compared * this.entryMs);
    return { compared, outdated: 0, complete: true };
  };
  readonly checks: EntryChecks;
  readonly #backend = new FakeBackend(100_000);

  constructor(entries: number, available = true, placesArrivals = false) {
    const flow: FlowSpec = { id: flowId(1), match: anyFrom('vm1'), actions: outputTo('vm2') };
    for (let n = 0; n < entries; n++) this.#backend.installed.set(String(n), flow);
    this.checks = new EntryChecks({
      engine: { checkEntries: () => this.answer() },
      available,
      placesArrivals,
      table: () => new FlowTable(),
      observer: this.observer,
      ports: this.ports,
      backends: [this.#backend],
      verifyWithinMs: 3_000,
      clock: this.clock,
      log: pino({ level: 'silent' }),
      onResult: (result) => this.results.push(result),
    });
  }

  async round(): Promise<void> {
    await this.checks.beginRound(SIGNAL);
    this.checks.endRound();
  }
}

describe('checks of the entries between readings', () => {
  it('are made right before a reading, where readings are too rare for the lease', async () => {
    const bed = new Bed(1_000);
    await bed.round();
    assert.deepEqual(bed.results, ['verified']);
    bed.observer.isTooRareForLease = false;
    await bed.round();
    assert.deepEqual(bed.results, ['verified']);
  });

  it('let the period grow only after vswitchd has answered one', async () => {
    const bed = new Bed(1_000);
    await bed.checks.beginRound(SIGNAL);
    assert.equal(bed.observer.verifies, false);
    await bed.round();
    assert.equal(bed.observer.verifies, true);
  });

  it('leave the period alone while there is no entry that needs a lease', () => {
    const verifies = (...options: ConstructorParameters<typeof Bed>): boolean => {
      const bed = new Bed(...options);
      bed.checks.endRound();
      return bed.observer.verifies;
    };
    assert.equal(verifies(0, false), true);
    assert.equal(verifies(1, false), false);
    assert.equal(verifies(0, false, true), false, 'an entry may come before the next reading');
  });

  it('are not made where a reading costs less', async () => {
    const bed = new Bed(5_001);
    await bed.round();
    assert.deepEqual(bed.results, []);
    assert.equal(bed.observer.verifies, false);
  });

  it('learn what an entry costs, and stop when they would take too much of vswitchd', async () => {
    const bed = new Bed(4_000);
    bed.entryMs = 0.5;
    for (let i = 0; i < 10; i++) await bed.round();
    assert.ok(bed.results.length >= 1 && bed.results.length < 5, `${bed.results.length} checks`);
    assert.equal(bed.observer.verifies, false);
  });

  it('are not made while changes of ports are not reported', async () => {
    const bed = new Bed(1_000);
    bed.ports.reporting = false;
    await bed.round();
    assert.deepEqual(bed.results, []);
  });

  it('wait after a failure, and readings follow the lease until one is answered', async () => {
    const bed = new Bed(1_000);
    await bed.round();
    const { answer } = bed;
    bed.answer = () => Promise.reject(new Error('no answer'));
    await bed.round();
    bed.answer = answer;
    await bed.round();
    assert.deepEqual(bed.results, ['verified', 'failed']);
    assert.equal(bed.observer.verifies, false);
    bed.clock.advance(5_000);
    await bed.round();
    await bed.round();
    assert.deepEqual(bed.results.slice(2), ['verified', 'verified']);
    assert.equal(bed.observer.verifies, true);
  });

  it('are repeated between two rounds, but not while a reading is in progress', async () => {
    const bed = new Bed(10);
    bed.observer.isTooRareForLease = false;
    await bed.checks.beginRound(SIGNAL);
    bed.observer.isTooRareForLease = true;
    const running = bed.checks.watch().subscribe();
    try {
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.deepEqual(bed.results, []);
      bed.checks.endRound();
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      assert.deepEqual(bed.results, ['verified']);
    } finally {
      running.unsubscribe();
    }
  });

  it('continue until the next reading, when one takes longer than a reading', async () => {
    const bed = new Bed(10);
    bed.observer.lastCost.sourceMs = 5;
    await bed.round();
    assert.equal(bed.observer.verifies, true);
    bed.entryMs = 3;
    const running = bed.checks.watch().subscribe();
    try {
      // One check at once, and one after a quarter of the lease.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      assert.deepEqual(bed.results, ['verified', 'verified', 'verified']);
      assert.equal(bed.observer.verifies, true);
    } finally {
      running.unsubscribe();
    }
    await bed.round();
    assert.equal(bed.observer.verifies, false);
  });

  it('are not made where single flows cannot be read', async () => {
    const bed = new Bed(10, false);
    await bed.round();
    assert.deepEqual(bed.results, []);
  });
});
