import type { FlowView } from '../../api/flow-views.ts';
import { errorMessage } from '../../text/error-message.ts';
import { ProcessTrouble } from '../testbed/managed-process.ts';
import { run } from '../testbed/run.ts';
import { waitFor } from '../testbed/wait.ts';
import { type SriovBed, VF_DEVICE, VF_MAC } from './bed/bed.ts';

/** A guest that lacked a device is asked for its devices after 30 s; refused flows wait as well. */
const MOVED_MS = 120_000;
const LOOK_MS = 200;

/** Where the daemon has put the traffic of the VM. */
export type Place = 'vf' | 'vswitch';

/** The flows of IPv4 between the VM and the peer. */
export async function flowsOfVm({ daemon, uplink, vm }: SriovBed): Promise<readonly FlowView[]> {
  const flows = await daemon.flows();
  return flows.filter(
    ({ inPort, outPorts, match }) =>
      match.startsWith(`in_port=${inPort},ip,`) &&
      [inPort, ...outPorts].every((port) => port === uplink || port === vm.name),
  );
}

/** Waits until the daemon has put both flows of the VM to a place. */
export async function placed(bed: SriovBed, place: Place): Promise<void> {
  const isThere = (flow: FlowView): boolean =>
    place === 'vf' ? flow.placement === 'offload' : flow.entry === null;
  let seen = '';
  const look = async (): Promise<true | undefined> => {
    const flows = await flowsOfVm(bed);
    seen = flows.map((f) => `${f.match}: ${f.placement}, ${f.reason.text}`).join('\n');
    return (flows.length === 2 && flows.every(isThere)) || undefined;
  };
  const options = { timeoutMs: MOVED_MS, everyMs: LOOK_MS };
  await waitFor(`both flows of the VM at the ${place}`, look, options).catch((error: unknown) => {
    throw new ProcessTrouble(`${errorMessage(error)}; ${seen}`, { cause: error });
  });
}

/** Waits until no flow has an entry. */
export async function nothingPlaced({ daemon }: Pick<SriovBed, 'daemon'>): Promise<void> {
  const look = async (): Promise<true | undefined> =>
    (await daemon.flows()).every(({ entry }) => entry === null) || undefined;
  await waitFor('no flow has an entry', look, { timeoutMs: MOVED_MS, everyMs: LOOK_MS });
}

/** True if the NIC steers the VM's MAC address to the virtual function. */
export async function isSteered({ uplink }: Pick<SriovBed, 'uplink'>): Promise<boolean> {
  const text = await run('ip', ['link', 'show', 'dev', uplink]);
  const line = text.split('\n').find((each) => each.includes('vf 0'));
  if (line === undefined) throw new ProcessTrouble(`no virtual function in ${text}`);
  return !line.includes(VF_MAC);
}

/** True if the VM sends flows through the virtual function. */
export async function isSending({ vm }: Pick<SriovBed, 'vm'>): Promise<boolean> {
  const filters = await vm.namespace.exec('tc', ['filter', 'show', 'dev', 'eth0', 'egress']);
  return filters.includes(VF_DEVICE);
}

/** Packets that the virtual function has received and sent. */
export async function vfPackets({ vm }: Pick<SriovBed, 'vm'>): Promise<number> {
  const files = ['rx_packets', 'tx_packets'].map(
    (name) => `/sys/class/net/${VF_DEVICE}/statistics/${name}`,
  );
  const text = await vm.namespace.exec('cat', files);
  return text.split('\n').reduce((sum, line) => sum + Number(line), 0);
}
