import assert from 'node:assert/strict';
import { Scarcity } from '../../../engine/forecast/scarcity.ts';
import type { NodeState } from '../../../engine/model/tick.ts';
import { portInfo } from '../../policy/fixture.ts';

const PORTS = new Map([
  ['p0', portInfo({ name: 'p0', kind: 'uplink', linkBitsPerSecond: 10e9 })],
  ['vm1', portInfo({ name: 'vm1', linkBitsPerSecond: 1e9 })],
]);

function node(hostCpu: number | undefined, p0: number, vm1 = 0): NodeState {
  const load = (bits: number) => ({ rxBitsPerSecond: bits, txBitsPerSecond: 0 });
  return {
    hostCpu,
    portLoad: new Map([
      ['p0', load(p0)],
      ['vm1', load(vm1)],
    ]),
  };
}

function shareOf(state: NodeState): number {
  const scarcity = new Scarcity();
  scarcity.update(state, PORTS, 0);
  return scarcity.bitShare;
}

describe('scarcity', () => {
  it('favours packets when CPU time is scarce, and bits when a NIC port is full', () => {
    assert.ok(shareOf(node(0.9, 1e9)) < 0.05);
    assert.ok(shareOf(node(0.1, 9.5e9)) > 0.9);
    assert.ok(Math.abs(shareOf(node(0.5, 5e9)) - 0.5) < 1e-9);
  });

  it('considers NIC ports only, and treats unknown loads as low', () => {
    assert.equal(shareOf(node(0.5, 0, 1e9)), 0);
    assert.ok(shareOf(node(undefined, 9e9)) > 0.9);
    assert.equal(new Scarcity().bitShare, 0);
  });

  it('does not favour bits on a node that is short of nothing', () => {
    assert.ok(shareOf(node(0, 0.1e9)) < 0.05, '1 % of a link, and idle CPUs');
    assert.ok(shareOf(node(undefined, 0.1e9)) < 0.05);
  });

  it('counts a NIC port that is full of sent bits', () => {
    const sent: NodeState = {
      hostCpu: 0.1,
      portLoad: new Map([['p0', { rxBitsPerSecond: 0, txBitsPerSecond: 9.5e9 }]]),
    };
    assert.equal(shareOf(sent), shareOf(node(0.1, 9.5e9)));
    assert.ok(shareOf(sent) > 0.9);
  });

  it('follows the load slowly', () => {
    const scarcity = new Scarcity();
    scarcity.update(node(0.9, 0), PORTS, 0);
    scarcity.update(node(0.05, 10e9), PORTS, 250);
    assert.ok(scarcity.bitShare < 0.05);
    scarcity.update(node(0.05, 10e9), PORTS, 60_000);
    assert.ok(scarcity.bitShare > 0.9);
  });
});
