import { AttachedPrograms } from './attached-programs.ts';
import type { BpfPrograms } from './bpf-programs.ts';
import { DeviceSettings, mayLeaveChecksumsOpen } from './device-settings.ts';
import { ProgramRejected } from './errors.ts';
import type { Libbpf } from './libbpf.ts';
import type { Maps } from './maps.ts';
import type { NetworkLock } from './network-lock.ts';
import type { XdpBackendOptions } from './options.ts';
import { PinnedPrograms } from './pinned-programs.ts';
import { PreparedPrograms } from './prepared-programs.ts';
import { type Attached, flagsOf, ProgramAttacher, splits } from './program-attacher.ts';
import type { ProgramLoader } from './program-loader.ts';
import { type AttachMode, XdpDevices } from './xdp-devices.ts';

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
 */
export class Attachment {
  readonly #loader: ProgramLoader;
  readonly #wanted: 'auto' | AttachMode;
  readonly #settings: DeviceSettings;
  readonly #pins: PinnedPrograms;
  readonly #prepared: PreparedPrograms;
  readonly #attached: AttachedPrograms;
  readonly #attacher: ProgramAttacher;

  private constructor(
    { libbpf, programs, loader, maps, lock }: AttachmentParts,
    { pinPath, mode }: Pick<XdpBackendOptions, 'pinPath' | 'mode'>,
  ) {
    this.#loader = loader;
    this.#wanted = mode;
    this.#settings = new DeviceSettings(lock);
    this.#pins = new PinnedPrograms(libbpf, programs, pinPath);
    this.#prepared = new PreparedPrograms(libbpf);
    const devices = new XdpDevices(lock);
    const [pins, prepared, settings] = [this.#pins, this.#prepared, this.#settings];
    const attached = new AttachedPrograms(programs, devices, pins, loader, maps);
    this.#attached = attached;
    const parts = { wanted: mode, loader, devices, settings, pins, prepared, attached };
    this.#attacher = new ProgramAttacher(parts);
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

  /** Attaches to a device; see {@link ProgramAttacher.attach}. */
  attach(name: string, ifindex: number): Promise<Attached> {
    return this.#attacher.attach(name, ifindex);
  }

  /** Detaches the program from a device; no effect when it is not attached. */
  detach(ifindex: number): Promise<void> {
    return this.#attached.detach(ifindex);
  }

  /** Unpins the programs that are not attached to the device any more, as when it is gone. */
  unpinDetached(ifindex: number): Promise<void> {
    return this.#attached.unpinDetached(ifindex);
  }

  /** True when the program is attached to the device. */
  isAttached(ifindex: number): Promise<boolean> {
    return this.#attached.isAttached(ifindex);
  }
}
