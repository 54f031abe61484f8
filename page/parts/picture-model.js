import { PATH_NAMES, PLACEMENTS } from '../text/words.js';
import { percent, whole } from '../text/format.js';

/**
 * @import { PlacementName } from '../../engine/model/flow.ts'
 * @import { BackendView, StatusView } from '../../api/status-view.ts'
 */

/**
 * A slice, or what belongs to none.
 *
 * @typedef {{
 *   readonly id: string,
 *   readonly name: string,
 *   readonly detail: string,
 *   readonly bitsPerSecond: Readonly<Record<PlacementName, number>>,
 * }} GroupBox
 */

/**
 * A way that packets can take.
 *
 * @typedef {{
 *   readonly placement: PlacementName,
 *   readonly role: string,
 *   readonly bitsPerSecond: number,
 *   readonly flows: number,
 *   readonly fill: { readonly label: string, readonly value: number, readonly max: number, readonly text: string } | undefined,
 * }} PathBox
 */

/**
 * A port to the network.
 *
 * @typedef {{
 *   readonly name: string,
 *   readonly outBitsPerSecond: number,
 *   readonly inBitsPerSecond: number,
 * }} UplinkBox
 */

/** Most boxes on a side: the largest ones, and one for all others. */
const MAX_BOXES = 6;

/**
 * @param {StatusView} status
 * @returns {readonly GroupBox[]}
 */
export function groupsOf({ slices, ports, bitsPerSecond }) {
  const vms = ports.filter((port) => port.kind === 'vm' || port.vm !== null);
  if (slices.length === 0) {
    return [{ id: '', name: 'VMs', detail: number(vms.length, 'port'), bitsPerSecond }];
  }
  const boxes = slices.map((slice) => ({
    id: slice.name,
    name: slice.name,
    detail: number(vms.filter((port) => port.slice === slice.name).length, 'port'),
    bitsPerSecond: slice.bitsPerSecond,
  }));
  if (boxes.length <= MAX_BOXES) return boxes;
  const first = boxes.slice(0, MAX_BOXES - 1);
  const rest = boxes.slice(MAX_BOXES - 1);
  /** @param {PlacementName} placement */
  const sum = (placement) => rest.reduce((all, box) => all + box.bitsPerSecond[placement], 0);
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

/**
 * The vSwitch, and each path that has a backend or flows.
 *
 * @param {StatusView} status
 * @returns {readonly PathBox[]}
 */
export function pathsOf(status) {
  return PLACEMENTS.flatMap((placement) => {
    const backend = status.backends.find((b) => b.placement === placement);
    const flows = status.flows[placement];
    if (placement !== 'onload' && backend === undefined && flows === 0) return [];
    return [
      {
        placement,
        role: ROLES[placement],
        bitsPerSecond: status.paths[PATH_NAMES[placement]].bitsPerSecond,
        flows,
        fill: placement === 'onload' ? cpu(status.hostCpu) : entries(backend),
      },
    ];
  });
}

/** @type {Readonly<Record<PlacementName, string>>} */
const ROLES = {
  onload: 'the host’s CPU moves every packet',
  offload: 'the card moves them by itself',
  'fast-path': 'the node’s switch moves them',
};

/** @param {number | null} hostCpu */
function cpu(hostCpu) {
  if (hostCpu === null) return undefined;
  return { label: 'Host CPU', value: hostCpu, max: 1, text: `host CPU ${percent(hostCpu)}` };
}

/** @param {BackendView | undefined} backend */
function entries(backend) {
  if (backend === undefined) return undefined;
  const { used, learnedEntries, name } = backend;
  const text = `${whole(used)} of ${whole(learnedEntries)} entries`;
  return { label: `Entries in use of ${name}`, value: used, max: learnedEntries, text };
}

/**
 * @param {StatusView} status
 * @returns {readonly UplinkBox[]}
 */
export function uplinksOf({ ports }) {
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

/**
 * @param {number} n
 * @param {string} thing
 */
function number(n, thing) {
  return `${n} ${thing}${n === 1 ? '' : 's'}`;
}
