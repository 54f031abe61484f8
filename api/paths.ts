import type { PlacementName } from '../engine/model/flow.ts';
import type { PathName } from '../telemetry/accounts/tick-accounts.ts';

/** A path of packets through the node, and its names. */
export interface PathWords {
  /** Key in accounts and metrics. */
  readonly key: PathName;
  /** Name within a sentence. */
  readonly name: string;
  /** Name at the start of a line. */
  readonly title: string;
}

/** The path of each placement. */
export const PATHS: Readonly<Record<PlacementName, PathWords>> = {
  onload: { key: 'vswitch', name: 'vSwitch', title: 'vSwitch' },
  offload: { key: 'nic', name: 'NIC', title: 'NIC' },
  'fast-path': { key: 'fast-path', name: 'fast path', title: 'Fast path' },
};
