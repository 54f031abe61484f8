import assert from 'node:assert/strict';
import { ConfigError } from '../../config/config-error.ts';
import { parseConfig } from '../../config/load-config.ts';

const FILE = '/etc/norikae/norikae.json';
const PORTS = { uplink: 'up', slow: 'slow', fast: 'fast', vswitch: 'trunk', vms: ['vm1'] };

function textOf(fastPath: unknown, adapter = 'ovs'): string {
  return JSON.stringify({ node: { adapter }, policies: ['p.json'], fastPath });
}

function problemsOf(fastPath: unknown, adapter = 'ovs'): string {
  try {
    parseConfig(textOf(fastPath, adapter), FILE);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map((p) => p.message).join('\n');
  }
  return '';
}

describe('configuration of the fast path', () => {
  const good = { adapter: 'openflow', connect: 'tcp:10.0.0.1', ports: PORTS };

  it('has defaults', () => {
    const { fastPath, node } = parseConfig(textOf(good), FILE);
    assert.equal(fastPath?.version, '1.3');
    assert.equal(fastPath.leaseMs, 3_000);
    assert.equal(fastPath.priority, 40_000);
    assert.match(fastPath.journal, /^\/.*fast-path\.rules$/);
    assert.equal(node.ovs.flowMonitor, true);
    assert.equal(
      parseConfig('{"node":{"adapter":"ovs"},"policies":["p"]}', FILE).fastPath,
      undefined,
    );
  });

  for (const [what, fastPath, expected] of [
    ['neither way to the switch', { adapter: 'openflow', ports: PORTS }, /"connect" or "listen"/],
    ['both ways', { ...good, listen: 'ptcp:' }, /only one of them/],
    ['a malformed target', { ...good, connect: 'http://a' }, /is not an OpenFlow target/],
    ['listening in place of connecting', { ...good, connect: 'ptcp:6653' }, /begin with unix:/],
    ['TLS without files', { ...good, connect: 'ssl:10.0.0.1' }, /set "fastPath\.tls"/],
    [
      'a bridge of the vSwitch itself',
      { ...good, connect: 'unix:/var/run/openvswitch/br0.mgmt' },
      /needs a separate switch/,
    ],
    [
      'two ports that are one',
      { ...good, ports: { ...PORTS, fast: 'slow' } },
      /three different ports/,
    ],
    ['a lease of nothing', { ...good, leaseMs: 1 }, /leaseMs/],
    ['a missing port', { ...good, ports: { ...PORTS, fast: undefined } }, /lacks the key "fast"/],
    ['an unknown key', { ...good, prority: 5 }, /did you mean "priority"/],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.match(problemsOf(fastPath), expected);
    });
  }

  it('requires a real vSwitch', () => {
    assert.match(problemsOf(good, 'emulator'), /needs node "ovs"/);
  });
});
