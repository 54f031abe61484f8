import { exact } from '../../../../adapters/emulator/megaflow.ts';
import type { PortInfo } from '../../../../engine/model/port.ts';
import { describeOffloadBackend } from '../../../contract/offload-backend.ts';
import type { OffloadBackendFixture } from '../../../contract/offload-backend-fixture.ts';
import { FakeFilterDevice } from './fake-filter-device.ts';
import { backendOn, MemoryJournal, portNamed, udpFlow } from './rig.ts';
import { steeredFixture } from './steered-fixture.ts';

describeOffloadBackend(
  'receive filters of a NIC, on a device in memory',
  async ({ entries, leaseMs }): Promise<OffloadBackendFixture> => {
    const device = new FakeFilterDevice({ places: entries });
    const journal = new MemoryJournal();
    const options = { entries, leaseMs };
    const ports = new Map<string, PortInfo>(
      ['p0', 'vm1', 'vm2'].map((name, n) => [name, portNamed(name, 10 + n)]),
    );
    let { backend, keeper } = await backendOn(device, journal, options);
    return {
      backend,
      ...steeredFixture(leaseMs),
      ports: () => new Map(ports),
      refused: [
        {
          what: 'a field that filters lack',
          flow: udpFlow(0, 'vm1', { fields: [exact('ip_ttl', 64)] }),
          code: 'unsupported-match',
        },
        {
          what: 'another input',
          flow: udpFlow(0, 'vm1', { inPort: 'vm2' }),
          code: 'unsupported-match',
        },
        {
          what: 'a change of the packet',
          flow: {
            ...udpFlow(0, 'vm1'),
            actions: [{ kind: 'pop-vlan' }, { kind: 'output', port: 'vm1' }],
          },
          code: 'unsupported-action',
        },
      ],
      removePort: async (name) => void ports.delete(name),
      recreatePort: async (name) => void ports.set(name, portNamed(name, 11, 'another')),
      restart: async () => {
        await keeper.close();
        ({ backend, keeper } = await backendOn(device, journal, options));
        return backend;
      },
      close: () => backend.close(),
    };
  },
  { traffic: false, portChanges: true, entriesLapse: true },
);
