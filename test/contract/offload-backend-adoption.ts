import assert from 'node:assert/strict';
import { aborted, carried, idText, installed, never } from './collect.ts';
import type { WithBackend } from './offload-backend-fixture.ts';
import type { OffloadBackendManifest } from './offload-backend-fixture.ts';
import { put, outcomesOf } from './offload-backend-operations.ts';
import { assertCarried, assertPassed, went } from './offload-backend-traffic.ts';

/** The end of a daemon, and adoption by the next one. */
export function describeAdoption(withBackend: WithBackend, manifest: OffloadBackendManifest): void {
  describe('end and restart', () => {
    it(
      'adopts the entries of a killed daemon without interruption',
      withBackend(async (f, backend, context) => {
        if (!backend.capabilities().survivesRestart) context.skip();
        await backend.apply([put(f.flow(0)), put(f.flow(1))], never());
        await backend.renewLease(f.nowMs());
        if (manifest.traffic) await went(f, f.flow(0), 1);
        await carried(backend);
        const next = await f.restart();
        if (manifest.traffic) assertCarried(await went(f, f.flow(0)));
        await next.start(f.ports(), never());
        await next.renewLease(f.nowMs());
        assert.deepEqual(await installed(next), [idText(f.flow(0)), idText(f.flow(1))].sort());
        assert.equal(next.capacity().used, 2);
        const results = outcomesOf(await next.apply([put(f.flow(0)), put(f.flow(2))], never()));
        assert.deepEqual(results, ['unchanged', 'installed']);
        if (!manifest.traffic) return;
        assertCarried(await went(f, f.flow(1)));
        await carried(next);
        const w = await went(f, f.flow(0));
        assert.equal((await carried(next)).get(idText(f.flow(0)))?.packets, w.out);
      }),
    );

    it(
      'does not adopt entries of ports that have gone in the meantime',
      withBackend(async (f, backend, context) => {
        if (!backend.capabilities().survivesRestart || !manifest.portChanges) context.skip();
        await backend.apply([put(f.flow(0)), put(f.redirected(1))], never());
        const next = await f.restart();
        await f.removePort(f.outPort);
        await f.recreatePort(f.outPort);
        await next.start(f.ports(), never());
        await next.renewLease(f.nowMs());
        assert.deepEqual(await installed(next), [idText(f.flow(1))]);
        if (manifest.traffic) assertPassed(await went(f, f.flow(0)));
      }),
    );

    it(
      'keeps entries and lease when closed with keep',
      withBackend(async (f, backend, context) => {
        if (!backend.capabilities().survivesRestart) context.skip();
        await backend.apply([put(f.flow(0))], never());
        await backend.renewLease(f.nowMs());
        await backend.close('keep');
        if (manifest.traffic) assertCarried(await went(f, f.flow(0)));
        const next = await f.restart();
        await next.start(f.ports(), never());
        assert.deepEqual(await installed(next), [idText(f.flow(0))]);
      }),
    );

    it(
      'removes everything when closed with withdraw',
      withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0))], never());
        await backend.close('withdraw');
        if (manifest.traffic) assertPassed(await went(f, f.flow(0)));
        const next = await f.restart();
        await next.start(f.ports(), never());
        assert.deepEqual(await installed(next), []);
      }),
    );

    it(
      'does not start when the signal is aborted',
      withBackend(async (f, backend) => {
        await backend.close('withdraw');
        const next = await f.restart();
        await assert.rejects(next.start(f.ports(), aborted()));
      }),
    );
  });
}
