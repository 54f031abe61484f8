import assert from 'node:assert/strict';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { PortSnapshot } from '../../../../engine/model/port.ts';
import type { TableOptions } from '../../../../lab/testbed/nic-tables.ts';
import { idText, installed, never } from '../../../contract/collect.ts';
import { eventually } from '../../../support/eventually.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { tableAt } from '../support/tables.ts';
import { World } from '../support/world.ts';
import { NetworkLockHolder } from '../xdp/support/network-lock-holder.ts';
import { programsOf, SHARED_HOOKS } from './support/hooks.ts';

/** Longest wait of a backend for the lock, ms. Short: tests that run beside these need the lock, too. */
const MAX_LOCK_WAIT_MS = 150;
/** Longest time for a call of the backend, ms: one wait, and the rest of its work on a busy machine. */
const MAX_CALL_MS = 1_500;

/** A started backend, and a flow from the first port to the second. */
interface Serving {
  readonly backend: HostBackend;
  readonly options: Omit<TableOptions, 'objectPath'>;
  readonly flow: FlowSpec;
}

for (const shared of SHARED_HOOKS) {
  const { name: hook, need } = shared;
  describe(`a table at ${hook} while another program holds the network lock`, function () {
    this.timeout(30_000);
    let world: World;
    let holder: NetworkLockHolder;
    const undo: (() => unknown)[] = [];

    before(async function () {
      needs(this, 'root', 'netns', need);
      world = await World.create(2);
      holder = new NetworkLockHolder();
    });

    after(async () => {
      holder?.close();
      await world?.close();
    });

    afterEach(async () => {
      for (const step of undo.splice(0).toReversed()) await step();
    });

    async function serving(detachAfterMs?: number): Promise<Serving> {
      const [inPort, port] = world.names();
      const fields = [exactly('eth_type', 0x0800), exactly('ip_proto', 17), exactly('udp_dst', 1)];
      const match = matchOn(inPort, ...fields);
      const flow: FlowSpec = { id: flowId(1), match, actions: [{ kind: 'output', port }] };
      const sizes = { entries: 64, masks: 8, leaseMs: 60_000, heartbeatMs: 0 };
      const maxLockWaitMs = MAX_LOCK_WAIT_MS;
      const options = {
        pinPath: world.pinPath(),
        ...sizes,
        maxLockWaitMs,
        ...(detachAfterMs === undefined ? {} : { detachAfterMs }),
      };
      const backend = tableAt(hook, options);
      undo.push(() => backend.close('withdraw'));
      await backend.start(world.snapshot(), never());
      return { backend, options, flow };
    }

    const put = async (backend: HostBackend, flow: FlowSpec) =>
      (await backend.apply([{ kind: 'put', flow }], never()))[0];

    /** By port, whether it has a program. */
    async function havePrograms(): Promise<readonly boolean[]> {
      return (await programsOf(shared, world)).map((ids) => ids.length > 0);
    }

    function without(name: string): PortSnapshot {
      const ports = new Map(world.snapshot());
      ports.delete(name);
      return ports;
    }

    it('removes the entries of a port that goes away, and detaches it when the lock is free', async () => {
      const { backend, flow } = await serving();
      const [, outPort] = world.names();
      assert.equal((await put(backend, flow)).ok, true);
      let lost = 0;
      backend.onLost(() => lost++);
      await holder.whileHeld(async () => {
        const startMs = performance.now();
        const ids = await backend.portsChanged(without(outPort));
        assert(performance.now() - startMs < MAX_CALL_MS);
        assert.equal(ids.length, 1);
        assert.deepEqual(await installed(backend), []);
        assert.match(backend.unservedPorts()[0].why, /network lock has not been free for 150 ms/);
        const startOfNextMs = performance.now();
        await backend.portsChanged(without(outPort));
        assert(performance.now() - startOfNextMs < 500, 'the next change does not wait again');
        assert.equal(lost, 0);
      });
      await eventually('the backend asks for the ports again', () => lost > 0);
      await backend.portsChanged(without(outPort));
      assert.deepEqual(backend.unservedPorts(), []);
      assert.deepEqual(await havePrograms(), [true, false]);
      await backend.portsChanged(world.snapshot());
      assert.equal((await put(backend, flow)).ok, true);
      assert.deepEqual(await installed(backend), [idText(flow)]);
    });

    it('refuses a flow whose port has no program yet, and accepts it when the lock is free', async () => {
      const { backend, flow } = await serving(60_000);
      let lost = 0;
      backend.onLost(() => lost++);
      await holder.whileHeld(async () => {
        const startMs = performance.now();
        const result = await put(backend, flow);
        assert(performance.now() - startMs < MAX_CALL_MS);
        assert(!result.ok && result.refusal.code === 'port-unavailable', JSON.stringify(result));
        assert.match(result.refusal.detail, /network lock/);
      });
      await eventually('the backend asks for the ports again', () => lost > 0);
      await backend.portsChanged(world.snapshot());
      assert.deepEqual(await havePrograms(), [false, false]);
      assert.equal((await put(backend, flow)).ok, true);
      assert.deepEqual(await havePrograms(), [true, false]);
    });

    it('reads counters and renews the lease while an idle port waits for its detach', async () => {
      const { backend, flow } = await serving(0);
      assert.equal((await put(backend, flow)).ok, true);
      await backend.apply([{ kind: 'delete', id: flow.id }], never());
      const read = () => backend.counters({ carried: () => undefined }, never());
      await holder.whileHeld(async () => {
        const reading = read();
        assert.equal(await backend.renewLease(monotonicMs()), 'renewed');
        await reading;
        await read();
      });
      assert.equal(backend.inputPorts()[0].isOpen, false);
      await eventually('detaching', async () => {
        await read();
        return !(await havePrograms())[0];
      });
      // At tc ingress what waited for the lock takes several calls, and until they are over all others are refused.
      if (hook !== 'xdp') {
        await eventually('the ports are served', async () => {
          await backend.portsChanged(world.snapshot());
          return backend.unservedPorts().length === 0;
        });
      }
      assert.equal((await put(backend, flow)).ok, true);
      assert.deepEqual(await havePrograms(), [true, false]);
    });

    it('keeps its pins when it ends, so that the next daemon detaches its programs', async () => {
      const { backend, options } = await serving();
      undo.pop();
      await holder.whileHeld(() => assert.rejects(backend.close('withdraw'), /network lock/));
      const next = tableAt(hook, options);
      await next.start(world.snapshot(), never());
      assert.deepEqual(await havePrograms(), [true, true]);
      await next.close('withdraw');
      assert.deepEqual(await havePrograms(), [false, false]);
    });
  });
}
