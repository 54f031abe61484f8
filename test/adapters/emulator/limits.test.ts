import assert from 'node:assert/strict';
import type { CdfPoints } from '../../../adapters/emulator/distributions.ts';
import { UnknownPort } from '../../../adapters/emulator/node-ports.ts';
import { TooManyFlows } from '../../../adapters/emulator/simulation.ts';
import { never } from '../../contract/collect.ts';
import { flowBetween, quietNode } from './fixture.ts';
import {
  ONE_WORKLOAD,
  hostCpu,
  offloadBusiest,
  type Running,
  running,
  started,
} from './running.ts';

const ELEPHANTS: CdfPoints = [
  [10e6, 1],
  [100e6, 100],
];

describe('limits of the emulated node', function () {
  this.timeout(30_000);

  it('has a vSwitch that costs CPU for each packet, and less when flows are offloaded', async () => {
    const onload = await started(running({ load: 0.2, warmUpMs: 5_000 }));
    const offload = await started(running({ load: 0.2, warmUpMs: 5_000 }));
    await offloadBusiest(offload, 500);
    const before = await hostCpu(onload);
    const after = await hostCpu(offload);
    assert.ok(before > 0.05, `onload ${before}`);
    assert.ok(after < before * 0.7, `onload ${before}, offload ${after}`);
  });

  it('slows down when the vSwitch has no CPU left, and speeds up with the NIC', async () => {
    const options = { load: 0.6, vswitchCpus: 1, warmUpMs: 5_000 };
    const sent = ({ node, clock }: Running) => {
      const before = node.totals().sentBytes;
      clock.advance(1_000);
      return node.totals().sentBytes - before;
    };
    const onload = running(options);
    const offload = await started(running(options));
    await offloadBusiest(offload, 800);
    assert.ok((await hostCpu(onload)) < 1 / 8 + 0.02, 'one of eight CPUs, and the background');
    assert.ok(sent(offload) > 1.3 * sent(onload));
  });

  it('sends and receives no more than its ports and the node as a whole can', async () => {
    const elephants = { ...ONE_WORKLOAD, sizes: ELEPHANTS, transfersPerConnection: 1 };
    const r = running({ load: 3, workloads: [elephants], nsPerPacket: 1, warmUpMs: 2_000 });
    const read = async () => (await r.node.hostSource.read(['p0', 'p1'], never())).ports;
    const before = await read();
    r.clock.advance(1_000);
    const after = await read();
    const bits = (field: 'rxBytes' | 'txBytes') =>
      ['p0', 'p1'].map((p) => ((after.get(p)?.[field] ?? 0) - (before.get(p)?.[field] ?? 0)) * 8);
    const slack = 1.03;
    for (const rate of [...bits('rxBytes'), ...bits('txBytes')]) assert.ok(rate < 10e9 * slack);
    const [rx, tx] = [bits('rxBytes'), bits('txBytes')].map(([a, b]) => a + b);
    assert.ok(rx < 15.2e9 * slack && rx > 10e9, `received ${rx}`);
    assert.ok(tx < 11.3e9 * slack && tx > 8e9, `sent ${tx}`);
  });

  it('rejects connections instead of growing without bound', () => {
    const r = running({ maxFlows: 300 });
    r.clock.advance(5_000);
    assert.ok(r.node.traffic().rejected > 0);
  });

  it('refuses sent packets without a free row or a port', () => {
    const { node } = quietNode({ maxFlows: 1 });
    node.send(flowBetween('vm0', 'vm1', 0), 1);
    assert.throws(() => node.send(flowBetween('vm0', 'vm1', 1), 1), TooManyFlows);
    assert.throws(() => node.send(flowBetween('vm99', 'vm1', 0), 1), UnknownPort);
  });

  it('costs little CPU itself', () => {
    const r = running({ warmUpMs: 15_000 });
    r.node.totals();
    const costs = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage();
      r.clock.advance(1_000);
      r.node.totals();
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    });
    // About 12 ms on the machine it was written on; room for slower ones and for coverage.
    assert.ok(Math.min(...costs) < 60, `${costs.join(', ')} ms for a second`);
  });
});
