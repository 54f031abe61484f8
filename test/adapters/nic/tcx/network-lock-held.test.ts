import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { monotonicMs } from '../../../../async/monotonic.ts';
import { BpfPrograms } from '../../../../adapters/nic/core/bpf-programs.ts';
import { Libbpf } from '../../../../adapters/nic/core/libbpf.ts';
import { NetworkLock } from '../../../../adapters/nic/core/network-lock.ts';
import { createPinDirectory } from '../../../../adapters/nic/core/pin-directory.ts';
import { PinnedPrograms } from '../../../../adapters/nic/core/pinned-programs.ts';
import { ProgramLoader } from '../../../../adapters/nic/core/program-loader.ts';
import { LEASE_PROGRAM } from '../../../../adapters/nic/core/lease.ts';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { ClsactMarks } from '../../../../adapters/nic/tcx/clsact-marks.ts';
import { CLS_PRIORITY, ClsFilters } from '../../../../adapters/nic/tcx/cls-filters.ts';
import { INGRESS_PROGRAM } from '../../../../adapters/nic/tcx/ingress-attachment.ts';
import type { IngressPoint } from '../../../../adapters/nic/tcx/ingress-point.ts';
import { TcxLinks } from '../../../../adapters/nic/tcx/tcx-links.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { PortSnapshot } from '../../../../engine/model/port.ts';
import { ingressTable, type TableOptions } from '../../../../lab/testbed/nic-tables.ts';
import { idText, installed, never } from '../../../contract/collect.ts';
import { eventually } from '../../../support/eventually.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { builtObject } from '../support/object.ts';
import { World } from '../support/world.ts';
import { NetworkLockHolder } from '../xdp/support/network-lock-holder.ts';
import { programsAt } from './support/attached.ts';
import { INGRESS_HOOKS } from './support/ingress.ts';

/** How long the calls are watched while the lock is held, ms. */
const WATCH_MS = 100;
/** Turns of the event loop in that time; without a wait there are thousands. */
const MIN_TURNS = 100;
/** Longest wait of a backend for the lock, ms. */
const MAX_LOCK_WAIT_MS = 1_000;

