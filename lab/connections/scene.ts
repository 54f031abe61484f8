import type { Namespace } from '../testbed/namespace.ts';
import type { OvsInstance } from '../testbed/ovs.ts';

/** A VM of a scene: a namespace behind a port of an integration bridge. */
export interface SceneVm {
  /** Name of its port on the bridge. */
  readonly port: string;
  readonly address: string;
  readonly namespace: Namespace;
}

/** A vSwitch of a scene, which gets a daemon. */
export interface SceneSwitch {
  readonly ovs: OvsInstance;
  /** Folder for the daemon's maps. */
  readonly pinPath: string;
  /** Devices by which traffic enters: those of VMs, and of the underlay. */
  readonly inputs: readonly string[];
}

/** A pipeline of a vSwitch, ready for traffic. */
export interface Scene {
  readonly name: string;
  /** The client's vSwitch first, the server's last. */
  readonly switches: readonly SceneSwitch[];
  /** The bridge with the pipeline, on each vSwitch. */
  readonly bridge: string;
  readonly client: SceneVm;
  readonly server: SceneVm;
  /** Where the client sends to: the server's address, or one that is translated to it. */
  readonly target: string;
  /** Begins to drop what the server would receive; does not wait until that is in force. */
  deny(): Promise<void>;
  /** Resolves when the last change is in force. */
  settled(): Promise<void>;
  /** Reverts {@link deny}; resolves when that is in force. */
  allow(): Promise<void>;
}

/** Forgets megaflows and connections, so that each measurement begins alike. */
export async function forget({ switches }: Scene): Promise<void> {
  for (const { ovs } of switches) {
    await ovs.appctl('revalidator/purge');
    await ovs.appctl('dpctl/flush-conntrack');
  }
}
