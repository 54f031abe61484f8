import { progress } from '../testbed/progress.ts';
import { waitFor } from '../testbed/wait.ts';
import { giveVf, LEASE_MS, type SriovBed, startDaemon } from './bed/bed.ts';
import { isSending, isSteered, nothingPlaced, placed } from './placement.ts';
import type { FaultName, FaultReport } from './report.ts';
import type { Traffic } from './traffic/traffic.ts';

/** Pings that must be answered without a gap once the traffic is back on the vSwitch. */
const PROOF_PINGS = 20;
/** Later than the lease, so that a traffic that comes back late is measured, ms. */
const LIMIT_MS = 3 * LEASE_MS;
const LOOK_MS = 50;

/** Something that ends while the virtual function carries the VM's traffic. */
interface Fault {
  readonly name: FaultName;
  strike(bed: SriovBed): Promise<void>;
  /** What follows: the bed is as before, unless it is the last one. */
  recover(bed: SriovBed): Promise<void>;
}

const FAULTS: readonly Fault[] = [
  {
    name: 'agent-killed',
    strike: ({ vm }) => vm.agent.kill(),
    // Another one begins with the next connection.
    recover: async () => undefined,
  },
  {
    name: 'vf-unplugged',
    strike: ({ vm }) => vm.vf.unplug(),
    recover: async ({ vm }) => {
      await vm.vf.plug();
      await giveVf(vm, vm.vf);
    },
  },
  {
    name: 'daemon-killed',
    strike: ({ daemon }) => daemon.kill(),
    recover: async (bed) => {
      bed.daemon = await startDaemon(bed.node, bed.uplink, bed.vm);
    },
  },
  // As a machine that reboots or leaves for another host: the agent ends first, and then the rest.
  {
    name: 'machine-shut-down',
    strike: ({ vm }) => vm.agent.stop(),
    recover: async (bed) => {
      await bed.vm.vf.unplug();
      await bed.node.removeVm(bed.vm);
      await nothingPlaced(bed);
    },
  },
];

/** Names of all faults, in the order in which they strike. */
export const FAULT_NAMES: readonly FaultName[] = FAULTS.map(({ name }) => name);

/** Strikes with each fault while the virtual function carries the traffic. */
export async function strikeAll(
  bed: SriovBed,
  traffic: Traffic,
  names: readonly FaultName[],
): Promise<readonly FaultReport[]> {
  const reports: FaultReport[] = [];
  await traffic.startLoad();
  for (const fault of FAULTS.filter(({ name }) => names.includes(name))) {
    progress(`${fault.name} …`);
    await placed(bed, 'vf');
    reports.push(await strike(bed, traffic, fault));
    await fault.recover(bed);
  }
  return reports;
}

async function strike(bed: SriovBed, traffic: Traffic, fault: Fault): Promise<FaultReport> {
  const mark = await traffic.mark();
  const struckMs = performance.now();
  await fault.strike(bed);
  const isBack = async (): Promise<true | undefined> =>
    (!(await isSteered(bed)) && !(await isSending(bed))) || undefined;
  await waitFor('the VM is on the vSwitch', isBack, { timeoutMs: LIMIT_MS, everyMs: LOOK_MS });
  const backMs = performance.now() - struckMs;
  const { lost } = await traffic.since(mark);
  const back = await traffic.mark();
  await traffic.answered(PROOF_PINGS);
  const { lost: lostLater } = await traffic.since(back);
  return { fault: fault.name, leaseMs: LEASE_MS, backMs, lost, lostLater };
}
