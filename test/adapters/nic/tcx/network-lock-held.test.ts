import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { BpfPrograms } from '../../../../adapters/nic/core/bpf-programs.ts';
import { Libbpf } from '../../../../adapters/nic/core/libbpf.ts';
import { NetworkLock } from '../../../../adapters/nic/core/network-lock.ts';
import { createPinDirectory } from '../../../../adapters/nic/core/pin-directory.ts';
import { PinnedPrograms } from '../../../../adapters/nic/core/pinned-programs.ts';
import { ProgramLoader } from '../../../../adapters/nic/core/program-loader.ts';
import { LEASE_PROGRAM } from '../../../../adapters/nic/core/lease.ts';
import { ClsactMarks } from '../../../../adapters/nic/tcx/clsact-marks.ts';
import { CLS_PRIORITY, ClsFilters } from '../../../../adapters/nic/tcx/cls-filters.ts';
import { INGRESS_PROGRAM } from '../../../../adapters/nic/tcx/ingress-attachment.ts';
import type { IngressPoint } from '../../../../adapters/nic/tcx/ingress-point.ts';
import { TcxLinks } from '../../../../adapters/nic/tcx/tcx-links.ts';
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
  });
}
