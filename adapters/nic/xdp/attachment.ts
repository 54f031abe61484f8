import { AttachedPrograms } from './attached-programs.ts';
import type { BpfPrograms } from './bpf-programs.ts';
import { DeviceSettings, mayLeaveChecksumsOpen } from './device-settings.ts';
import { PortUnusable, ProgramRejected, errnoName } from './errors.ts';
import type { Libbpf } from './libbpf.ts';
import type { Maps } from './maps.ts';
import type { NetworkLock } from './network-lock.ts';
import type { XdpBackendOptions } from './options.ts';
import { PinnedPrograms } from './pinned-programs.ts';
import { PreparedPrograms } from './prepared-programs.ts';
import type { ProgramLoader } from './program-loader.ts';
import { PORT_REF } from './records.ts';
import { XdpDevices } from './xdp-devices.ts';

/** How packets of a device reach the program. */
export type AttachMode = 'native' | 'generic';

/** Flags of bpf_xdp_attach (`linux/if_link.h`). */
const XDP_FLAG: Record<AttachMode, number> = { generic: 2, native: 4 };

/** The result of attaching; `flags` are those of `struct port_ref`. */
export interface Attached {
  readonly mode: AttachMode;
  readonly flags: number;
  /** A note on how the port is served. */
  readonly note: string;
  /** True if the device's peer has no segmentation offload while the program is attached. */
  readonly splitsSegments: boolean;
}

/**
 * Drivers to whose devices a program can be attached, and from which it can be detached, under
 * traffic. Others reset their queues or the link.
 */
const LIVE_DRIVERS: ReadonlySet<string | undefined> = new Set(['veth', 'tun']);

/** What an attachment works with. */
export interface AttachmentParts {
  readonly libbpf: Libbpf;
  readonly programs: BpfPrograms;
  readonly loader: ProgramLoader;
  readonly maps: Maps;
  readonly lock: NetworkLock;
}

/**
 * Attaches the program to devices. Calls that concern a device wait for the kernel's network lock in
 * a worker thread, and throw {@link NetworkLockBusy} when it is not free in time; a program may then
 * still be attached or detached later, and the next call finds what has become of it.
 *
 * A device may strip the VLAN tag from the frame and keep it as metadata. A program that cannot
 * read the metadata would match the packet as untagged. So the program is attached as `bound` where
 * the driver reports the tag (native mode, Linux 6.8 and later, veth and most hardware), and
 * elsewhere only once stripping is off. On a veth, stripping depends on the peer.
 */
export class Attachment {
  readonly #loader: ProgramLoader;
  readonly #wanted: 'auto' | AttachMode;
  readonly #devices: XdpDevices;
  readonly #settings: DeviceSettings;
  readonly #pins: PinnedPrograms;
  readonly #prepared: PreparedPrograms;
  readonly #attached: AttachedPrograms;

  private constructor(
    { libbpf, programs, loader, maps, lock }: AttachmentParts,
    { pinPath, mode }: Pick<XdpBackendOptions, 'pinPath' | 'mode'>,
  ) {
    this.#loader = loader;
    this.#wanted = mode;
    this.#devices = new XdpDevices(lock);
    this.#settings = new DeviceSettings(lock);
    this.#pins = new PinnedPrograms(libbpf, programs, pinPath);
    this.#prepared = new PreparedPrograms(libbpf);
    this.#attached = new AttachedPrograms(programs, this.#devices, this.#pins, loader, maps);
  }

