import type { PortInfo } from '../../../engine/model/port.ts';
import type { TunnelMatch } from '../../../engine/model/match.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import type { PushedTunnel } from './action-codec.ts';
import type { Attached, HookName } from './attached.ts';
import type { BpfPrograms } from './bpf-programs.ts';
import type { Libbpf } from './libbpf.ts';
import type { PacketKind } from './match-codec.ts';
import type { Maps } from './maps.ts';
import type { NetworkLock } from './network-lock.ts';
import type { PortReport } from './port-report.ts';
import type { ProgramLoader } from './program-loader.ts';
import type { OwnPrograms } from './own-programs.ts';
import type { ServedPort } from './served-port.ts';

/**
 * Attaches programs to devices. Calls that concern a device wait for the kernel's network lock in a
 * worker thread, and throw {@link NetworkLockBusy} when it is not free in time; a program may then
 * still be attached or detached later, and the next call finds what has become of it.
 */
export interface Attachment {
  /** Whether the program can be attached to and detached from the device under traffic. */
  canAttachLive(name: string): Promise<boolean>;
  /**
   * Largest packet that the program can redirect, bytes; Infinity: any. Meaningful only while no
   * program is attached.
   */
  maxBytes(name: string): Promise<number>;
  /**
   * How {@link attach} is expected to attach to a device that {@link canAttachLive}.
   *
   * @throws {PortUnusable} if another program is attached to it
   */
  expected(name: string, ifindex: number): Promise<Attached>;
  /** Loads the program that {@link attach} is expected to need, so that it need not wait for it. */
  prepare(name: string, ifindex: number): Promise<void>;
  /** Unloads what {@link prepare} has loaded for a device. */
  forget(ifindex: number): void;
  /**
   * Attaches to a device and atomically replaces an earlier version of the program.
   *
   * @throws {PortUnusable} with what was tried and why it failed
   */
  attach(name: string, ifindex: number): Promise<Attached>;
  /** True when the program is attached to the device. */
  isAttached(ifindex: number): Promise<boolean>;
  /**
   * True when a program that an earlier daemon attached takes the device's packets at another hook
   * than {@link attach} would: its entries may not be expressible there.
   */
  isElsewhere(ifindex: number): Promise<boolean>;
  /** Detaches the program from a device; no effect when it is not attached. */
  detach(ifindex: number): Promise<void>;
  /** Unpins what is not attached to the device any more, as when it is gone. */
  unpinDetached(ifindex: number): Promise<void>;
}

/** A device to check for other hooks. */
export type HookedDevice = Pick<PortInfo, 'name' | 'ifindex' | 'datapath'>;

/** What else handles the packets of a device, and would be bypassed. */
export interface OtherHooks {
  /**
   * Reads the state of all devices. After a failure no device is served until the next success.
   *
   * @throws {NetworkLockBusy} other failures are in {@link on}
   */
  refresh(devices: Iterable<HookedDevice>): Promise<void>;
  /** Why the device must not be served, as of the last {@link refresh}. */
  on(device: HookedDevice): string | undefined;
  /**
   * Calls `onChange` when a hook was added or removed.
   *
   * @param devices the served devices
   */
  watch(devices: () => readonly HookedDevice[], onChange: () => void): void;
}

/** Where packets can be redirected to. */
export interface Outputs {
  /**
   * Reads the state of all devices. After a failure nothing is redirected until the next success.
   *
   * @throws {NetworkLockBusy}
   */
  refresh(): Promise<void>;
  /** Why no packet of a flow that enters by `input` can be redirected at all. */
  matchRefusal(kind: PacketKind, input: ServedPort): Refusal | undefined;
  /** Why packets that enter by `input` cannot be taken out of this tunnel. */
  arrivalRefusal(tunnel: TunnelMatch, input: ServedPort): Refusal | undefined;
  /** Why packets that enter by `input` cannot be put into this tunnel, and leave by `target`. */
  tunnelRefusal(tunnel: PushedTunnel, input: ServedPort, target: ServedPort): Refusal | undefined;
  /** Why packets that enter by `input` cannot be redirected to `target`. */
  targetRefusal(input: ServedPort, target: ServedPort): Refusal | undefined;
  /** Whether the device stopped sending redirected frames between the last two {@link refresh} calls. */
  lost(ifindex: number): boolean;
  /** Why redirects to the port with that id are suspended at present; undefined: they are not. */
  suspended(portId: number): string | undefined;
  /** Forgets a port that is not an output any more. */
  forget(portId: number): void;
  /** Calls `onChange` within some ms of a change. */
  watch(onChange: () => void): void;
}

/** What a hook is opened with. */
export interface HookTools {
  readonly libbpf: Libbpf;
  readonly programs: BpfPrograms;
  readonly maps: Maps;
  readonly lock: NetworkLock;
  readonly own: OwnPrograms;
  /** False: the maps are new, and pins of an earlier daemon are not valid any more. */
  readonly areMapsAdopted: boolean;
}

/** Which hook serves a port, and why. */
export interface HookChoice {
  readonly hook: HookName;
  /** As in {@link PortHook}. */
  readonly reason: string;
  readonly why: string;
}

/** Attaches programs to devices at a place in the kernel. */
export interface Hook {
  readonly loader: ProgramLoader;
  readonly attachment: Attachment;
  readonly otherHooks: OtherHooks;
  readonly outputs: Outputs;
  /** Why packets of a port cannot be taken at this hook, with what to do; undefined: they can. */
  refusal(port: PortInfo): string | undefined;
  /**
   * Whether a program on the port's device would be in the vSwitch's way: then flows can only leave by
   * the port.
   */
  mustDetach(port: Pick<PortInfo, 'name' | 'ifindex' | 'policed'>): boolean;
  /** Describes the hook and how ports are served, in one line. */
  describe(ports: readonly PortReport[]): string;
  /** Removes its pins. The kernel frees what nothing uses any more. */
  unpin(): void;
  /** Closes descriptors, and stops to watch. Attached programs stay. */
  close(): void;
}

/** Opens the hook. @throws {ObjectUnusable} {@link NetworkLockBusy} */
export type OpenHook = (tools: HookTools) => Promise<Hook>;

/** The hooks of a host as one. */
export interface HostHooks extends Hook {
  /** Which hook serves the packets of a port. */
  choice(port: Pick<PortInfo, 'datapath'>): HookChoice;
}

/** Opens the hooks. @throws {ObjectUnusable} {@link NetworkLockBusy} */
export type OpenHostHooks = (tools: HookTools) => Promise<HostHooks>;
