import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { OffloadBackendFixture } from '../../../contract/offload-backend-fixture.ts';
import { udpFlow } from './rig.ts';

/** What each fixture adds. */
type Own = 'backend' | 'ports' | 'refused' | 'removePort' | 'recreatePort' | 'restart' | 'close';

/** What fixtures of flows that a NIC in memory steers to VMs have in common: nobody sends packets. */
export function steeredFixture(leaseMs: number): Omit<OffloadBackendFixture, Own> {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    inPort: 'p0',
    outPort: 'vm1',
    otherPort: 'vm2',
    nowMs: monotonicMs,
    flow: (n) => udpFlow(n, 'vm1'),
    redirected: (n) => udpFlow(n, 'vm2'),
    frameBytes: 0,
    send: nothing,
    received: () => Promise.resolve(0),
    passed: () => Promise.resolve(0),
    pass: (ms) => sleep(ms),
    expireLease: () => sleep(leaseMs + 50),
    passTime: () => sleep(5),
    passHeartbeat: nothing,
  };
}
