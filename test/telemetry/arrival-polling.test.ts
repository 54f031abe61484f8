import assert from 'node:assert/strict';
import { ArrivalPolling } from '../../telemetry/arrival-polling.ts';

const HOUR_MS = 3_600_000;

/**
 * Polls whenever that is due, in simulated time.
 *
 * @param roundMs duration of a poll and what it leads to
 * @param appearsAt true for the milliseconds in which a flow appears
 * @returns times of the polls, ms
 */
function polls(untilMs: number, roundMs: number, appearsAt: (ms: number) => boolean): number[] {
  const polling = new ArrivalPolling();
  const times: number[] = [];
  let startedMs = Number.NEGATIVE_INFINITY;
  for (let ms = 0; ms < untilMs; ms++) {
    if (appearsAt(ms)) polling.trigger(ms);
    if (ms < startedMs + roundMs || !polling.burstDue(ms)) continue;
    if (ms < startedMs + polling.pauseMs(ms)) continue;
    startedMs = ms;
    times.push(ms);
    polling.beginPoll(ms);
    polling.endPoll(ms + roundMs);
  }
  return times;
}

describe('polling for new flows', () => {
  it('polls at once, and again with growing pauses until rates are known', () => {
    const times = polls(2_000, 5, (ms) => ms === 100);
    assert.deepEqual(times, [100, 125, 150, 200, 300]);
  });

  it('shares polls among flows that appear together', () => {
    const times = polls(400, 1, (ms) => ms >= 100 && ms < 150);
    for (const [i, ms] of times.slice(1).entries()) assert(ms - times[i] >= 25, String(times));
  });

  it('polls twice a second at most when flows appear all the time, after 25 in a row', () => {
    const seconds = 100;
    const times = polls(seconds * 1_000, 2, () => true);
    assert(times.length <= 25 + 2 * seconds, `${times.length} polls`);
    assert(times.length > 2 * seconds, `${times.length} polls`);
  });

  it('takes a twenty-fifth of the time at most when polls are slow', () => {
    const roundMs = 300;
    const times = polls(HOUR_MS / 60, roundMs, () => true);
    assert(
      times.length * roundMs <= 500 + roundMs + (HOUR_MS / 60) * 0.04,
      `${times.length} polls`,
    );
    assert(times.length > 5);
  });

  it('polls at once again after a calm time', () => {
    const times = polls(40_000, 2, (ms) => ms < 20_000 || ms === 35_000);
    assert(times.includes(35_000));
  });

  it('polls no longer once the rates of all flows are known', () => {
    const polling = new ArrivalPolling();
    polling.trigger(1_000);
    polling.beginPoll(1_001);
    polling.endPoll(1_005, false);
    assert(polling.burstDue(1_030), 'the first poll found no packets');
    polling.beginPoll(1_030);
    polling.endPoll(1_035, true);
    assert(!polling.burstDue(1_036));
    polling.trigger(1_040);
    assert(polling.burstDue(1_040), 'another flow has appeared');
  });

  it('polls again for a flow that appeared while the others were polled', () => {
    const polling = new ArrivalPolling();
    polling.trigger(1_000);
    polling.beginPoll(1_001);
    polling.trigger(1_002);
    polling.endPoll(1_005, true);
    assert(polling.burstDue(1_026));
    polling.beginPoll(1_026);
    polling.endPoll(1_030, true);
    assert(!polling.burstDue(1_031));
  });

  it('has the budget for a flow a second whose packets the second poll finds', () => {
    let polls = 0;
    const polling = new ArrivalPolling();
    // A flow a second for a minute: each poll after the first finds its packets.
    for (let ms = 0; ms < 60_000; ms++) {
      if (ms % 1_000 === 0) {
        polling.trigger(ms);
        polling.beginPoll(ms + 1);
        polling.endPoll(ms + 6, false);
        polls++;
      } else if (polling.burstDue(ms) && ms % 1_000 >= polling.pauseMs(ms)) {
        polling.beginPoll(ms);
        polling.endPoll(ms + 5, true);
        polls++;
      }
    }
    assert.equal(polls, 120, 'two for each flow, which the budget allows without end');
  });

  it('does not charge a slow poll in a burst that would have started anyway', () => {
    const polling = new ArrivalPolling();
    polling.trigger(1_000);
    polling.beginPoll(1_001, false);
    polling.endPoll(4_000);
    polling.trigger(4_001);
    assert(polling.burstDue(4_001));
  });

  it('waits until the time of a slow poll is paid', () => {
    const polling = new ArrivalPolling();
    polling.trigger(1_000);
    polling.beginPoll(1_001);
    polling.endPoll(2_501);
    // 1,000 ms beyond the half second that it had.
    polling.trigger(20_000);
    assert(!polling.burstDue(20_000));
    polling.trigger(30_000);
    assert(polling.burstDue(30_000));
  });

  it('does not charge polls without a new flow', () => {
    const polling = new ArrivalPolling();
    for (let ms = 0; ms < 60_000; ms += 1_000) {
      polling.beginPoll(ms);
      polling.endPoll(ms + 900);
    }
    polling.trigger(60_000);
    assert(polling.burstDue(60_000));
  });
});
