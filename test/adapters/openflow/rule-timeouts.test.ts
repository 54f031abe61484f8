import assert from 'node:assert/strict';
import {
  finTimeoutOf,
  RuleTimeouts,
  UNKNOWN_AFTER_MS,
  unreadLimit,
} from '../../../adapters/openflow/rule-timeouts.ts';
import { mock } from 'node:test';

describe('the idle time-outs of rules', () => {
  let changes = 0;
  let timeouts: RuleTimeouts;

  const make = (assumedSeconds?: number): RuleTimeouts =>
    new RuleTimeouts({ bridge: 'br0', assumedSeconds, onChange: () => changes++ });

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    changes = 0;
    timeouts = make();
  });
  afterEach(() => {
    timeouts.close();
    mock.timers.reset();
  });

  function read(...seconds: readonly number[]): void {
    timeouts.begin();
    for (const idle of seconds) timeouts.observe(idle);
    timeouts.complete();
  }

  const limit = () => timeouts.limit;

  it('set a limit of a quarter of the shortest', () => {
    read(0, 20, 8, 60);
    assert.equal(timeouts.limit?.ms, 2_000);
    assert.match(timeouts.limit?.why ?? '', /bridge br0 has an idle time-out of 8 s/);
    read(0, 0);
    assert.equal(timeouts.limit, undefined);
  });

  it('shrink at once and grow with the next reading', () => {
    read(20);
    const before = changes;
    timeouts.observe(4);
    assert.equal(timeouts.limit?.ms, 1_000);
    assert.equal(changes, before + 1);
    timeouts.removed();
    assert.equal(timeouts.limit?.ms, 1_000);
    assert.ok(timeouts.outdated);
    read(20);
    assert.equal(timeouts.limit?.ms, 5_000);
    assert.ok(!timeouts.outdated);
  });

  it('are not outdated by a removed rule when no rule has one', () => {
    read(0);
    timeouts.removed();
    assert.ok(!timeouts.outdated);
  });

  it('of a rule that is added during a reading count', () => {
    read(20);
    timeouts.begin();
    timeouts.observe(3);
    timeouts.complete();
    assert.equal(timeouts.limit?.ms, 750);
  });

  it('are outdated by a rule that is removed during a reading, which may have read it before', () => {
    timeouts.begin();
    timeouts.observe(3);
    timeouts.removed();
    timeouts.complete();
    assert.ok(timeouts.outdated);
    read(20);
    assert.ok(!timeouts.outdated);
  });

  it('are unknown when they cannot be read for a while', () => {
    assert.equal(limit(), undefined);
    mock.timers.tick(UNKNOWN_AFTER_MS);
    assert.equal(limit()?.ms, 0);
    read(20);
    assert.equal(limit()?.ms, 5_000);
    timeouts.lost('gone');
    mock.timers.tick(UNKNOWN_AFTER_MS - 1);
    assert.equal(limit()?.ms, 5_000);
    mock.timers.tick(1);
    assert.equal(limit()?.ms, 0);
    assert.match(limit()?.why ?? '', /cannot be read \(gone\).*assumedIdleTimeout/);
  });

  it('are then those that are configured', () => {
    timeouts.close();
    timeouts = make(8);
    mock.timers.tick(UNKNOWN_AFTER_MS);
    assert.equal(limit()?.ms, 2_000);
    assert.equal(unreadLimit('br0', 0, ''), undefined);
    assert.equal(unreadLimit('br0', undefined, '')?.ms, 0);
  });

  it('include those of fin_timeout', () => {
    const bytes = Uint8Array.of(0, 19, 0, 7, 0, 9, 0, 0);
    const action = { kind: 'experimenter', experimenter: 0x2320, bytes } as const;
    const other = { ...action, bytes: Uint8Array.of(0, 18, 0, 3) };
    const rule = (actions: readonly (typeof action)[]) => ({
      instructions: [{ kind: 'apply-actions' as const, actions }],
    });
    assert.equal(finTimeoutOf(rule([action])), 7);
    assert.equal(finTimeoutOf(rule([other])), 0);
    assert.equal(finTimeoutOf(rule([])), 0);
  });
});
