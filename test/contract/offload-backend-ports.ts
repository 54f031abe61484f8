import assert from 'node:assert/strict';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import { idText, installed, never } from './collect.ts';
import type { WithBackend } from './offload-backend-fixture.ts';
import type { OffloadBackendManifest } from './offload-backend-fixture.ts';
import { put } from './offload-backend-operations.ts';
import { assertCarried, assertPassed, went } from './offload-backend-traffic.ts';

/** Entries are removed with their port. */
export function describePorts(withBackend: WithBackend, manifest: OffloadBackendManifest): void {
  describe('ports', () => {
    it(
      'removes every entry with a removed port, and no other',
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
      'removes entries of a recreated port',
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
      'removes entries of a removed input port',
      withBackend(async (f, backend) => {
        await backend.apply([put(f.flow(0)), put(f.flow(1))], never());
        await f.removePort(f.inPort);
        assert.equal((await backend.portsChanged(f.ports())).length, 2);
        assert.deepEqual(await installed(backend), []);
      }),
    );

    for (const limit of ['shaped', 'policed'] as const) {
      it(
        `refuses flows whose port is ${limit}, with a reason`,
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

    for (const [what, change, code] of [
      ['is exported by the vSwitch', { exports: 'NetFlow of bridge br0' }, 'exported'],
      [
        'must be seen more often than there are heartbeats',
        { heartbeatLimit: { ms: 0, why: 'a rule would idle out' } },
        'idle-timeout',
      ],
    ] as const) {
      it(
        `removes and refuses flows whose input ${what}`,
        withBackend(async (f, backend) => {
          const flow = f.flow(0);
          const changed = (name: string) =>
            new Map(
              [...f.ports()].map(([key, p]) => [key, key === name ? { ...p, ...change } : p]),
            );
          await backend.apply([put(flow)], never());
          const lost = await backend.portsChanged(changed(f.inPort));
          assert.deepEqual(lost.map(formatFlowId), [idText(flow)]);
          if (manifest.traffic) assertPassed(await went(f, flow));
          const [refused] = await backend.apply([put(flow)], never());
          assert.ok(!refused.ok && refused.refusal.code === code);
          await backend.portsChanged(changed(f.outPort));
          const [result] = await backend.apply([put(flow)], never());
          assert.ok(result.ok, 'what leaves there is not concerned');
          if (manifest.traffic) assertCarried(await went(f, flow));
        }),
      );
    }

    it(
      'keeps carrying flows that a limit does not concern',
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
      'keeps entries while their ports do not change',
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