  /** Reads the pins of an earlier daemon, and removes those without an attached program. */
  static async open(
    parts: AttachmentParts,
    options: Pick<XdpBackendOptions, 'pinPath' | 'mode'>,
  ): Promise<Attachment> {
    const attachment = new Attachment(parts, options);
    for (const ifindex of attachment.#pins.devices()) await attachment.unpinDetached(ifindex);
    return attachment;
  }

  /** Whether the program can be attached to and detached from the device under traffic. */
  async canAttachLive(name: string): Promise<boolean> {
    return LIVE_DRIVERS.has(await this.#settings.driver(name));
  }

  /**
   * True if the vSwitch gets packets as the device's sender queued them, in segments larger than the
   * MTU too. Meaningful only without a program, which turns GRO on.
   */
  async showsSegments(name: string): Promise<boolean> {
    const driver = await this.#settings.driver(name);
    return mayLeaveChecksumsOpen(name, driver) && !(await this.#settings.mergesPackets(name));
  }

  /**
   * How {@link attach} is expected to attach to a device that {@link canAttachLive}.
   *
   * @throws {PortUnusable} if another program is attached to it
   */
  async expected(name: string, ifindex: number): Promise<Attached> {
    await this.#attached.refuseForeign(name, ifindex);
    const driver = await this.#settings.driver(name);
    const mode = this.#wanted === 'generic' ? 'generic' : 'native';
    return { mode, flags: flagsOf(name, driver), note: '', splitsSegments: splits(driver, mode) };
  }

  /** Loads the program that {@link attach} is expected to need, so that it need not wait for it. */
  async prepare(ifindex: number): Promise<void> {
    if (this.#wanted === 'generic' || this.#prepared.has(ifindex)) return;
    try {
      await this.#loader.withProgram('bound', ifindex, (fd) => this.#prepared.keep(ifindex, fd));
    } catch (error) {
      if (!(error instanceof ProgramRejected)) throw error;
      this.#prepared.keep(ifindex, undefined);
    }
  }

  /** Unloads what {@link prepare} has loaded for a device. */
  forget(ifindex: number): void {
    this.#prepared.drop(ifindex);
  }

  close(): void {
    this.#prepared.close();
  }

  /**
   * Attaches to a device and atomically replaces an earlier version of the program. A program of
   * the same build with the same maps stays, if this process has loaded that build for another
   * device (which takes tens of ms).
   *
   * @throws {PortUnusable} with what was tried and why it failed
   */
  async attach(name: string, ifindex: number): Promise<Attached> {
    await this.#attached.refuseForeign(name, ifindex);
    const driver = await this.#settings.driver(name);
    const failures: string[] = [];
    const attached =
      (this.#wanted === 'generic'
        ? undefined
        : await this.#attachNative(name, ifindex, driver, failures)) ??
      (this.#wanted === 'native'
        ? undefined
        : await this.#attachGeneric(name, ifindex, driver, failures));
    if (attached !== undefined) return attached;
    throw new PortUnusable(name, `XDP cannot be attached: ${failures.join('; ')}`);
  }

  /** Detaches the program from a device; no effect when it is not attached. */
  async detach(ifindex: number): Promise<void> {
    const { native, generic } = await this.#attached.on(ifindex);
    if (this.#attached.isOurs(native)) await this.#devices.detach(ifindex, XDP_FLAG.native);
    if (this.#attached.isOurs(generic)) await this.#devices.detach(ifindex, XDP_FLAG.generic);
    await this.unpinDetached(ifindex);
  }

  /** Unpins the programs that are not attached to the device any more, as when it is gone. */
  async unpinDetached(ifindex: number): Promise<void> {
    const { native, generic } = await this.#attached.on(ifindex);
    this.#pins.keepOnly(ifindex, [native, generic]);
  }

  /** True when the program is attached to the device. */
  async isAttached(ifindex: number): Promise<boolean> {
    const { native, generic } = await this.#attached.on(ifindex);
    return this.#attached.isOurs(native) || this.#attached.isOurs(generic);
  }

  async #attachNative(
    name: string,
    ifindex: number,
    driver: string | undefined,
    failures: string[],
  ): Promise<Attached | undefined> {
    const open = flagsOf(name, driver);
    const splitsSegments = splits(driver, 'native');
    const inFrame = driver !== 'veth' && (await this.#settings.keepTagsInFrame(name));
    const bound = await this.#try('bound', ifindex, 'native');
    if (bound === undefined) {
      const flags = open | (inFrame ? PORT_REF.tagsInFrame : 0);
      const note = 'VLAN tags are read from metadata';
      return { mode: 'native', flags, note, splitsSegments };
    }
    failures.push(`native: ${bound}`);
    if (!inFrame) return undefined;
    const plain = await this.#try('plain', ifindex, 'native');
    if (plain === undefined) {
      return { mode: 'native', flags: open, note: 'VLAN tags in the frame', splitsSegments };
    }
    failures.push(`native, unbound: ${plain}`);
    return undefined;
  }

  async #attachGeneric(
    name: string,
    ifindex: number,
    driver: string | undefined,
    failures: string[],
  ): Promise<Attached | undefined> {
    const veth = driver === 'veth';
    // A veth runs in generic mode only if configured: its peer could hide VLAN tags.
    if (veth && this.#wanted === 'auto') {
      failures.push('generic: the peer of a veth can hide VLAN tags');
      return undefined;
    }
    if (!veth && !(await this.#settings.keepTagsInFrame(name))) {
      failures.push('generic: the device strips VLAN tags (rxvlan cannot be turned off)');
      return undefined;
    }
    const generic = await this.#try('plain', ifindex, 'generic');
    if (generic === undefined) {
      const note = veth
        ? 'the peer MUST have VLAN acceleration off (ethtool -K ... txvlan off)'
        : 'VLAN tags in the frame';
      return { mode: 'generic', flags: flagsOf(name, driver), note, splitsSegments: false };
    }
    failures.push(`generic: ${generic}`);
    return undefined;
  }

  /** Attaches one program; returns why it failed, or undefined. */
  async #try(
    kind: 'plain' | 'bound',
    ifindex: number,
    mode: AttachMode,
  ): Promise<string | undefined> {
    const { native, generic } = await this.#attached.on(ifindex);
    const inTheWay = mode === 'native' ? generic : native;
    if (inTheWay !== 0) await this.detach(ifindex);
    if (this.#attached.isCurrent(mode === 'native' ? native : generic, kind)) return undefined;
    try {
      const use = (fd: number): Promise<number> => {
        this.#pins.pin(ifindex, fd);
        return this.#devices.attach(ifindex, fd, XDP_FLAG[mode]);
      };
      const prepared = kind === 'bound' ? this.#prepared.get(ifindex) : undefined;
      const errno = await (prepared === undefined
        ? this.#loader.withProgram(kind, ifindex, use)
        : use(prepared));
      await this.unpinDetached(ifindex);
      return errno === 0 ? undefined : errnoName(errno);
    } catch (error) {
      if (error instanceof ProgramRejected && kind === 'bound') return error.message;
      throw error;
    }
  }
}

function flagsOf(name: string, driver: string | undefined): number {
  return mayLeaveChecksumsOpen(name, driver) ? PORT_REF.checksumsOpen : 0;
}

function splits(driver: string | undefined, mode: AttachMode): boolean {
  return mode === 'native' && driver === 'veth';
}
