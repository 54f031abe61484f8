import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTarget } from '../../../protocols/openflow/connection/target.ts';
import { BridgeMonitors } from '../../../adapters/openflow/bridge-monitors.ts';
import { FlowMonitor } from '../../../adapters/openflow/flow-monitor.ts';
import { RuleTimeouts } from '../../../adapters/openflow/rule-timeouts.ts';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import { FakePorts } from '../../support/fake-sources.ts';
import { needs } from '../../support/needs.ts';
import { ModelSwitch } from '../../protocols/openflow/support/model-switch.ts';
import { BRIDGE, RealSwitch } from './real-switch.ts';
import { eventually } from '../../support/eventually.ts';

const OURS = 0x4e4b_0000_0000_0001n;
const QUICK = { backoff: { minMs: 10, maxMs: 50 } };

for (const protocol of ['OpenFlow13', 'OpenFlow10'] as const) {
  describe(`a flow monitor on Open vSwitch, ${protocol}`, function () {
    this.timeout(30_000);
    let real: RealSwitch;
    let monitor: FlowMonitor;
    let notified: number;

    before(async function () {
      needs(this, 'root', 'netns', 'ovs');
      real = await RealSwitch.start(protocol);
    });
    beforeEach(async () => {
      await real.reset();
      monitor = new FlowMonitor({
        connection: { target: parseTarget(real.target), ...QUICK },
        isOurs: (cookie) => cookie === OURS,
      });
      notified = 0;
      monitor.subscribe(() => notified++);
      assert.ok(!monitor.active());
      assert.match(monitor.problem() ?? '', /not connected/);
      monitor.start();
      await eventually('active', () => monitor.active());
      assert.equal(monitor.problem(), undefined);
      assert.equal(notified, 0, 'what was there before is no change');
    });
    afterEach(() => monitor?.close());
    after(() => real?.stop());

    it('reports rules that are added, changed and deleted', async () => {
      const rule = 'priority=5,in_port=2';
      const steps = [
        ['add-flow', BRIDGE, `${rule},actions=drop`],
        ['--strict', 'mod-flows', BRIDGE, `${rule},actions=output:1`],
        ['--strict', 'del-flows', BRIDGE, rule],
      ];
      for (const [i, step] of steps.entries()) {
        await real.ofctl(...step);
        await eventually(`reports ${step.join(' ')}`, () => notified > i);
      }
    });

    it('does not report our own rules', async () => {
      const cookie = `cookie=0x${OURS.toString(16)}`;
      await real.ofctl('add-flow', BRIDGE, `${cookie},priority=6,in_port=2,actions=drop`);
      await real.ofctl('--strict', 'del-flows', BRIDGE, 'priority=6,in_port=2');
      await real.ofctl('add-flow', BRIDGE, 'priority=6,in_port=3,actions=drop');
      await eventually('reports the other', () => notified > 0);
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal(notified, 1);
    });

    it('learns the idle time-outs of rules, and a shorter one at once', async () => {
      await real.ofctl('add-flow', BRIDGE, 'priority=7,in_port=2,idle_timeout=60,actions=drop');
      await real.ofctl('add-flow', BRIDGE, 'priority=8,tcp,actions=fin_timeout(idle_timeout=40)');
      const timeouts = new RuleTimeouts({
        bridge: BRIDGE,
        assumedSeconds: undefined,
        onChange: () => undefined,
      });
      const connection = { target: parseTarget(real.target), ...QUICK };
      const learning = new FlowMonitor({ connection, isOurs: () => false, timeouts });
      try {
        learning.start();
        await eventually('read', () => timeouts.limit?.ms === 10_000);
        await real.ofctl('add-flow', BRIDGE, 'priority=9,in_port=2,idle_timeout=8,actions=drop');
        await eventually('the shorter one', () => timeouts.limit?.ms === 2_000, 500);
        const fin = 'priority=9,tcp,in_port=3,actions=fin_timeout(idle_timeout=4)';
        await real.ofctl('add-flow', BRIDGE, fin);
        await eventually('that of fin_timeout', () => timeouts.limit?.ms === 1_000, 500);
      } finally {
        await learning.close();
      }
    });

    it('reports a change after a reconnect, because changes may have been missed', async () => {
      await real.ovs.stopVswitchd();
      await eventually('noticed', () => !monitor.active());
      assert.notEqual(monitor.problem(), undefined);
      await real.ovs.startVswitchd();
      await eventually('active again', () => monitor.active(), 10_000);
      assert.ok(notified > 0);
    });
  });
}

describe('an unavailable flow monitor', () => {
  let folder: string;
  let model: ModelSwitch;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'norikae-monitor-'));
    model = new ModelSwitch({ version: 1, bundles: false, ports: [] });
    await model.listen(join(folder, 'br9.mgmt'));
  });
  afterEach(async () => {
    await model.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('reports the problem of each bridge, and follows added and removed bridges', async () => {
    const ports = new ListedPorts();
    const options = { runDir: folder, ports, isOurs: () => false, timeoutMs: 200 };
    const monitors = new BridgeMonitors(options);
    monitors.start();
    assert.equal(monitors.problem(), 'no bridge is known yet');
    ports.set('br9');
    await eventually('the refusal', () => /the switch reports/.test(monitors.problem() ?? ''));
    assert.ok(!monitors.active());
    ports.set('nowhere');
    await eventually('no such socket', () => /ENOENT/.test(monitors.problem() ?? ''));
    await monitors.close();
    assert.ok(!monitors.active());
  });
});

/** A directory with one port, on a bridge that a test names. */
class ListedPorts extends FakePorts {
  #listener: (ports: PortSnapshot) => void = () => undefined;

  override subscribe(listener: (ports: PortSnapshot) => void): () => void {
    this.#listener = listener;
    return super.subscribe(listener);
  }

  set(bridge: string): void {
    const none = {
      mac: undefined,
      vm: undefined,
      slice: undefined,
      linkBitsPerSecond: undefined,
      shaped: false,
      policed: false,
    };
    const port: PortInfo = { name: 'p', uuid: 'u', ifindex: 1, bridge, kind: 'vm', ...none };
    this.#listener(new Map([['p', port]]));
  }
}
