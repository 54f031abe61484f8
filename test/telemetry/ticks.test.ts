import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstValueFrom, interval, Subject, type Subscription, take, toArray } from 'rxjs';
import { FlowTable } from '../../engine/model/flow-table.ts';
import type { Tick } from '../../engine/model/tick.ts';
import { type ArrivalsResult, ticks, type TickSource } from '../../telemetry/ticks.ts';

const CLOCK = { now: () => performance.now() };

class Counting implements TickSource {
  periodMs = 5;
  readonly quickPeriodMs = 10;
  readonly table = new FlowTable();
  made = 0;

  observe(): Promise<Tick> {
    this.made++;
    return Promise.resolve({
      sequence: this.made,
      atMs: CLOCK.now(),
      table: this.table,
      node: { hostCpu: undefined, portLoad: new Map() },
      ports: new Map(),
      sources: [],
      flowsFresh: true,
      fresh: true,
    });
  }
}

describe('ticks', () => {
  it('start no round before the last tick was handled', async () => {
    const source = new Counting();
    const overlaps: number[] = [];
    const seen = await firstValueFrom(
      ticks(source, CLOCK, async (tick) => {
        await sleep(12);
        overlaps.push(source.made - tick.sequence);
        return tick.sequence;
      }).pipe(take(4), toArray()),
    );
    assert.deepEqual(seen, [1, 2, 3, 4]);
    assert.deepEqual(overlaps, [0, 0, 0, 0]);
  });

  it('abort the current round when unsubscribed, and start no other', async () => {
    const source = new Counting();
    let aborted = false;
    const subscription = ticks(source, CLOCK, (_tick, signal) => {
      signal.addEventListener('abort', () => (aborted = true));
      return sleep(1000, undefined, { ref: false });
    }).subscribe();
    await sleep(10);
    subscription.unsubscribe();
    assert.ok(aborted);
    const made = source.made;
    await sleep(20);
    assert.equal(source.made, made);
  });

  it('poll immediately, and a few times more, after a trigger', async () => {
    const source = new Counting();
    source.periodMs = 60_000;
    const triggers = new Subject<void>();
    const made = ticks(source, CLOCK, () => Promise.resolve(), { changes: triggers }).subscribe();
    await sleep(40);
    assert.equal(source.made, 1);
    triggers.next();
    await sleep(10);
    assert.ok(source.made >= 2, 'immediately');
    await sleep(500);
    const quick = source.made;
    assert.ok(quick >= 6 && quick <= 40, `${quick} polls`);
    await sleep(150);
    assert.equal(source.made, quick, 'no more after the burst');
    made.unsubscribe();
    assert.ok(!triggers.observed);
  });

  it('limit the rate of polls under continuous triggers', async () => {
    const source = new Counting();
    source.periodMs = 60_000;
    const made = ticks(source, CLOCK, () => Promise.resolve(), {
      changes: interval(3),
    }).subscribe();
    await sleep(1_200);
    made.unsubscribe();
    assert.ok(source.made >= 15 && source.made <= 35, `${source.made} polls`);
  });

  it('poll at once after a new flow, and a few times more for its rate', async () => {
    const source = new Counting();
    source.periodMs = 60_000;
    const arrivals = new Subject<void>();
    const made = ticks(source, CLOCK, () => Promise.resolve(), { arrivals }).subscribe();
    await sleep(60);
    arrivals.next();
    await sleep(15);
    assert.ok(source.made >= 2, 'immediately');
    await sleep(500);
    const quick = source.made;
    assert.ok(quick >= 3 && quick <= 10, `${quick} polls`);
    await sleep(150);
    assert.equal(source.made, quick, 'no more after the burst');
    made.unsubscribe();
    assert.ok(!arrivals.observed);
  });

  it('poll once after a new flow whose rate is known then', async () => {
    const source = new Counting();
    source.periodMs = 60_000;
    const arrivals = new Subject<void>();
    const urgency = { arrivals, areArrivalsKnown: (sequence: number) => sequence > 1 };
    const made = ticks(source, CLOCK, ({ sequence }) => Promise.resolve(sequence), urgency);
    const running = made.subscribe();
    await sleep(60);
    assert.equal(source.made, 1);
    arrivals.next();
    await sleep(500);
    running.unsubscribe();
    assert.equal(source.made, 2);
  });

  describe('of a source that reads new flows alone', () => {
    const arrivals = new Subject<void>();
    let source: Counting;
    let looks: number;
    let answers: (look: number) => ArrivalsResult;
    let running: Subscription;

    beforeEach(async () => {
      source = new Counting();
      source.periodMs = 60_000;
      looks = 0;
      answers = () => 'waiting';
      const handleArrivals = (): Promise<ArrivalsResult> => Promise.resolve(answers(++looks));
      const handle = (): Promise<void> => Promise.resolve();
      running = ticks(source, CLOCK, handle, { arrivals, handleArrivals }).subscribe();
      await sleep(60);
      assert.equal(source.made, 1);
    });
    afterEach(() => running.unsubscribe());

    it('read them a few times in place of rounds', async () => {
      arrivals.next();
      await sleep(500);
      // Each pause is as long as all before it, so a busy machine has fewer of them.
      assert(looks >= 1 && looks <= 6, `${looks} readings`);
      assert.equal(source.made, 1);
      const before = looks;
      await sleep(150);
      assert.equal(looks, before, 'no more after the burst');
    });

    it('read them no longer once their rates are known', async () => {
      answers = () => 'known';
      arrivals.next();
      await sleep(400);
      assert.deepEqual([looks, source.made], [1, 1]);
      arrivals.next();
      await sleep(400);
      assert.deepEqual([looks, source.made], [2, 1]);
    });

    it('follow with a round when they could not be read', async () => {
      answers = () => 'unread';
      arrivals.next();
      await sleep(200);
      assert(source.made >= 2, `${source.made} rounds`);
      // The burst may end between the two.
      assert(looks - (source.made - 1) <= 1, `${looks} readings, ${source.made} rounds`);
    });

    it('go on while flows appear all the time, with readings of new flows within a budget', async () => {
      running.unsubscribe();
      source.periodMs = 50;
      let partial = 0;
      const handleArrivals = async (): Promise<ArrivalsResult> => {
        partial++;
        await sleep(20);
        return 'waiting';
      };
      const urgency = { arrivals: interval(3), handleArrivals };
      const startedMs = CLOCK.now();
      const handle = (): Promise<void> => Promise.resolve();
      running = ticks(source, CLOCK, handle, urgency).subscribe();
      const before = source.made;
      while (source.made < before + 40) await sleep(20);
      const seconds = (CLOCK.now() - startedMs) / 1_000;
      // 20 ms each: half a second of them at first, then 40 ms a second.
      assert(partial <= 26 + 2 * seconds, `${partial} readings in ${seconds} s`);
      assert(partial > 0);
    });
  });

  it('follow a shorter period at a wake, without a burst', async () => {
    const source = new Counting();
    source.periodMs = 60_000;
    const wakes = new Subject<void>();
    const made = ticks(source, CLOCK, () => Promise.resolve(), { wakes }).subscribe();
    await sleep(40);
    wakes.next();
    await sleep(20);
    assert.deepEqual([source.made], [1], 'the period is as long as before');
    source.periodMs = 30;
    wakes.next();
    await sleep(15);
    assert.deepEqual([source.made], [2]);
    source.periodMs = 60_000;
    await sleep(60);
    const polls: number = source.made;
    made.unsubscribe();
    assert.ok(polls <= 3, `${polls} polls`);
    assert.ok(!wakes.observed);
  });
});
