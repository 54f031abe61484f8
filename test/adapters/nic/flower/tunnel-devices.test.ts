import assert from 'node:assert/strict';
import { byDevice } from '../../../../adapters/nic/core/tunnel-devices.ts';
import { canForbidFragments } from '../../../../adapters/nic/flower/forbid-fragments.ts';
import type { PortInfo } from '../../../../engine/model/port.ts';
import { FakeHost } from './support/fake-host.ts';

describe('the devices of tunnels', () => {
  const host = new FakeHost();
  host.addPort('vm1', 11);
  host.addPort('vx1', 20, { kind: 'other' });
  host.addPort('vx2', 20, { kind: 'other' });
  host.addPort('patch1', 0, { kind: 'other' });
  host.addPort('gone', 30, { kind: 'other' });

  const found = byDevice(
    host.snapshot(),
    (ifindex) => (ifindex === 20 ? 'vxlan_sys_4789' : undefined),
    (name) => (name === 'vm1' ? 11 : undefined),
  );
  const uuidOf = (port: PortInfo | undefined) => port?.uuid;

  it('stand for the first of their tunnels, under the name that flows have for them', () => {
    const device = found.get('vxlan_sys_4789');
    assert.equal(uuidOf(device), uuidOf(host.snapshot().get('vx1')));
    assert.equal(device?.name, 'vxlan_sys_4789');
    assert.equal(device?.ifindex, 20);
  });

  it('replace the tunnels; other ports stay, unless their device is gone', () => {
    assert.deepEqual([...found.keys()], ['vm1', 'vxlan_sys_4789', 'patch1']);
    assert.deepEqual(found.get('vm1'), host.snapshot().get('vm1'));
  });

  it('can set the flag DF from Linux 6.4 on', () => {
    const versions = ['5.18.0', '6.1.0-32-amd64', '6.3.9', '6.4.0', '6.12.95+deb12', '7.0'];
    assert.deepEqual(
      versions.map((version) => canForbidFragments(version)),
      [false, false, false, true, true, true],
    );
  });
});
