import assert from 'node:assert/strict';
import { needsConnections } from '../../../engine/connections/needs-connections.ts';
import { anyFrom, outputTo } from '../../support/flows.ts';

const opaque = (text: string) => [{ kind: 'opaque', text } as const, ...outputTo('uplink')];

describe('megaflows whose connections have rows', () => {
  for (const text of [
    'recirc(0x1)',
    'tnl_pop(genev_sys_6081)',
    'tnl_push(tnl_port(genev_sys_6081),header(size=50),out_port(br-phy))',
    'clone(tnl_push(tnl_port(genev_sys_6081)),uplink)',
    'set(tunnel(tun_id=0x1,dst=10.0.0.9,ttl=64,tp_dst=6081,flags(df|key)))',
  ]) {
    it(`have the action ${text}`, () => {
      assert.ok(needsConnections(anyFrom('vm1'), opaque(text)));
    });
  }

  it('match a tunnel', () => {
    const tunnel = { name: 'tunnel', text: 'tun_id=0x1' };
    assert.ok(
      needsConnections({ ...anyFrom('genev_sys_6081'), opaque: [tunnel] }, outputTo('vm1')),
    );
  });

  it('are not those that can be placed whole, or whose connections can have no entry', () => {
    assert.ok(!needsConnections(anyFrom('vm1'), outputTo('vm2')));
    assert.ok(!needsConnections(anyFrom('vm1'), opaque('userspace(pid=1)')));
  });
});
