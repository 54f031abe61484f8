import { fieldIndex, FieldPool } from '../adapters/ovs/dump/field-pool.ts';
import type { FlowActions } from '../engine/model/action.ts';
import type { FlowSpec } from '../engine/model/flow.ts';
import type { FieldMatch, FieldName } from '../engine/model/match.ts';
import type { PortInfo, PortSnapshot } from '../engine/model/port.ts';
import type { Cleanup } from '../lab/testbed/cleanup.ts';
import { NameMaker } from '../lab/testbed/names.ts';
import { Namespace } from '../lab/testbed/namespace.ts';
import { createVethPort } from '../lab/testbed/veth.ts';

/** Distinct masks of the flows. */
export const MASKS = 8;

/** Two veth ports whose peers are in network namespaces. */
export async function twoPorts(cleanup: Cleanup): Promise<PortSnapshot> {
  const names = new NameMaker();
  const ports = new Map<string, PortInfo>();
  for (const last of ['01', '02']) {
    const vm = await Namespace.create(cleanup, names, 'b');
    const mac = `02:00:00:00:02:${last}`;
    const { name, ifindex } = await createVethPort(cleanup, {
      name: names.next('w'),
      vm,
      mac,
      addresses: [],
    });
    const unknown = {
      vm: undefined,
      slice: undefined,
      linkBitsPerSecond: undefined,
      shaped: false,
      policed: false,
    };
    ports.set(name, { name, uuid: name, ifindex, bridge: 'b', kind: 'vm', mac, ...unknown });
  }
  return ports;
}

/**
 * TCP flows between two ports, under {@link MASKS} masks. Equal fields are one object, as in the
 * flows that a dump is parsed to.
 */
export function manyFlows([inPort, outPort]: readonly string[], count: number): FlowSpec[] {
  const pool = new FieldPool();
  const exact = (field: FieldName, value: number) =>
    pool.exact(fieldIndex(field), Int32Array.of(value, 0, 0, 0));
  const destinations = Array.from({ length: MASKS }, (_, n): FieldMatch => {
    const mask = Uint8Array.of(255, 255, 0, n);
    return { field: 'ipv4_dst', value: Uint8Array.of(10, 1, 0, 0), mask };
  });
  const actions: FlowActions = [{ kind: 'output', port: outPort }];
  return Array.from({ length: count }, (_, n) => ({
    id: { w0: 0xbe7c, w1: 0, w2: 0, w3: n },
    match: {
      inPort,
      opaque: [],
      fields: [
        exact('eth_type', 0x0800),
        exact('ipv4_src', 0x0a00_0001 | ((n >> 16) << 8)),
        destinations[n % MASKS],
        exact('ip_proto', 6),
        exact('ip_frag', 0),
        exact('tcp_dst', n & 0xffff),
      ],
    },
    actions,
  }));
}
