import assert from 'node:assert/strict';
import type { LimitOf } from '../../../adapters/ovs/bridge-traits.ts';
import { portsOf } from '../../../adapters/ovs/port-info.ts';
import type { PortInfo } from '../../../engine/model/port.ts';
import { Replica } from '../../../protocols/ovsdb/replica.ts';
import { interfaceRow, map, tables, uuid } from './ovsdb-tables.ts';

type Row = Readonly<Record<string, unknown>>;

const reference = ['uuid', uuid('x')];

/** Port p of bridge br0, with further rows. */
function port(more: Row = {}, limitOf?: LimitOf, ignoreExports?: boolean): PortInfo | undefined {
  const replica = new Replica();
  const { Bridge, Port, Interface } = tables([{ name: 'p', row: interfaceRow('p', {}) }]);
  assert.ok(replica.apply({ Bridge, Port, Interface }));
  assert.ok(replica.apply(more));
  return portsOf(replica, limitOf, ignoreExports).get('p');
}

/** An update of br0. */
function bridge(columns: Row): Row {
  const ports = ['set', [['uuid', uuid('Pp')]]];
  return { Bridge: { [uuid('br0')]: { new: { name: 'br0', ports, ...columns } } } };
}

describe('what a bridge requires', () => {
  it('is nothing by default', () => {
    assert.equal(port()?.exports, undefined);
    assert.equal(port()?.heartbeatLimit, undefined);
  });

  for (const [column, what] of [
    ['netflow', 'NetFlow'],
    ['sflow', 'sFlow'],
    ['ipfix', 'IPFIX'],
  ] as const) {
    it(`names ${what}, unless it is to be ignored`, () => {
      const rows = bridge({ [column]: reference });
      assert.equal(port(rows)?.exports, `${what} of bridge br0`);
      assert.equal(port(rows, undefined, true)?.exports, undefined);
      assert.equal(port(bridge({ [column]: ['set', []] }))?.exports, undefined);
    });
  }

  it('says whether Open vSwitch offloads flows itself', () => {
    const rows = (config: Record<string, string>) => ({
      Open_vSwitch: { [uuid('o')]: { new: { other_config: map(config) } } },
    });
    assert.equal(port()?.vswitchOffloads, undefined);
    assert.equal(port(rows({ 'hw-offload': 'false' }))?.vswitchOffloads, undefined);
    assert.equal(port(rows({ 'hw-offload': 'true' }))?.vswitchOffloads, true);
  });

  it('names samples of flows', () => {
    const set = { bridge: ['uuid', uuid('br0')], ipfix: reference };
    const rows = { Flow_Sample_Collector_Set: { s: { new: set } } };
    assert.match(port(rows)?.exports ?? '', /IPFIX of bridge br0/);
    const other = { ...set, bridge: ['uuid', uuid('br9')] };
    assert.equal(port({ Flow_Sample_Collector_Set: { s: { new: other } } })?.exports, undefined);
  });

  it('includes what the bridges behind patch ports require', () => {
    const patch = (name: string, peer: string) => ({
      Port: { [uuid(`P${name}`)]: { new: { interfaces: ['uuid', uuid(name)] } } },
      Interface: {
        [uuid(name)]: { new: interfaceRow(name, { type: 'patch', options: map({ peer }) }) },
      },
    });
    const [here, there] = [patch('a', 'b'), patch('b', 'a')];
    const uuids = (...names: readonly string[]) => ['set', names.map((n) => ['uuid', uuid(n)])];
    const far = { name: 'br1', ports: uuids('Pb'), netflow: reference };
    const rows = {
      Port: { ...here.Port, ...there.Port },
      Interface: { ...here.Interface, ...there.Interface },
      Bridge: {
        [uuid('br0')]: { new: { name: 'br0', ports: uuids('Pp', 'Pa') } },
        [uuid('br1')]: { new: far },
      },
    };
    const limits: LimitOf = (name) =>
      name === 'br1' ? { ms: 250, why: 'br1' } : { ms: 900, why: 'br0' };
    assert.equal(port(rows, limits)?.exports, 'NetFlow of bridge br1');
    assert.deepEqual(port(rows, limits)?.heartbeatLimit, { ms: 250, why: 'br1' });
  });

  it('follows the time after which megaflows idle out', () => {
    const idle = (value: string) => ({
      Open_vSwitch: { o: { new: { other_config: map({ 'max-idle': value }) } } },
    });
    assert.equal(port(idle('3000'))?.heartbeatLimit?.ms, 1_500);
    assert.equal(port(idle('3000'), () => ({ ms: 500, why: '' }))?.heartbeatLimit?.ms, 500);
    assert.equal(port(idle('soon'))?.heartbeatLimit, undefined);
  });

  it('has no limit where megaflows stay as long as by default, or longer', () => {
    const idle = (value: string) => ({
      Open_vSwitch: { o: { new: { other_config: map({ 'max-idle': value }) } } },
    });
    assert.equal(port(idle('9999'))?.heartbeatLimit?.ms, 4_999.5);
    for (const long of ['10000', '600000']) {
      assert.equal(port(idle(long))?.heartbeatLimit, undefined, long);
    }
  });
});