for (const { hook, need } of INGRESS_HOOKS) {
  describe(`${hook} while another program holds the network lock`, function () {
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

    /** The point where the hook attaches a program, and the program. */
    async function openPoint(): Promise<{ point: IngressPoint; fd: number; id: number }> {
      const libbpf = new Libbpf();
      const programs = new BpfPrograms();
      const pinPath = world.pinPath();
      createPinDirectory(pinPath);
      const names = [INGRESS_PROGRAM, LEASE_PROGRAM];
      const objects = [{ path: builtObject('tcx'), names }];
      const loader = await ProgramLoader.open({ programs, objects, maps: new Map() });
      const fd = await loader.withProgram({ name: INGRESS_PROGRAM }, (loaded) =>
        libbpf.duplicate(loaded),
      );
      undo.push(() => libbpf.close(fd));
      const lock = new NetworkLock(20_000);
      const { id } = programs.programInfo(fd);
      if (hook === 'tcx') return { point: new TcxLinks(libbpf, lock, pinPath, 'first'), fd, id };
      const pins = new PinnedPrograms(libbpf, programs, pinPath, hook);
      const marks = new ClsactMarks(pinPath);
      const otherMarks = new ClsactMarks(join(pinPath, 'other'));
      const priority = CLS_PRIORITY.entries;
      const parts = { lock, pins, marks, otherMarks, priority };
      const point = new ClsFilters({ ...parts, isAwaited: () => true });
      undo.push(() => point.close());
      return { point, fd, id };
    }

    it('waits for it in worker threads, so that the event loop continues', async () => {
      const { point, fd, id } = await openPoint();
      const { ifindex } = world.port(world.names()[0]);
      await point.attach(ifindex, fd, id);
      await point.detach(ifindex);
      const calls: Readonly<Record<string, () => Promise<unknown>>> = {
        attaching: () => point.attach(ifindex, fd, id),
        reading: () => point.isAttached(ifindex),
        detaching: () => point.detach(ifindex),
      };
      for (const [what, call] of Object.entries(calls)) {
        let result: Promise<unknown> = Promise.resolve();
        const state = { isPending: true, turns: 0 };
        await holder.whileHeld(async () => {
          result = call();
          const settled = (): void => void (state.isPending = false);
          result.then(settled, settled);
          const endMs = performance.now() + WATCH_MS;
          while (performance.now() < endMs) {
            await turn();
            if (state.isPending) state.turns++;
          }
        });
        assert(
          state.turns > MIN_TURNS,
          `${what}: ${state.turns} turns while it waits for the lock`,
        );
        await result;
      }
      assert.deepEqual(await programsAt(ifindex), []);
    });

    interface Serving {
      readonly backend: HostBackend;
      readonly options: TableOptions;
      readonly flow: FlowSpec;
    }

    async function serving(detachAfterMs?: number): Promise<Serving> {
      const [inPort, port] = world.names();
      const match = matchOn(inPort, exactly('eth_type', 0x0800));
      const flow: FlowSpec = { id: flowId(1), match, actions: [{ kind: 'output', port }] };
      const sizes = { entries: 64, masks: 8, leaseMs: 60_000, heartbeatMs: 0 };
      const options = {
        ...sizes,
        pinPath: world.pinPath(),
        objectPath: builtObject('tcx'),
        maxLockWaitMs: MAX_LOCK_WAIT_MS,
        ...(detachAfterMs === undefined ? {} : { detachAfterMs }),
      };
      const backend = ingressTable(hook, options);
      undo.push(() => backend.close('withdraw'));
      await backend.start(world.snapshot(), never());
      return { backend, options, flow };
    }

    const put = async (backend: HostBackend, flow: FlowSpec) =>
      (await backend.apply([{ kind: 'put', flow }], never()))[0];

    /** By port, whether it has a program. */
    async function havePrograms(): Promise<readonly boolean[]> {
      const each = world.names().map((name) => programsAt(world.port(name).ifindex));
      return (await Promise.all(each)).map((ids) => ids.length > 0);
    }

    function without(name: string): PortSnapshot {
      const ports = new Map(world.snapshot());
      ports.delete(name);
      return ports;
    }

    it('removes the entries of a port that goes away, and detaches it when the lock is free', async () => {
      const { backend, flow } = await serving();
      assert.deepEqual(await put(backend, flow), { ok: true, outcome: 'installed' });
      const [, outPort] = world.names();
      let lost = 0;
      backend.onLost(() => lost++);
      await holder.whileHeld(async () => {
        assert.equal((await backend.portsChanged(without(outPort))).length, 1);
        assert.deepEqual(await installed(backend), []);
        assert.match(backend.unservedPorts()[0].why, /network lock has not been free for 1000 ms/);
        lost = 0;
      });
      await eventually('the backend asks for the ports again', () => lost > 0);
      await backend.portsChanged(without(outPort));
      assert.deepEqual(backend.unservedPorts(), []);
      assert.deepEqual(await havePrograms(), [true, false]);
      await backend.portsChanged(world.snapshot());
      assert.deepEqual(await put(backend, flow), { ok: true, outcome: 'installed' });
      assert.deepEqual(await installed(backend), [idText(flow)]);
    });

    it('refuses a flow whose port has no program yet, and accepts it when the lock is free', async () => {
      const { backend, flow } = await serving(60_000);
      let lost = 0;
      backend.onLost(() => lost++);
      await holder.whileHeld(async () => {
        const result = await put(backend, flow);
        assert(!result.ok && result.refusal.code === 'port-unavailable', JSON.stringify(result));
        assert.match(result.refusal.detail, /network lock/);
        lost = 0;
      });
      await eventually('the backend asks for the ports again', () => lost > 0);
      await backend.portsChanged(world.snapshot());
      assert.deepEqual(await havePrograms(), [false, false]);
      assert.deepEqual(await put(backend, flow), { ok: true, outcome: 'installed' });
      assert.deepEqual(await havePrograms(), [true, false]);
    });

    it('reads counters and renews the lease while an idle port waits for its detach', async () => {
      const { backend, flow } = await serving(0);
      assert.deepEqual(await put(backend, flow), { ok: true, outcome: 'installed' });
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
      // What waited for the lock takes several calls, and until they are over all others are refused.
      await eventually('the ports are served', async () => {
        await backend.portsChanged(world.snapshot());
        return backend.unservedPorts().length === 0;
      });
      assert.deepEqual(await put(backend, flow), { ok: true, outcome: 'installed' });
      assert.deepEqual(await havePrograms(), [true, false]);
    });

    it('keeps its pins when it ends, so that the next daemon detaches its programs', async () => {
      const { backend, options } = await serving();
      undo.pop();
      await holder.whileHeld(() => assert.rejects(backend.close('withdraw'), /network lock/));
      const next = ingressTable(hook, options);
      await next.start(world.snapshot(), never());
      assert.deepEqual(await havePrograms(), [true, true]);
      await next.close('withdraw');
      assert.deepEqual(await havePrograms(), [false, false]);
    });
  });
}
