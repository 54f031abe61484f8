import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { ConnectionCounts } from '../../../engine/connections/connection-counts.ts';
import { registerConnectionMetrics } from '../../../telemetry/prometheus/connection-metrics.ts';

/** Samples that are not zero. */
async function samples(registry: Registry): Promise<readonly string[]> {
  const lines = (await registry.metrics()).split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#') && !line.endsWith(' 0'));
}

describe('metrics of connections', () => {
  it('count those of the last complete reading by state', async () => {
    const counts = new ConnectionCounts();
    const registry = new Registry();
    const metered = { connections: 12, forgotten: 3, sampling: 16 };
    const uncountedPorts = [{ name: 'vm1', why: 'its device is gone' }];
    registerConnectionMetrics(registry, { counts, metered, uncountedPorts });
    counts.add('resolved', 800);
    counts.add('resolved', 80);
    counts.add('not-established', 8);
    counts.publish();
    counts.add('resolved', 1);
    const expected = [
      'norikae_connections{state="resolved"} 2',
      'norikae_connections{state="not-established"} 1',
      'norikae_connection_bytes_per_second{state="resolved"} 110',
      'norikae_connection_bytes_per_second{state="not-established"} 1',
      'norikae_meter_connections 12',
      'norikae_meter_sampling 16',
      'norikae_meter_uncounted_ports 1',
      'norikae_meter_forgotten_total 3',
    ];
    assert.deepEqual(await samples(registry), expected);
    assert.deepEqual(await samples(registry), expected, 'counters are read again at each scrape');
  });

  it('are zero where only whole megaflows are placed', async () => {
    const registry = new Registry();
    registerConnectionMetrics(registry, undefined);
    assert.deepEqual(await samples(registry), ['norikae_meter_sampling 1']);
  });
});
