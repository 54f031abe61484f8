import assert from 'node:assert/strict';
import { getTasks } from 'node-cron';
import fc from 'fast-check';
import { ScheduleClock, type ScheduleDefinition } from '../../../policy/model/schedule.ts';
import { timezoneProblem, wallParts } from '../../../policy/model/wall-time.ts';

const MINUTE_MS = 60_000;

/** Result of a new clock. */
function isActive(definition: ScheduleDefinition, wallMs: number): boolean {
  return new ScheduleClock(definition).activeAt(wallMs);
}

function schedule(cron: string, over: Partial<ScheduleDefinition> = {}): ScheduleDefinition {
  return {
    name: 'p/s',
    description: undefined,
    policy: 'p',
    cron,
    timezone: 'UTC',
    durationMs: 60 * MINUTE_MS,
    beforeMs: 0,
    afterMs: 0,
    ...over,
  };
}

function at(iso: string): number {
  return Date.parse(iso);
}

describe('schedules', () => {
  it('are active from their start for their duration', () => {
    const nightly = schedule('0 2 * * *');
    assert.equal(isActive(nightly, at('2026-03-01T01:59:59.999Z')), false);
    assert.equal(isActive(nightly, at('2026-03-01T02:00:00Z')), true);
    assert.equal(isActive(nightly, at('2026-03-01T02:59:59.999Z')), true);
    assert.equal(isActive(nightly, at('2026-03-01T03:00:00Z')), false);
  });

  it('are extended by before and after', () => {
    const early = schedule('0 2 * * *', { beforeMs: 5 * MINUTE_MS, afterMs: 10 * MINUTE_MS });
    assert.equal(isActive(early, at('2026-03-01T01:54:59Z')), false);
    assert.equal(isActive(early, at('2026-03-01T01:55:00Z')), true);
    assert.equal(isActive(early, at('2026-03-01T03:09:59Z')), true);
    assert.equal(isActive(early, at('2026-03-01T03:10:00Z')), false);
  });

  it('follow their time zone and its summer time', () => {
    const berlin = schedule('0 2 * * *', { timezone: 'Europe/Berlin' });
    assert.equal(isActive(berlin, at('2026-01-10T01:00:00Z')), true);
    assert.equal(isActive(berlin, at('2026-01-10T00:30:00Z')), false);
    assert.equal(isActive(berlin, at('2026-07-10T00:00:00Z')), true);
    const nepal = schedule('0 2 * * *', { timezone: 'Asia/Kathmandu' });
    assert.equal(isActive(nepal, at('2026-01-09T20:15:00Z')), true);
    assert.equal(isActive(nepal, at('2026-01-09T20:14:59Z')), false);
  });

  it('start twice in a repeated hour, and not at all in a skipped hour', () => {
    const half = schedule('30 2 * * *', { timezone: 'Europe/Berlin', durationMs: 10 * MINUTE_MS });
    assert.equal(isActive(half, at('2026-10-25T00:35:00Z')), true, 'summer time');
    assert.equal(isActive(half, at('2026-10-25T01:35:00Z')), true, 'an hour later, winter time');
    const night = Array.from(
      { length: 24 },
      (_, i) => at('2026-03-29T00:05:00Z') + i * 10 * MINUTE_MS,
    );
    assert.equal(
      night.some((ms) => isActive(half, ms)),
      false,
    );
  });

  it('can last over midnight and several days', () => {
    const weekend = schedule('0 18 * * fri', { durationMs: 60 * 60 * MINUTE_MS });
    assert.equal(isActive(weekend, at('2026-11-22T23:00:00Z')), true);
    assert.equal(isActive(weekend, at('2026-11-23T06:00:00Z')), false);
    assert.equal(isActive(weekend, at('2026-11-20T17:59:00Z')), false);
  });

  it('can start at a second, on the last day of a month and on the n-th weekday', () => {
    const seconds = schedule('15,45 * * * * *', { durationMs: 5000 });
    assert.deepEqual(
      [14, 15, 19, 20, 45, 50].map((s) => isActive(seconds, at('2026-03-01T00:00:00Z') + s * 1000)),
      [false, true, true, false, true, false],
    );
    assert.equal(isActive(schedule('0 0 L * *'), at('2026-02-28T00:30:00Z')), true);
    assert.equal(isActive(schedule('0 0 L * *'), at('2026-02-27T00:30:00Z')), false);
    assert.equal(isActive(schedule('0 0 * * 2#2'), at('2026-03-10T00:30:00Z')), true);
    assert.equal(isActive(schedule('0 0 * * 2#2'), at('2026-03-03T00:30:00Z')), false);
  });

  it('give the same result with and without cached starts, forwards and backwards', () => {
    const start = at('2026-03-28T22:00:00Z');
    const crons = fc.constantFrom(
      '0 * * * *',
      '*/7 * * * *',
      '30 1,2 * * *',
      '5 0 * * sun',
      '0 3 29 3 *',
    );
    const spans = fc.constantFrom(1, 20, 59, 600).map((m) => m * MINUTE_MS);
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/St_Johns');
    const steps = fc.array(fc.integer({ min: -90, max: 200 }), { maxLength: 12 });
    fc.assert(
      fc.property(
        crons,
        spans,
        zones,
        fc.nat(30),
        steps,
        (cron, durationMs, timezone, before, list) => {
          const definition = schedule(cron, { durationMs, timezone, beforeMs: before * MINUTE_MS });
          const clock = new ScheduleClock(definition);
          let now = start;
          for (const minutes of list) {
            now += minutes * MINUTE_MS;
            assert.equal(
              clock.activeAt(now),
              isActive(definition, now),
              new Date(now).toISOString(),
            );
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('leave no task in node-cron', () => {
    const before = getTasks().size;
    isActive(schedule('* * * * *'), 0);
    assert.equal(getTasks().size, before);
  });
});

describe('wall time', () => {
  it('gives time and date in a time zone', () => {
    const parts = wallParts(at('2026-11-23T23:45:00Z'), 'Europe/Berlin');
    assert.deepEqual(parts, {
      hour: 0,
      minute: 45,
      minuteOfDay: 45,
      weekday: 2,
      day: 24,
      month: 11,
    });
    assert.equal(timezoneProblem('Europe/Berlin'), undefined);
    assert.match(timezoneProblem('Mars/Olympus') ?? '', /unknown time zone "Mars\/Olympus"/);
  });
});
