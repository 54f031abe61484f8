import { FilterKeeper } from '../../../../adapters/nic/ntuple/keeper/filter-keeper.ts';
import type { FilterJournal } from '../../../../adapters/nic/ntuple/keeper/journal.ts';
import { NtupleBackend } from '../../../../adapters/nic/ntuple/ntuple-backend.ts';
import type { NtupleOptions } from '../../../../adapters/nic/ntuple/options.ts';
import { exact, flowIdOf } from '../../../../adapters/emulator/megaflow.ts';
import type { FlowAction } from '../../../../engine/model/action.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { FieldMatch } from '../../../../engine/model/match.ts';
import type { PortInfo } from '../../../../engine/model/port.ts';
import type { ReceiveFilter } from '../../../../protocols/ethtool/receive-filter.ts';
import type { FakeFilterDevice } from './fake-filter-device.ts';

/** A journal in memory, which outlives its keeper. */
export class MemoryJournal implements FilterJournal {
  filters: ReceiveFilter[] = [];

  get size(): number {
    return this.filters.length;
  }

  async read(): Promise<readonly ReceiveFilter[]> {
    return this.filters;
  }

  async add(filter: ReceiveFilter): Promise<void> {
    this.filters.push(filter);
  }

  async rewrite(filters: Iterable<ReceiveFilter>): Promise<void> {
    this.filters = [...filters];
  }
}

export function portNamed(name: string, ifindex: number, uuid = `uuid-${name}`): PortInfo {
  return {
    name,
    uuid,
    ifindex,
    bridge: 'br0',
    kind: name === 'p0' ? 'uplink' : 'vm',
    mac: undefined,
    vm: undefined,
    slice: undefined,
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
  };
}

/** The n-th UDP flow from the uplink p0 to a port. */
export function udpFlow(
  n: number,
  outPort: string,
  { fields = [], inPort = 'p0' }: { fields?: readonly FieldMatch[]; inPort?: string } = {},
): FlowSpec {
  const match = {
    inPort,
    fields: [
      exact('eth_src', 0x0200_0000_0001),
      exact('eth_dst', 0x0200_0000_0002),
      exact('eth_type', 0x0800),
      exact('ipv4_src', 0x0a4d_0001),
      exact('ipv4_dst', 0x0a4e_0001),
      exact('ip_proto', 17),
      exact('ip_frag', 0),
      exact('udp_src', 1_000 + n),
      exact('udp_dst', 2_000),
      ...fields,
    ],
    opaque: [],
  };
  const actions: FlowAction[] = [{ kind: 'output', port: outPort }];
  return { id: flowIdOf(match), match, actions };
}

/** Ports vm1 and vm2 have virtual functions. */
export const TARGETS: ReadonlyMap<string, number> = new Map([
  ['vm1', 0],
  ['vm2', 1],
]);

/** A keeper and a backend, both not started, on a device. */
export async function backendOn(
  device: FakeFilterDevice,
  journal: FilterJournal,
  options: Partial<NtupleOptions> = {},
): Promise<{ backend: NtupleBackend; keeper: FilterKeeper }> {
  const keeper = new FilterKeeper({ name: 'p0', device, journal });
  const backend = new NtupleBackend(
    {
      uplink: 'p0',
      entries: 8_192,
      leaseMs: 60_000,
      addressesAreUnique: true,
      targetOf: ({ name }) => {
        const vf = TARGETS.get(name);
        return vf === undefined ? undefined : { vf, queue: 0 };
      },
      ...options,
    },
    { device, writer: keeper, log: () => {} },
  );
  return { backend, keeper };
}
