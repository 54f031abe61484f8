import { monotonicMs } from '../../../async/monotonic.ts';
import { describeOffloadBackend } from '../../contract/offload-backend.ts';
import { sleep } from '../../../lab/testbed/wait.ts';
import { modelFlow, ModelRig } from './model-rig.ts';

const KINDS = [
  { name: '1.3 with bundles', version: 4, bundles: true },
  { name: '1.3 without bundles', version: 4, bundles: false },
  { name: '1.0', version: 1, bundles: false },
] as const;

for (const { name, version, bundles } of KINDS) {
  describeOffloadBackend(
    `OpenFlow on a model switch, ${name}`,
    async ({ entries, leaseMs }) => {
      const rig = await ModelRig.start(version, bundles);
      const make = () => rig.backend({ entries, leaseMs });
      let backend = make();
      const came = new Map<string | undefined, number>();
      const count = (port: string | undefined) => came.get(port) ?? 0;
      return {
        get backend() {
          return backend;
        },
        inPort: 'in',
        outPort: 'out',
        otherPort: 'other',
        ports: () => rig.ports(),
        flow: (n) => modelFlow(n),
        redirected: (n) => modelFlow(n, 'other'),
        refused: [
          {
            what: 'a port that nothing stands for',
            flow: modelFlow(150, 'slow'),
            code: 'port-unavailable',
          },
        ],
        frameBytes: 100,
        send: async ({ id }, packets) => {
          const port = rig.send(id.w3, packets);
          came.set(port, count(port) + packets);
        },
        received: async (port) => count(port),
        passed: async () => count('slow'),
        removePort: async (port) => rig.removePort(port),
        recreatePort: async (port) => rig.recreatePort(port),
        pass: (ms) => sleep(ms),
        nowMs: monotonicMs,
        passTime: () => sleep(5),
        expireLease: () => sleep(backend.capabilities().leaseMs + 50),
        passHeartbeat: () => Promise.resolve(),
        async restart() {
          await backend.close('keep');
          backend = make();
          return backend;
        },
        close: () => rig.close(),
      };
    },
    { traffic: true, portChanges: true, entriesLapse: true },
  );
}
