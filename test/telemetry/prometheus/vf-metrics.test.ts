import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import type { VirtualFunctionState } from '../../../engine/ports/offload-backend.ts';
import { registerVfMetrics } from '../../../telemetry/prometheus/vf-metrics.ts';
import { FakeBackend } from '../../support/fake-backend.ts';

class BackendWithVfs extends FakeBackend {
  state: readonly VirtualFunctionState[] = [];

  virtualFunctions(): readonly VirtualFunctionState[] {
    return this.state;
  }
}

describe('metrics of virtual functions', () => {
  it('count them by state, and the flows that they carry', async () => {
    const registry = new Registry();
    const backend = new BackendWithVfs();
    registerVfMetrics(registry, [backend, new FakeBackend(1, 'fast-path')]);
    const samples = async (): Promise<readonly string[]> =>
      (await registry.metrics()).split('\n').filter((line) => line.startsWith('norikae_'));
    const all = (flows: number, open: number, closed: number): readonly string[] => [
      `norikae_virtual_function_flows{backend="fake"} ${flows}`,
      'norikae_virtual_function_flows{backend="fake fast path"} 0',
      `norikae_virtual_functions{backend="fake",state="open"} ${open}`,
      `norikae_virtual_functions{backend="fake",state="closed"} ${closed}`,
      'norikae_virtual_functions{backend="fake fast path",state="open"} 0',
      'norikae_virtual_functions{backend="fake fast path",state="closed"} 0',
    ];
    assert.deepEqual(await samples(), all(0, 0, 0));
    backend.state = [
      { port: 'vm1', vf: 0, isOpen: true, flows: 2 },
      { port: 'vm2', vf: 1, isOpen: false, flows: 0 },
      { port: 'vm3', vf: 2, isOpen: true, flows: 1 },
    ];
    assert.deepEqual(await samples(), all(3, 2, 1));
  });
});
