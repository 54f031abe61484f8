import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import type { WatchdogState } from '../../../engine/ports/offload-backend.ts';
import { registerWatchdogMetrics } from '../../../telemetry/prometheus/watchdog-metrics.ts';
import { FakeBackend } from '../../support/fake-backend.ts';

class WatchedBackend extends FakeBackend {
  state: WatchdogState | undefined;

  watchdog(): WatchdogState | undefined {
    return this.state;
  }
}

describe('metrics of the watchdog', () => {
  it('say whether it is down, if there should be one, and what it has removed', async () => {
    const registry = new Registry();
    const backend = new WatchedBackend();
    registerWatchdogMetrics(registry, [backend, new FakeBackend(1, 'fast-path')]);
    const samples = async (): Promise<readonly string[]> =>
      (await registry.metrics()).split('\n').filter((line) => line.startsWith('norikae_'));
    const all = (down: number, removed: number): readonly string[] => [
      `norikae_watchdog_down{backend="fake"} ${down}`,
      'norikae_watchdog_down{backend="fake fast path"} 0',
      `norikae_watchdog_removed_entries_total{backend="fake"} ${removed}`,
      'norikae_watchdog_removed_entries_total{backend="fake fast path"} 0',
    ];
    assert.deepEqual(await samples(), all(0, 0));
    backend.state = { isAlive: true, pid: 5, readAgeMs: 3, leaseLeftMs: 9, removedEntries: 4 };
    assert.deepEqual(await samples(), all(0, 4));
    // A counter does not add up what it reads.
    assert.deepEqual(await samples(), all(0, 4));
    backend.state = { ...backend.state, isAlive: false, removedEntries: 6 };
    assert.deepEqual(await samples(), all(1, 6));
  });
});
