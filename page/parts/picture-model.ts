import { PATHS } from '../../api/paths.ts';
import type { BackendView, StatusView } from '../../api/status-view.ts';
import { PLACEMENT_NAMES, type PlacementName } from '../../engine/model/flow.ts';
import { counted, percent, whole } from '../../text/format.ts';

/** A slice, or the traffic of no slice. */
export interface GroupBox {
  readonly id: string;
  readonly name: string;
  readonly detail: string;
  readonly bitsPerSecond: Readonly<Record<PlacementName, number>>;
}

/** Use of a path's table. */
export interface PathFill {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  readonly text: string;
}

/** A path of packets. */
export interface PathBox {
  readonly placement: PlacementName;
  readonly role: string;
  readonly bitsPerSecond: number;
  readonly flows: number;
  readonly fill: PathFill | undefined;
}

/** A port to the network. */
export interface UplinkBox {
  readonly name: string;
  readonly outBitsPerSecond: number;
  readonly inBitsPerSecond: number;
}

const ROLES: Readonly<Record<PlacementName, string>> = {
  onload: 'every packet costs host CPU',
  offload: 'forwarded without the vSwitch',
  'fast-path': 'sent there by the node’s switch',
};

/** Maximum boxes per side: the largest ones, and one for all others. */
const MAX_BOXES = 6;

/** The slices; without slices, all VMs. */
export function groupsOf({ slices, ports, bitsPerSecond }: StatusView): readonly GroupBox[] {
  const vms = ports.filter((port) => port.kind === 'vm' || port.vm !== null);
  if (slices.length === 0) {
    return [{ id: '', name: 'VMs', detail: counted(vms.length, 'port'), bitsPerSecond }];
  }
  const boxes = slices.map((slice) => ({
    id: slice.name,
    name: slice.name,
    detail: counted(vms.filter((port) => port.slice === slice.name).length, 'port'),
    bitsPerSecond: slice.bitsPerSecond,
  }));
  if (boxes.length <= MAX_BOXES) return boxes;
  const first = boxes.slice(0, MAX_BOXES - 1);
  const rest = boxes.slice(MAX_BOXES - 1);
  const sum = (placement: PlacementName): number =>
    rest.reduce((all, box) => all + box.bitsPerSecond[placement], 0);
  const others = {
    id: ' others',
    name: `${rest.length} others`,
    detail: 'see the table of slices',
    bitsPerSecond: {
      onload: sum('onload'),
      offload: sum('offload'),
      'fast-path': sum('fast-path'),
    },
  };
  return [...first, others];
}

/** The vSwitch, and each path that has a backend or flows. */
export function pathsOf(status: StatusView): readonly PathBox[] {
  return PLACEMENT_NAMES.flatMap((placement) => {
    const backend = status.backends.find((b) => b.placement === placement);
    const flows = status.flows[placement];
    if (placement !== 'onload' && backend === undefined && flows === 0) return [];
    return [
      {
        placement,
        role: ROLES[placement],
        bitsPerSecond: status.paths[PATHS[placement].key].bitsPerSecond,
        flows,
        fill: placement === 'onload' ? cpu(status.hostCpu) : entries(backend),
      },
    ];
  });
}

function cpu(hostCpu: number | null): PathFill | undefined {
  if (hostCpu === null) return undefined;
  return { label: 'Host CPU', value: hostCpu, max: 1, text: `host CPU ${percent(hostCpu)}` };
}

function entries(backend: BackendView | undefined): PathFill | undefined {
  if (backend === undefined) return undefined;
  const { used, learnedEntries, name } = backend;
  const text = `${whole(used)} of ${whole(learnedEntries)} entries`;
  return { label: `Entries in use of ${name}`, value: used, max: learnedEntries, text };
}

/** The ports to the network. */
export function uplinksOf({ ports }: StatusView): readonly UplinkBox[] {
  const boxes = ports
    .filter((port) => port.kind === 'uplink')
    .map((port) => ({
      name: port.name,
      outBitsPerSecond: port.txBitsPerSecond ?? 0,
      inBitsPerSecond: port.rxBitsPerSecond ?? 0,
    }));
  if (boxes.length <= MAX_BOXES) return boxes;
  const rest = boxes.slice(MAX_BOXES - 1);
  const others = {
    name: `${rest.length} others`,
    outBitsPerSecond: rest.reduce((sum, box) => sum + box.outBitsPerSecond, 0),
    inBitsPerSecond: rest.reduce((sum, box) => sum + box.inBitsPerSecond, 0),
  };
  return [...boxes.slice(0, MAX_BOXES - 1), others];
}
