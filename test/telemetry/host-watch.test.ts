import assert from 'node:assert/strict';
import { HostWatch } from '../../telemetry/host-watch.ts';
import { NodeMeter } from '../../telemetry/node-meter.ts';
import { eventually } from '../support/eventually.ts';
import { FakeHost, FakePorts } from '../support/fake-sources.ts';
import { ManualClock } from '../support/manual-clock.ts';

function sample(total: number, idle: number, guest: number, rxBytes: number) {
  const counters = { rxBytes, txBytes: 0, rxPackets: 0, txPackets: 0 };
  return { cpu: { total, idle, guest }, ports: new Map([['p0', counters]]) };
}

describe('node meter', () => {
  it('computes host CPU as 1 - idle - guest, and port load in bits/s', () => {
    const meter = new NodeMeter();
    meter.addSample(sample(0, 0, 0, 0), 0);
    assert.equal(meter.state.hostCpu, undefined);
    meter.addSample(sample(200, 100, 40, 1_250_000), 1000);
    assert.ok(Math.abs((meter.state.hostCpu ?? 0) - 0.3) < 1e-9);
    assert.equal(meter.state.portLoad.get('p0')?.rxBitsPerSecond, 10_000_000);
  });

  it('leaves out a port whose counters decreased: it is another device', () => {
    const meter = new NodeMeter();
    meter.addSample(sample(0, 0, 0, 500), 0);
    meter.addSample(sample(100, 50, 0, 10), 1000);
    assert.equal(meter.state.portLoad.has('p0'), false);
  });
});

describe('host watch', () => {
  it('continues after failures and time-outs, and reports its status', async () => {
    const host = new FakeHost();
    const clock = new ManualClock();
    const hostWatch = new HostWatch({
      host,
      ports: new FakePorts(),
      clock,
      periodMs: 2,
      timeoutMs: 5,
    });
    const subscription = hostWatch.watch().subscribe();
    // The clock stands still: the status changes with the result of a reading alone.
    const isFresh = () => hostWatch.status(clock.now()).fresh;
    try {
      await eventually('a reading', isFresh);
      for (const fault of ['fail', 'hang'] as const) {
        host.fault = fault;
        await eventually(`not fresh: ${fault}`, () => !isFresh());
        host.fault = 'none';
        await eventually(`fresh after ${fault}`, isFresh);
      }
    } finally {
      subscription.unsubscribe();
    }
  });
});
