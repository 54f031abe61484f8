import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import { type ReceiveFilter, sameFilter } from '../../../protocols/ethtool/receive-filter.ts';
import { keyOfMatch } from '../ntuple/filter-of-flow.ts';
import type { KeyShape } from '../ntuple/key-shapes.ts';
import { type FlowPath, pathOfFlow } from './flow-path.ts';
import type { VfOptions } from './options.ts';

/** What an entry of a flow is: its path, and the filter that steers it, if it has one of its own. */
export interface EntryPlan {
  readonly flow: FlowSpec;
  readonly path: FlowPath;
  readonly filter: ReceiveFilter | undefined;
}

/** The entry of a flow, or why it can have none, whatever other flows there are. */
export function planOfFlow(
  flow: FlowSpec,
  options: VfOptions,
  ports: PortSnapshot,
  shapes: ReadonlySet<KeyShape>,
): EntryPlan | Refusal {
  const path = pathOfFlow(flow, options, ports);
  if ('code' in path) return path;
  const { vm, direction } = path;
  if (options.steering === 'mac') {
    const { mac } = ports.get(vm.port) ?? {};
    if (mac !== undefined) return { flow, path, filter: undefined };
    const detail = `the MAC address of port ${vm.port} is not known`;
    return { code: 'port-unavailable', detail };
  }
  if (direction === 'receive') {
    const key = keyOfMatch(flow.match, { ...options, shapes });
    if ('code' in key) return key;
    return { flow, path, filter: { key, target: { vf: vm.vf, queue: 0 } } };
  }
  if (vm.trustGuest) return { flow, path, filter: undefined };
  const detail =
    `VF ${vm.vf} cannot send from the MAC address of ${vm.port} while the NIC checks the source of ` +
    'what it sends; set trustGuest, or steer by MAC address';
  return { code: 'port-unavailable', detail };
}

/** True if both are the same in NIC and guest. */
export function isSameEntry(a: EntryPlan, b: EntryPlan): boolean {
  return (
    a.path.vm === b.path.vm &&
    a.path.direction === b.path.direction &&
    JSON.stringify(a.path.match) === JSON.stringify(b.path.match) &&
    (a.filter === undefined
      ? b.filter === undefined
      : b.filter !== undefined && sameFilter(a.filter, b.filter))
  );
}
