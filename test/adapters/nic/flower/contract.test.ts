import { setTimeout as sleep } from 'node:timers/promises';
import type { RulesIn } from '../../../../adapters/nic/flower/options.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import { describeOffloadBackend } from '../../../contract/offload-backend.ts';
import type {
  OffloadBackendFixture,
  OffloadBackendNeeds,
} from '../../../contract/offload-backend-fixture.ts';
import { fakeFlow } from './support/fake-flow.ts';
import { FakeHost } from './support/fake-host.ts';

const IFINDEX = { in: 11, out: 12, other: 13 } as const;

/** The fixture of the contract over tc in memory, without packets. */
function fakeFixture(rulesIn: RulesIn, asked: OffloadBackendNeeds): Promise<OffloadBackendFixture> {
  const host = new FakeHost();
  for (const [name, ifindex] of Object.entries(IFINDEX)) host.addPort(name, ifindex);
  const heartbeatMs = rulesIn === 'hardware' ? 0 : asked.heartbeatMs;
  const make = () => host.backend(rulesIn, { ...asked, heartbeatMs });
  let backend = make();
  return Promise.resolve({
    get backend() {
      return backend;
    },
    inPort: 'in',
    outPort: 'out',
    otherPort: 'other',
    ports: () => host.snapshot(),
    flow: (n) => fakeFlow(n, 'out'),
    redirected: (n) => fakeFlow(n, 'other'),
    refused: [],
    frameBytes: 0,
    send: () => Promise.resolve(),
    received: () => Promise.resolve(0),
    passed: () => Promise.resolve(0),
    removePort: (name) => Promise.resolve(host.removePort(name)),
    recreatePort: (name) => {
      host.addPort(name, name === 'in' ? IFINDEX.in : name === 'out' ? IFINDEX.out : IFINDEX.other);
      return Promise.resolve();
    },
    pass: (ms) => sleep(ms),
    nowMs: monotonicMs,
    passTime: () => sleep(2),
    expireLease: () => sleep(asked.leaseMs + 5),
    passHeartbeat: () => sleep(asked.heartbeatMs),
    async restart() {
      await backend.close('keep');
      backend = make();
      return backend;
    },
    close: () => backend.close('withdraw'),
  });
}

for (const rulesIn of ['software', 'hardware'] as const) {
  describeOffloadBackend(
    `flower in ${rulesIn}, tc in memory`,
    (asked) => fakeFixture(rulesIn, asked),
    {
      traffic: false,
      portChanges: true,
      entriesLapse: rulesIn === 'hardware',
    },
  );
}
