import assert from 'node:assert/strict';
import { ConfigError } from '../../config/config-error.ts';
import { parseConfig } from '../../config/load-config.ts';

function textOf(node: string, backend: string): string {
  const parts = [`"node": {"adapter": "${node}"}`, `"backend": {"adapter": "${backend}"}`];
  return `{${parts.join(', ')}, "connections": {}, "policies": ["p.json"]}`;
}

function problemsOf(node: string, backend: string): readonly string[] {
  try {
    parseConfig(textOf(node, backend), '/etc/norikae/norikae.json');
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({ message }) => message);
  }
  return [];
}

describe('configuration of connections', () => {
  it('has bounds by default', () => {
    const { connections } = parseConfig(textOf('ovs', 'auto'), '/etc/norikae/norikae.json');
    assert.deepEqual(connections, { max: 65_536, idleMs: 30_000, counted: 262_144 });
  });

  it('needs Open vSwitch, and a backend at XDP or tc ingress', () => {
    for (const backend of ['auto', 'xdp', 'tcx', 'cls_bpf', 'none']) {
      assert.deepEqual(problemsOf('ovs', backend), [], backend);
    }
    assert.match(problemsOf('ovs', 'flower').join(), /not "flower"/);
    assert.match(problemsOf('emulator', 'emulator').join(), /needs "node.adapter": "ovs"/);
  });
});
