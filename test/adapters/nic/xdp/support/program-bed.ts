import type { HostBackend } from '../../../../../adapters/nic/host/backend.ts';
import { monotonicMs } from '../../../../../async/monotonic.ts';
import { xdpTable } from '../../../../../lab/testbed/nic-tables.ts';
import { never } from '../../../../contract/collect.ts';
import { builtObject } from '../../support/object.ts';
import { World } from '../../support/world.ts';
import { ProgramRun } from './program-run.ts';

/** Entries of the table. */
const ENTRIES = 64;

/** A started backend on two ports whose lease lasts, and the XDP program on its maps. */
export interface ProgramBed {
  readonly world: World;
  readonly backend: HostBackend;
  readonly program: ProgramRun;
  readonly inPort: string;
  readonly outPort: string;
  /** Another backend with the same maps, as after a restart; not started. */
  readonly make: () => HostBackend;
}

/** Opens the bed; its parts are closed by their user. */
export async function openProgramBed(): Promise<ProgramBed> {
  const objectPath = builtObject();
  const world = await World.create(2);
  const [inPort, outPort] = world.names();
  const pinPath = world.pinPath();
  const common = { pinPath, objectPath, entries: ENTRIES, masks: 128, mode: 'native' } as const;
  const make = (): HostBackend =>
    xdpTable({ ...common, leaseMs: 600_000, heartbeatMs: 0, trainMs: 0 });
  const backend = make();
  try {
    await backend.start(world.snapshot(), never());
    await backend.renewLease(monotonicMs());
    const program = await ProgramRun.load(pinPath, objectPath, ENTRIES);
    return { world, backend, program, inPort, outPort, make };
  } catch (error) {
    await backend.close('withdraw');
    await world.close();
    throw error;
  }
}
