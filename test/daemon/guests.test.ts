import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { LINK_STATES } from '../../adapters/guest/guest-link.ts';
import { monotonicMs } from '../../async/monotonic.ts';
import { ConfigError } from '../../config/config-error.ts';
import { parseConfig } from '../../config/load-config.ts';
import { guestCounts, guestView } from '../../daemon/guest-view.ts';
import { createNode } from '../../daemon/node.ts';
import { FAILURE_REASONS } from '../../protocols/guest-channel/host/errors.ts';
import { registerGuestMetrics } from '../../telemetry/prometheus/guest-metrics.ts';
import { SocketGuest } from '../adapters/guest/socket-guest.ts';
import { eventually } from '../support/eventually.ts';
import { recordingLog } from '../support/quiet-log.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const configOf = (guests: string) =>
  parseConfig(
    `{"node": {"adapter": "ovs", "ovs": {"flowMonitor": false}}, "backend": {"adapter": "none"}, "policies": ["p.json"]${guests}}`,
    '/etc/norikae/norikae.json',
  );

describe('guests of the daemon', () => {
  it('have channels only if they are configured', async () => {
    assert.equal(configOf('').guests, undefined);
    const node = createNode(configOf(''), { now: monotonicMs }, recordingLog().log);
    assert.equal(node.guests, undefined);
    await node.close();
  });

  it('have a folder and a time for replies', () => {
    const { guests } = configOf(', "guests": {}');
    assert.deepEqual(guests, { directory: '/run/norikae-guests', replyTimeoutMs: 5_000 });
    const other = configOf(', "guests": {"directory": "vms", "replyTimeoutMs": 900}');
    assert.deepEqual(other.guests, { directory: '/etc/norikae/vms', replyTimeoutMs: 900 });
    assert.throws(() => configOf(', "guests": {"replyTimeoutMs": 10}'), ConfigError);
  });

  it('are shown in the status and the metrics', async () => {
    const folder = temporaryFolder();
    const { log, lines } = recordingLog();
    const config = configOf(`, "guests": {"directory": ${JSON.stringify(folder.path)}}`);
    const node = createNode(config, { now: monotonicMs }, log);
    const { guests } = node;
    assert(guests !== undefined);
    const registry = new Registry();
    registerGuestMetrics(registry, LINK_STATES, FAILURE_REASONS, guests);
    const guest = await SocketGuest.listen(join(folder.path, 'vm1.sock'));
    await guests.start();
    await eventually('session', () => guests.find('vm1') !== undefined);
    await guests.find('vm1')?.renew(monotonicMs() + 60_000);
    assert.deepEqual(guests.status().map(guestView), [
      {
        guest: 'vm1',
        state: 'connected',
        agent: '1.0.0',
        hasLease: true,
        isLeaving: false,
        ended: {},
        problem: null,
      },
    ]);
    assert.deepEqual(guestCounts(node), { connected: 1, leases: 1 });
    assert.deepEqual(
      lines.map(({ msg }) => msg),
      ['guest vm1: connected to agent 1.0.0'],
    );
    const text = await registry.metrics();
    assert.match(text, /^norikae_guest_channels\{state="connected"\} 1$/m);
    assert.match(text, /^norikae_guest_channels\{state="unreachable"\} 0$/m);
    assert.match(text, /^norikae_guest_leases 1$/m);
    assert.match(text, /^norikae_guest_connections_ended_total\{reason="violation"\} 0$/m);
    guest.model.pair.guest.send('garbage\n');
    await eventually('ended', () => guests.status()[0]?.ended.get('violation') === 1);
    const after = await registry.metrics();
    assert.match(after, /^norikae_guest_connections_ended_total\{reason="violation"\} 1$/m);
    assert.match(String(guests.status().map(guestView)[0]?.problem), /expected a JSON object/);
    await guest.close();
    await eventually('forgotten', () => guests.status().length === 0);
    const later = await registry.metrics();
    assert.match(later, /^norikae_guest_connections_ended_total\{reason="violation"\} 1$/m);
    await node.close();
    folder.remove();
  });
});
