import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { EntriesNotDeleted } from '../../../../adapters/nic/core/errors.ts';
import { Libbpf } from '../../../../adapters/nic/core/libbpf.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { idText, installed, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { needs } from '../../../support/needs.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { HOOKS, tableAt } from '../support/tables.ts';
import { World } from '../support/world.ts';

const EBUSY = 16;

/** Simulates rare failures of the kernel: calls of libbpf fail while `fault` is set. */
for (const { hook, need } of HOOKS) {
  describe(`${hook}, a kernel that refuses`, function () {
    this.timeout(30_000);
    let world: World;
    let backend: HostBackend;
    const fault = { deletes: false, swaps: false };
    const real = Object.getOwnPropertyDescriptors(Libbpf.prototype);
    const restore = () => Object.defineProperties(Libbpf.prototype, real);

    before(async function () {
      needs(this, 'root', 'netns', need);
      world = await World.create(3);
    });

    after(async () => {
      await world?.close();
    });

    beforeEach(async () => {
      fault.deletes = false;
      fault.swaps = false;
      Libbpf.prototype.deleteBatch = function (this: Libbpf, ...given) {
        const done = fault.deletes ? undefined : real.deleteBatch.value?.apply(this, given);
        return done ?? { done: 0, errno: EBUSY };
      };
      Libbpf.prototype.updateWaiting = async function (this: Libbpf, ...given) {
        if (fault.swaps) throw new Error('EIO');
        await real.updateWaiting.value?.apply(this, given);
      };
      const options = { pinPath: world.pinPath(), entries: 64 };
      const times = { leaseMs: 60_000, heartbeatMs: 0 };
      backend = tableAt(hook, { ...options, ...times, masks: 32 });
      await backend.start(world.snapshot(), never());
    });

    afterEach(async () => {
      restore();
      await backend.close('withdraw');
    });

    function flow(n: number, output = 1, bits = 255): FlowSpec {
      const names = world.names();
      const mask = Uint8Array.of(bits);
      const fields = [
        exactly('eth_type', 0x0800),
        { field: 'ip_tos' as const, value: Uint8Array.of(n & bits), mask },
      ];
      const actions = [{ kind: 'output' as const, port: names[output] }];
      return { id: flowId(n), match: matchOn(names[0], ...fields), actions };
    }

    const put = (...flows: FlowSpec[]) =>
      backend.apply(
        flows.map((f) => ({ kind: 'put' as const, flow: f })),
        never(),
      );
    const remove = (n: number) => backend.apply([{ kind: 'delete', id: flowId(n) }], never());

    it('reports an entry as installed while it cannot be deleted', async () => {
      await put(flow(1), flow(2));
      fault.deletes = true;
      for (let i = 0; i < 3; i++) {
        const [result] = await remove(1);
        assert.ok(!result.ok && result.refusal.code === 'device-error');
        assert.match(result.refusal.detail, /EBUSY/);
      }
      assert.deepEqual(await installed(backend), [flow(1), flow(2)].map(idText));
      assert.equal(backend.capacity().used, 2);
      await assert.rejects(backend.withdrawAll(), EntriesNotDeleted);
      await assert.rejects(backend.withdrawAll(), EntriesNotDeleted);
      fault.deletes = false;
      assert.equal(await backend.withdrawAll(), 2);
      assert.deepEqual(await installed(backend), []);
      assert.equal(backend.capacity().masksUsed, 0);
    });

    it('retries a delete before any other operation', async () => {
      await put(flow(1), flow(2));
      fault.deletes = true;
      await remove(1);
      fault.deletes = false;
      assert.deepEqual(await put(flow(3)), [{ ok: true, outcome: 'installed' }]);
      assert.deepEqual(await installed(backend), [flow(2), flow(3)].map(idText));
    });

    it('does not overwrite an entry that it cannot delete', async () => {
      await put(flow(1), flow(2));
      fault.deletes = true;
      const results = await put(flow(1, 2), flow(2), flow(3));
      assert.deepEqual(
        results.map((result) => (result.ok ? result.outcome : result.refusal.code)),
        ['device-error', 'unchanged', 'installed'],
      );
      fault.deletes = false;
      const [again] = await put(flow(1, 2));
      assert.ok(again.ok);
      assert.deepEqual(await installed(backend), [flow(1), flow(2), flow(3)].map(idText));
    });

    it('remembers the entries to remove with a port', async () => {
      await put(flow(1), flow(2, 2));
      const ports = new Map(world.snapshot());
      ports.delete(world.names()[2]);
      fault.deletes = true;
      await assert.rejects(backend.portsChanged(ports), EntriesNotDeleted);
      await assert.rejects(backend.portsChanged(ports), EntriesNotDeleted);
      fault.deletes = false;
      assert.deepEqual(await backend.portsChanged(ports), [flowId(2)]);
      assert.deepEqual(await backend.portsChanged(ports), []);
      assert.deepEqual(await installed(backend), [idText(flow(1))]);
    });

    it('retries to close a port, and then reports its flows', async () => {
      await put(flow(1), flow(2, 2));
      const ports = new Map(world.snapshot());
      ports.delete(world.names()[2]);
      Libbpf.prototype.remove = () => {
        throw new Error('EBUSY');
      };
      try {
        await assert.rejects(backend.portsChanged(ports), /EBUSY/);
      } finally {
        restore();
      }
      assert.deepEqual(await backend.portsChanged(ports), [flowId(2)]);
      const modes = backend.ports().map((port) => port.name);
      assert.deepEqual(modes, world.names().slice(0, 2));
    });

    it('does not fail when idle masks cannot be removed', async () => {
      const many = Array.from({ length: 8 }, (_, i) => flow(i + 1, 1, i + 1));
      await put(...many);
      fault.swaps = true;
      const results = await backend.apply(
        many.map(({ id }) => ({ kind: 'delete' as const, id })),
        never(),
      );
      assert.ok(results.every((result) => result.ok && result.outcome === 'deleted'));
      assert.deepEqual(await installed(backend), []);
      fault.swaps = false;
      assert.deepEqual(await put(flow(1)), [{ ok: true, outcome: 'installed' }]);
    });

    it('puts nothing while it cannot wait for running programs', async () => {
      await put(flow(1), flow(2));
      fault.swaps = true;
      const [result] = await put(flow(1, 2));
      assert.ok(!result.ok && result.refusal.code === 'device-error');
      assert.deepEqual(await installed(backend), [idText(flow(2))]);
      fault.swaps = false;
      assert.deepEqual(await put(flow(1, 2)), [{ ok: true, outcome: 'installed' }]);
    });
  });
}
