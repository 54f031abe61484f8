import assert from 'node:assert/strict';
import { exact } from '../../../../adapters/emulator/megaflow.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { keyText } from '../../../../protocols/ethtool/receive-filter.ts';
import { never } from '../../../contract/collect.ts';
import { outcomesOf, put } from '../../../contract/offload-backend-operations.ts';
import { FakeFilterDevice } from './fake-filter-device.ts';
import { backendOn, MemoryJournal, portNamed, udpFlow } from './rig.ts';

const PORTS = new Map(
  ['p0', 'vm1', 'vm2', 'vm3'].map((name, n) => [name, portNamed(name, 10 + n)]),
);

describe('refusals of receive filters', () => {
  /** Code and detail of the refusal of a flow, on a NIC with TCP and UDP over IPv4. */
  async function refusalOf(flow: FlowSpec, addressesAreUnique = true): Promise<string> {
    const device = new FakeFilterDevice({ places: 64 });
    const { backend } = await backendOn(device, new MemoryJournal(), { addressesAreUnique });
    await backend.start(PORTS, never());
    assert.equal(device.filters.size, 0, 'filters of the discovery');
    const support = backend.supports(flow);
    await backend.close();
    return support.ok ? 'supported' : `${support.refusal.code}: ${support.refusal.detail}`;
  }

  /** A flow with other fields than those of `udpFlow`. */
  function withFields(...fields: FlowSpec['match']['fields']): FlowSpec {
    const flow = udpFlow(0, 'vm1');
    return { ...flow, match: { ...flow.match, fields } };
  }

  const IPV4 = exact('eth_type', 0x0800);
  const UDP = exact('ip_proto', 17);
  const LOCAL = [exact('ipv4_dst', 0x0a4e_0001), exact('udp_dst', 2_000)];

  it('name the option that allows filters without MAC addresses', async () => {
    assert.equal(await refusalOf(udpFlow(0, 'vm1')), 'supported');
    assert.match(
      await refusalOf(udpFlow(0, 'vm1'), false),
      /unsupported-match: .*addressesAreUnique/,
    );
  });

  it('follow the keys that the device accepts', async () => {
    assert.equal(await refusalOf(withFields(IPV4, UDP, ...LOCAL)), 'supported');
    assert.match(
      await refusalOf(
        withFields(IPV4, exact('ip_proto', 132), exact('ipv4_dst', 1), exact('sctp_dst', 9)),
      ),
      /unsupported-match: p0 has no filters for sctp4 wild/,
    );
  });

  it('concern flows that are wider or narrower than a filter', async () => {
    for (const [fields, word] of [
      [[IPV4], 'TCP, UDP or SCTP'],
      [[IPV4, UDP], 'these fields'],
      [[IPV4, UDP, exact('ipv4_dst', 1)], 'these fields'],
      [[IPV4, UDP, ...LOCAL, exact('ipv4_src', 1)], 'these fields'],
      [[IPV4, UDP, ...LOCAL, exact('ip_frag', 2)], 'ip_frag'],
      [[IPV4, UDP, ...LOCAL, exact('ip_tos', 0)], 'ip_tos'],
      [[IPV4, UDP, ...LOCAL, exact('vlan_vid', 7)], 'vlan_vid'],
      [
        [
          IPV4,
          UDP,
          exact('udp_dst', 2_000),
          {
            field: 'ipv4_dst',
            value: new Uint8Array([10, 0, 0, 0]),
            mask: new Uint8Array([255, 0, 0, 0]),
          },
        ],
        'a part of ipv4_dst',
      ],
    ] as const) {
      const refusal = await refusalOf(withFields(...fields));
      assert.ok(refusal.startsWith('unsupported-match: ') && refusal.includes(word), refusal);
    }
  });

  it('concern ports without a virtual function', async () => {
    assert.match(await refusalOf(udpFlow(0, 'vm3')), /^port-unavailable: port vm3 has no virtual/);
  });

  it('of a crowded key and of a full table differ; a delete makes room', async () => {
    const device = new FakeFilterDevice({ places: 2 });
    const { backend } = await backendOn(device, new MemoryJournal());
    await backend.start(PORTS, never());
    await backend.renewLease(monotonicMs());
    const [first, crowded, third, fourth] = [0, 1, 2, 3].map((n) => udpFlow(n, 'vm1'));
    const probe = await backendOn(new FakeFilterDevice({ places: 2 }), new MemoryJournal());
    await probe.backend.start(PORTS, never());
    await backend.apply([put(crowded)], never());
    const [{ key }] = device.filters.values();
    await backend.apply([{ kind: 'delete', id: crowded.id }], never());
    device.crowded.add(keyText(key));
    const results = await backend.apply([first, crowded, third, fourth].map(put), never());
    assert.deepEqual(outcomesOf(results), ['installed', 'probe-depth', 'installed', 'table-full']);
    const again = await backend.apply([{ kind: 'delete', id: first.id }, put(fourth)], never());
    assert.deepEqual(outcomesOf(again), ['deleted', 'installed']);
    await backend.close();
  });

  it('let one flow have a key; another with other MAC addresses gets it afterwards', async () => {
    const device = new FakeFilterDevice({ places: 8 });
    const { backend } = await backendOn(device, new MemoryJournal());
    await backend.start(PORTS, never());
    await backend.renewLease(monotonicMs());
    const first = withFields(IPV4, UDP, ...LOCAL, exact('eth_src', 1));
    const second = {
      ...withFields(IPV4, UDP, ...LOCAL, exact('eth_src', 2)),
      id: { w0: 1, w1: 2, w2: 3, w3: 4 },
    };
    const results = await backend.apply([put(first), put(second)], never());
    assert.deepEqual(outcomesOf(results), ['installed', 'device-error']);
    const again = await backend.apply([{ kind: 'delete', id: first.id }, put(second)], never());
    assert.deepEqual(outcomesOf(again), ['deleted', 'installed']);
    await backend.close();
  });

  it('report no traffic, and say so', async () => {
    const { backend } = await backendOn(new FakeFilterDevice({ places: 8 }), new MemoryJournal());
    await backend.start(PORTS, never());
    assert.equal(backend.capabilities().countsTraffic, false);
    await backend.close();
  });
});
