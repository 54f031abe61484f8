import type { Namespace } from '../../testbed/namespace.ts';
import type { Placement } from '../model/cells.ts';
import type { ProcessGroup } from './process-group.ts';

/** One end of a connection. */
export interface End {
  readonly namespace: Namespace;
  readonly address: string;
}

/** The two ends of the connection of one VM: data to `vm` is received, data from it is transmitted. */
export interface Pair {
  readonly vm: End;
  readonly peer: End;
  /** TCP port of the server, different for each VM. */
  readonly tcpPort: number;
}

/** Size of a scene. */
export interface SceneSize {
  readonly vms: number;
  readonly ports: number;
  /** Bytes of L3. */
  readonly mtu: number;
}

/** A node with VMs on which an evaluation measures. */
export interface Scene {
  readonly pairs: readonly Pair[];
  /** The processes that stand for VMs, for other machines and for hardware. */
  readonly guests: ProcessGroup;
  /** Process ids of the host whose CPU time a profile shows apart. */
  readonly host: { readonly vswitch: number; readonly daemon: number };
  /** Versions of what it is made of. */
  about(): Promise<{ readonly vswitch: string; readonly backend: string }>;
  /** Moves all connections there; resolves when those that carry data are there. */
  place(placement: Placement): Promise<void>;
  stop(): Promise<void>;
}
