import { exact } from '../../../../adapters/emulator/megaflow.ts';
import { describeOffloadBackend } from '../../../contract/offload-backend.ts';
import type { OffloadBackendFixture } from '../../../contract/offload-backend-fixture.ts';
import { portNamed, udpFlow } from '../ntuple/rig.ts';
import { steeredFixture } from '../ntuple/steered-fixture.ts';
import { VfRig, vmNumbered } from './rig.ts';

describeOffloadBackend(
  'virtual functions of a NIC in memory, with the real agent',
  async ({ entries, leaseMs }): Promise<OffloadBackendFixture> => {
    const create = async (): Promise<VfRig> => {
      const vms = [1, 2].map((n) =>
        vmNumbered(n, { trustGuest: true, vfMac: `02:00:00:00:0f:0${n}` }),
      );
      const rig = new VfRig({ steering: 'ntuple', entries, leaseMs, vms });
      for (const { guest, vfMac } of vms) await rig.connect(guest, vfMac);
      return rig;
    };
    let rig = await create();
    const { ports } = rig;
    return {
      backend: rig.backend,
      ...steeredFixture(leaseMs),
      ports: () => new Map(ports),
      refused: [
        {
          what: 'a way between two VMs',
          flow: udpFlow(0, 'vm1', { inPort: 'vm2' }),
          code: 'unsupported-match',
        },
        {
          what: 'a VLAN that the virtual function does not have',
          flow: udpFlow(0, 'vm1', { fields: [exact('vlan_vid', 7)] }),
          code: 'unsupported-match',
        },
        {
          what: 'a change of the packet',
          flow: {
            ...udpFlow(0, 'vm1'),
            actions: [
              { kind: 'push-vlan', tpid: 0x8100, vid: 7, pcp: 0 },
              { kind: 'output', port: 'vm1' },
            ],
          },
          code: 'unsupported-match',
        },
      ],
      removePort: async (name) => void ports.delete(name),
      recreatePort: async (name) => {
        ports.set(name, { ...portNamed(name, 11, 'another'), mac: rig.guestMac });
      },
      restart: async () => {
        rig = await create();
        return rig.backend;
      },
      close: () => rig.backend.close(),
    };
  },
  { traffic: false, portChanges: true, entriesLapse: true },
);
