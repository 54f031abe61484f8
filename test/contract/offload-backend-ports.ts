import assert from 'node:assert/strict';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import { idText, installed, never } from './collect.ts';
import type { WithBackend } from './offload-backend-fixture.ts';
import type { OffloadBackendManifest } from './offload-backend-fixture.ts';
import { put } from './offload-backend-operations.ts';
import { assertCarried, assertPassed, went } from './offload-backend-traffic.ts';

/** A port that goes away takes its entries along. */
export function describePorts(withBackend: WithBackend, manifest: OffloadBackendManifest): void {
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
        await f.recreatePort(f.outPort);
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

    for (const limit of ['shaped', 'policed'] as const) {
      it(
        `leaves flows whose port is ${limit} to the vSwitch, and says so`,
        withBackend(async (f, backend) => {
          const flow = f.flow(0);
          await backend.apply([put(flow)], never());
          const limited = limit === 'shaped' ? f.outPort : f.inPort;
          const out = await backend.portsChanged(limitedTo(f.ports(), limited, limit));
          assert.deepEqual(out.map(formatFlowId), [idText(flow)]);
          assert.deepEqual(await installed(backend), []);
          if (manifest.traffic) assertPassed(await went(f, flow));
          const code = limit === 'shaped' ? 'unsupported-action' : 'unsupported-match';
          const support = backend.supports(flow);
          assert.ok(!support.ok && support.refusal.code === code);
          assert.ok(support.refusal.detail.includes(limited), support.refusal.detail);
          const [refused] = await backend.apply([put(flow)], never());
          assert.ok(!refused.ok && refused.refusal.code === code);

          assert.deepEqual(await backend.portsChanged(f.ports()), []);
          const [result] = await backend.apply([put(flow)], never());
          assert.ok(result.ok, 'the limit is gone');
          if (manifest.traffic) assertCarried(await went(f, flow));
        }),
      );
    }

    it(
      'carries flows on that a limit does not concern',
      withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0))], never());
        const ports = limitedTo(limitedTo(f.ports(), f.inPort, 'shaped'), f.outPort, 'policed');
        await backend.portsChanged(ports);
        const [result] = await backend.apply([put(f.flow(0))], never());
        assert.ok(result.ok);
        if (manifest.traffic) assertCarried(await went(f, f.flow(0)));
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

function limitedTo(ports: PortSnapshot, name: string, limit: 'shaped' | 'policed'): PortSnapshot {
  const limited = (port: string) => (port === name ? { [limit]: true } : {});
  return new Map([...ports].map(([key, port]) => [key, { ...port, ...limited(key) }] as const));
}
