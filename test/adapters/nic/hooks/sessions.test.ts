import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PinPathInUse } from '../../../../adapters/nic/core/errors.ts';
import { Libbpf } from '../../../../adapters/nic/core/libbpf.ts';
import { CONTROL, LAYOUT_VERSION, u32 } from '../../../../adapters/nic/core/records.ts';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { TableOptions } from '../../../../lab/testbed/nic-tables.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { idText, installed, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { OtherDaemon } from '../support/other-daemon.ts';
import { tableAt } from '../support/tables.ts';
import { World } from '../support/world.ts';
import { programsOf, SHARED_HOOKS } from './support/hooks.ts';

for (const shared of SHARED_HOOKS) {
  const { name: hook, need, mode, foreign } = shared;
  describe(`${hook} sessions`, function () {
    this.timeout(30_000);
    let world: World;
    let options: Omit<TableOptions, 'objectPath'>;
    const open: HostBackend[] = [];

    before(async function () {
      needs(this, 'root', 'netns', need);
      world = await World.create(2);
    });

    after(async () => {
      await world?.close();
    });

    beforeEach(() => {
      const sizes = { entries: 64, masks: 8, leaseMs: 60_000, heartbeatMs: 0 };
      options = { pinPath: world.pinPath(), ...sizes };
    });

    afterEach(async () => {
      for (const backend of open.splice(0)) await backend.close('withdraw');
    });

    async function started(changes: Partial<typeof options> = {}): Promise<HostBackend> {
      const backend = tableAt(hook, { ...options, ...changes });
      open.push(backend);
      await backend.start(world.snapshot(), never());
      return backend;
    }

    function flow(n: number): FlowSpec {
      const [inPort, outPort] = world.names();
      const fields = [exactly('eth_type', 0x0800), exactly('ip_proto', 17), exactly('udp_dst', n)];
      const actions = [{ kind: 'output' as const, port: outPort }];
      return { id: flowId(n), match: matchOn(inPort, ...fields), actions };
    }

    const put = async (backend: HostBackend, n: number) =>
      (await backend.apply([{ kind: 'put', flow: flow(n) }], never()))[0];

    /** The programs of both ports. */
    async function programs(): Promise<readonly number[]> {
      return (await programsOf(shared, world)).flat();
    }

    it('leave no program, no qdisc and no pin behind', async () => {
      const backend = await started();
      assert.equal((await programs()).length, 2);
      await backend.close('withdraw');
      assert.deepEqual(await programs(), []);
      const qdiscs = await run('tc', ['qdisc', 'show', 'dev', world.names()[0]]);
      assert.doesNotMatch(qdiscs, /clsact/);
      assert.deepEqual(existsSync(options.pinPath) ? readdirSync(options.pinPath) : [], []);
    });

    it('refuse a directory that another daemon holds, and leave that one alone', async () => {
      const first = await started();
      await put(first, 1);
      await assert.rejects(started(), PinPathInUse);
      assert.deepEqual(await installed(first), [idText(flow(1))]);
    });

    for (const [what, age] of [
      ['size', () => ({ entries: 65 })],
      [
        'layout',
        () => {
          const libbpf = new Libbpf();
          const control = libbpf.pinned(join(options.pinPath, 'control'));
          assert(control !== undefined);
          const version = new Uint8Array(BigUint64Array.of(BigInt(LAYOUT_VERSION - 1)).buffer);
          libbpf.update(control, u32(CONTROL.layoutVersion), version, 'control');
          libbpf.close(control);
          return {};
        },
      ],
    ] as const) {
      it(`start afresh over maps of another ${what}, with new programs`, async () => {
        const first = await started();
        await put(first, 1);
        const before = await programs();
        await first.close('keep');
        const second = await started(age());
        assert.deepEqual(await installed(second), []);
        const after = await programs();
        assert.equal(after.length, 2);
        assert(!after.some((id) => before.includes(id)), 'the programs of the old maps are gone');
        assert.deepEqual(await put(second, 1), { ok: true, outcome: 'installed' });
      });
    }

    it('take no port from a daemon with another pinPath', async () => {
      const first = await started();
      const before = await programs();
      const second = await started({ pinPath: world.pinPath() });
      for (const port of second.ports()) {
        assert.equal(port.mode, 'unavailable');
        assert.match(port.detail, foreign);
      }
      await second.close('withdraw');
      assert.deepEqual(await programs(), before);
      await first.portsChanged(world.snapshot());
      assert(first.ports().every((port) => port.mode === mode));
    });

    it('take over from a process that was killed', async () => {
      const flows = [flow(1), flow(2), flow(3)];
      const other = await OtherDaemon.start(
        `
        import { tableAt } from './test/adapters/nic/support/tables.ts';
        const { hook, options, ports, flows } = given;
        const backend = tableAt(hook, options);
        const signal = new AbortController().signal;
        await backend.start(new Map(ports), signal);
        await backend.renewLease(Number(process.hrtime.bigint()) / 1e6);
        await backend.apply(flows.map((flow) => ({ kind: 'put', flow })), signal);`,
        { hook, options, ports: [...world.snapshot()], flows },
      );
      try {
        await assert.rejects(started(), PinPathInUse);
      } finally {
        await other.kill();
      }
      assert.equal((await programs()).length, 2, 'its programs are still attached');
      const backend = await started();
      assert.deepEqual(await installed(backend), flows.map(idText).sort());
      assert.deepEqual(await put(backend, 2), { ok: true, outcome: 'unchanged' });
      assert.equal((await programs()).length, 2);
      await backend.close('withdraw');
      assert.deepEqual(await programs(), []);
    });
  });
}
