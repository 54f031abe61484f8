import assert from 'node:assert/strict';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import { idText, installed, never } from './collect.ts';
import type { PathBackendManifest, WithBackend } from './path-backend.ts';
import { put } from './path-backend-operations.ts';
import { assertCarried, assertPassed, went } from './path-backend-traffic.ts';

/** A port that goes away takes its entries along. */
export function describePorts(withBackend: WithBackend, manifest: PathBackendManifest): void {
  describe('ports', () => {
    it(
      'takes out every entry that names a port which is gone, and no other',
      withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0)), put(f.flow(1)), put(f.redirected(2))], never());
        await f.removePort(f.outPort);
        const out = await backend.portsChanged(f.ports());
        const expected = [idText(f.flow(0)), idText(f.flow(1))].sort();
        assert.deepEqual(out.map(formatFlowId).sort(), expected);
        assert.deepEqual(await installed(backend), [idText(f.flow(2))]);
        assert.equal(backend.capacity().used, 1);
        const support = backend.supports(f.flow(0));
        assert.ok(!support.ok && support.refusal.code === 'port-unavailable');
      }),
    );

    it(
      'takes out entries of a port that came back as another one',
      withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0)), put(f.redirected(1))], never());
        await f.removePort(f.outPort);
        await f.remakePort(f.outPort);
        const out = await backend.portsChanged(f.ports());
        assert.deepEqual(out.map(formatFlowId), [idText(f.flow(0))]);
        assert.deepEqual(await installed(backend), [idText(f.flow(1))]);
        if (manifest.traffic) assertPassed(await went(f, f.flow(0)));
        const [result] = await backend.apply([put(f.flow(0))], never());
        assert.ok(result.ok, 'the new port can be used');
        if (manifest.traffic) assertCarried(await went(f, f.flow(0)));
      }),
    );

    it(
      'takes out entries of an incoming port that is gone',
      withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0)), put(f.flow(1))], never());
        await f.removePort(f.inPort);
        assert.equal((await backend.portsChanged(f.ports())).length, 2);
        assert.deepEqual(await installed(backend), []);
      }),
    );

    it(
      'leaves entries alone while their ports are what they were',
      withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0))], never());
        assert.deepEqual(await backend.portsChanged(new Map(f.ports())), []);
        assert.deepEqual(await installed(backend), [idText(f.flow(0))]);
        if (manifest.traffic) assertCarried(await went(f, f.flow(0)));
      }),
    );
  });
}
