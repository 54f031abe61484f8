import assert from 'node:assert/strict';
import type { OffloadBackend } from '../../engine/ports/offload-backend.ts';
import { carried, idText, installed, never } from './collect.ts';
import type { OffloadBackendFixture, WithBackend } from './offload-backend-fixture.ts';
import type { OffloadBackendManifest } from './offload-backend-fixture.ts';
import { put } from './offload-backend-operations.ts';
import { assertCarried, assertPassed, went } from './offload-backend-traffic.ts';

/** Short, because tests wait for its end. */
const LEASE_MS = 500;
const ATTEMPTS = 10;

/**
 * Renews the lease and checks that flow 0 is carried. On a busy machine sending can outlast the
 * lease; that shows nothing, and is repeated.
 */
async function assertCarriedOnceRenewed(
  f: OffloadBackendFixture,
  backend: OffloadBackend,
): Promise<void> {
  // Without another renewal, a backend may end the lease as early as this.
  const { leaseMs, verifyWithinMs = leaseMs } = backend.capabilities();
  const heldMs = Math.min(leaseMs, verifyWithinMs);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const renewedAtMs = f.nowMs();
    assert.equal(await backend.renewLease(renewedAtMs), 'renewed');
    const w = await went(f, f.flow(0));
    if (f.nowMs() - renewedAtMs < heldMs) {
      assertCarried(w);
      return;
    }
  }
  assert.fail(`sending takes longer than ${heldMs} ms, for which a lease is held`);
}

/** The dead man and the heartbeat. */
export function describeLease(withBackend: WithBackend, manifest: OffloadBackendManifest): void {
  describe('lease', () => {
    it(
      'passes everything to the vSwitch once expired, and carries again once renewed',
      withBackend(
        async (f, backend) => {
          await backend.apply([put(f.flow(0)), put(f.flow(1))], never());
          await assertCarriedOnceRenewed(f, backend);
          await f.expireLease();
          assertPassed(await went(f, f.flow(0)));
          assertPassed(await went(f, f.flow(1)));
          if (manifest.entriesLapse !== true) {
            assert.equal((await installed(backend)).length, 2, 'the entries stay');
          }
          await backend.renewLease(f.nowMs());
          assert.equal((await installed(backend)).length, 2, 'entries of the renewed lease');
          await assertCarriedOnceRenewed(f, backend);
        },
        { leaseMs: LEASE_MS },
      ),
    );

    it(
      'ends a lease after the verification, however late it is renewed',
      withBackend(
        async (f, backend) => {
          const verifiedAtMs = f.nowMs();
          await backend.apply([put(f.flow(0))], never());
          await backend.renewLease(verifiedAtMs);
          await f.expireLease();
          // As a process that was stopped between check and renewal.
          assert.equal(await backend.renewLease(verifiedAtMs), 'late');
          assertPassed(await went(f, f.flow(0)));
          await assertCarriedOnceRenewed(f, backend);
        },
        { leaseMs: LEASE_MS },
      ),
    );

    it(
      'renews nothing after the end of a lease without a verification since then',
      withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0))], never());
        const before = f.nowMs();
        await f.passTime();
        await backend.endLease();
        assertPassed(await went(f, f.flow(0)));
        assert.equal(await backend.renewLease(before), 'late', 'young, but from before the end');
        assertPassed(await went(f, f.flow(0)));
        await f.passTime();
        assert.equal(await backend.renewLease(f.nowMs()), 'renewed');
        assertCarried(await went(f, f.flow(0)));
      }),
    );
  });

  describe('heartbeat', () => {
    it(
      'passes one packet of a flow within the limit',
      withBackend(
        async (f, backend, context) => {
          const { heartbeatMs } = backend.capabilities();
          if (heartbeatMs === 0) context.skip();
          await backend.apply([put(f.flow(0))], never());
          await went(f, f.flow(0), 1);
          await carried(backend);
          for (let beat = 0; beat < 3; beat++) {
            await f.passHeartbeat();
            await backend.renewLease(f.nowMs());
            const started = performance.now();
            const w = await went(f, f.flow(0));
            // Another one comes due when sending takes that long.
            const most = 1 + Math.ceil((performance.now() - started) / heartbeatMs);
            assert.equal(w.out + w.vswitch, 20);
            assert.ok(w.vswitch >= 1 && w.vswitch <= most, `${w.vswitch} passed, at most ${most}`);
            const sum = (await carried(backend)).get(idText(f.flow(0)));
            assert.equal(sum?.packets, w.out, 'a heartbeat is not counted as carried');
          }
        },
        { heartbeatMs: 300 },
      ),
    );

    it(
      'passes one packet of each flow, not one of all flows',
      withBackend(
        async (f, backend, context) => {
          if (backend.capabilities().heartbeatMs === 0) context.skip();
          await backend.apply([put(f.flow(0)), put(f.flow(1))], never());
          await went(f, f.flow(0), 1);
          await went(f, f.flow(1), 1);
          await f.passHeartbeat();
          await backend.renewLease(f.nowMs());
          assert.ok((await went(f, f.flow(0))).vswitch >= 1);
          assert.ok((await went(f, f.flow(1))).vswitch >= 1);
        },
        { heartbeatMs: 300 },
      ),
    );
  });
}
