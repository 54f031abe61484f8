import { never } from './collect.ts';
import { describeAdoption } from './offload-backend-adoption.ts';
import { describeLease } from './offload-backend-lease.ts';
import { describeOperations } from './offload-backend-operations.ts';
import { describePorts } from './offload-backend-ports.ts';
import type {
  MakeOffloadBackendFixture,
  OffloadBackendManifest,
  OffloadBackendNeeds,
  WithBackend,
} from './offload-backend-fixture.ts';
import { describeTraffic } from './offload-backend-traffic.ts';

/** Long enough that lease and heartbeat do not affect tests of other features. */
const QUIET: OffloadBackendNeeds = { entries: 128, leaseMs: 60_000, heartbeatMs: 60_000 };

/** The contract of {@link OffloadBackend}, sentence by sentence. */
export function describeOffloadBackend(
  name: string,
  makeFixture: MakeOffloadBackendFixture,
  manifest: OffloadBackendManifest,
): void {
  describeSuite(name, manifest, () => {
    const withBackend = runnerOf(makeFixture);
    describeOperations(withBackend);
    if (manifest.traffic) {
      describeTraffic(withBackend);
      describeLease(withBackend, manifest);
    }
    if (manifest.portChanges) describePorts(withBackend, manifest);
    describeAdoption(withBackend, manifest);
  });
}

/** What the contract says about packets alone: for a backend that shares the rest with another one. */
export function describePacketsOfOffloadBackend(
  name: string,
  makeFixture: MakeOffloadBackendFixture,
  manifest: OffloadBackendManifest,
): void {
  describeSuite(name, manifest, () => describeTraffic(runnerOf(makeFixture)));
}

function describeSuite(name: string, manifest: OffloadBackendManifest, suite: () => void): void {
  describe(`OffloadBackend contract: ${name}`, function () {
    this.timeout(manifest.timeoutMs ?? 10_000);
    before(function () {
      manifest.before?.(this);
    });
    suite();
  });
}

/** Runs each test on a new fixture, started and with its lease renewed. */
function runnerOf(makeFixture: MakeOffloadBackendFixture): WithBackend {
  return (test, needs = {}) =>
    async function () {
      const fixture = await makeFixture({ ...QUIET, ...needs });
      try {
        await fixture.backend.start(fixture.ports(), never());
        await fixture.backend.renewLease(fixture.nowMs());
        await test(fixture, fixture.backend, this);
      } finally {
        await fixture.close();
      }
    };
}
