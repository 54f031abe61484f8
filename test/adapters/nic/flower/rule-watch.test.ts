import assert from 'node:assert/strict';
import { RuleWatch } from '../../../../adapters/nic/flower/rule-watch.ts';
import { TrafficControlRequests } from '../../../../adapters/nic/flower/traffic-control.ts';
import { NetworkLock } from '../../../../adapters/nic/core/network-lock.ts';
import { waitFor } from '../../../../lab/testbed/wait.ts';
import { FakePins } from './support/fake-host.ts';
import { type FakeFilter, FakeTc } from './support/fake-tc.ts';

const DEVICE = 11;
const FOREIGN_DEVICE = 12;
/** Of a device whose `clsact` is ours. */
const RECORD = { madeClsact: true, optionBytes: 0 };
const PID = 7;
const LAPSE_MS = 1_000;

function rule(ifindex: number, priority: number): FakeFilter {
  const options = Buffer.alloc(0);
  const place = { ifindex, priority, protocol: 0x0800, handle: 1 };
  return { ...place, kind: 'flower', options, packets: 0, bytes: 0 };
}

describe('the watchdog of rules in hardware', () => {
  let tc: FakeTc;
  let pins: FakePins;
  let nowMs: number;
  let hasDaemon: boolean;
  let stop: AbortController;
  let ended: Promise<void>;

  beforeEach(() => {
    tc = new FakeTc();
    for (const ifindex of [DEVICE, FOREIGN_DEVICE]) {
      tc.devices.add(ifindex);
      tc.qdiscs.set(ifindex, 'clsact');
      put(rule(ifindex, 10));
    }
    put(rule(DEVICE, 11));
    put(rule(DEVICE, 99));
    pins = new FakePins();
    pins.addDevice(DEVICE, RECORD);
    // A device that is gone in the meantime.
    pins.addDevice(99, RECORD);
    pins.leaseUntilMs = LAPSE_MS;
    nowMs = 0;
    hasDaemon = true;
    stop = new AbortController();
    const requests = new TrafficControlRequests(new NetworkLock(), { open: tc.open });
    const watch = new RuleWatch({
      pins,
      tc: requests,
      pid: PID,
      hasDaemon: () => hasDaemon,
      nowMs: () => nowMs,
    });
    ended = watch.run(stop.signal);
  });

  afterEach(async () => {
    stop.abort();
    await ended;
  });

  function put(filter: FakeFilter): void {
    tc.filters.set(`${filter.ifindex} ${filter.priority} ${filter.handle}`, filter);
  }

  const priorities = (ifindex: number): readonly number[] =>
    tc.of(ifindex).map(({ priority }) => priority);

  /** Waits until it has looked at the lease at this time. */
  async function lookedAt(atMs: number): Promise<void> {
    nowMs = atMs;
    await waitFor('a look', () => (pins.watchdogAliveMs === atMs ? true : undefined), {
      timeoutMs: 10_000,
      everyMs: 5,
    });
  }

  async function removed(): Promise<void> {
    const none = () => (priorities(DEVICE).length === 1 ? true : undefined);
    await waitFor('the removal', none, { timeoutMs: 10_000, everyMs: 5 });
  }

  it('leaves the rules until the lease lapses, then removes ours and no others', async () => {
    await lookedAt(LAPSE_MS - 1);
    assert.equal(tc.writes, 0);
    await lookedAt(LAPSE_MS);
    await removed();
    assert.deepEqual(priorities(DEVICE), [99]);
    assert.deepEqual(priorities(FOREIGN_DEVICE), [10]);
    assert.equal(pins.removedMs, LAPSE_MS);
  });

  it('removes what a stopped daemon writes after the lapse', async () => {
    await lookedAt(LAPSE_MS);
    await removed();
    put(rule(DEVICE, 12));
    await lookedAt(LAPSE_MS + 250);
    await removed();
    assert.equal(pins.removedMs, LAPSE_MS, 'the first removal');
  });

  it('removes nothing while a renewed lease holds', async () => {
    await lookedAt(LAPSE_MS);
    await removed();
    pins.leaseUntilMs = LAPSE_MS * 3;
    put(rule(DEVICE, 10));
    await lookedAt(LAPSE_MS * 2);
    assert.deepEqual(priorities(DEVICE), [99, 10]);
    await lookedAt(LAPSE_MS * 3);
    await removed();
    assert.equal(pins.removedMs, LAPSE_MS * 3);
  });

  it('ends when another watchdog is in charge', async () => {
    await lookedAt(1);
    pins.watchdogPid = PID + 1;
    await ended;
    assert.equal(tc.writes, 0);
  });

  it('outlives its daemon until the rules are removed', async () => {
    hasDaemon = false;
    await lookedAt(LAPSE_MS - 1);
    nowMs = LAPSE_MS;
    await ended;
    assert.deepEqual(priorities(DEVICE), [99]);
  });
});
