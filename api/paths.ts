import type { PlacementName } from '../engine/model/flow.ts';
import type { PathName } from '../telemetry/accounts/tick-accounts.ts';

/** A way that packets can take through the node. */
export interface PathWords {
  /** Its key in what the daemon counts. */
  readonly key: PathName;
  /** Its name inside a sentence. */
  readonly name: string;
  /** Its name at the beginning of a line. */
  readonly title: string;
}

/** The path that each placement puts a flow on, and what it is called everywhere. */
export const PATHS: Readonly<Record<PlacementName, PathWords>> = {
  onload: { key: 'vswitch', name: 'vSwitch', title: 'vSwitch' },
  offload: { key: 'nic', name: 'NIC', title: 'NIC' },
  'fast-path': { key: 'fast-path', name: 'fast path', title: 'Fast path' },
};
