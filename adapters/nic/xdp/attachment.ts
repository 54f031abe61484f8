import { AttachedPrograms } from './attached-programs.ts';
import { DeviceSettings, mayLeaveChecksumsOpen } from './device-settings.ts';
import { DevicePrograms } from '../core/device-programs.ts';
import { mtuOf } from '../core/device.ts';
import { ProgramRejected } from '../core/errors.ts';
import type { Attached } from '../core/attached.ts';
import type { Attachment, HookTools } from '../core/hook.ts';
import type { XdpBackendOptions } from './options.ts';
import { PinnedPrograms } from '../core/pinned-programs.ts';
import { PreparedPrograms } from './prepared-programs.ts';
import { flagsOf, ProgramAttacher, splits } from './program-attacher.ts';
import type { ProgramLoader } from '../core/program-loader.ts';
import { boundKind, programFor } from './programs.ts';
import { type AttachMode, XdpDevices } from './xdp-devices.ts';

/**
 * Drivers to whose devices a program can be attached, and from which it can be detached, under
 * traffic. Others reset their queues or the link.
 */
const LIVE_DRIVERS: ReadonlySet<string | undefined> = new Set(['veth', 'tun']);

/** Bytes of an Ethernet header with a VLAN tag. */
const L2_BYTES = 18;

/** What an attachment works with. */
export interface AttachmentParts extends HookTools {
  readonly loader: ProgramLoader;
  /** The maps that only XDP programs use. */
  readonly ownMaps: readonly { readonly id: number }[];
}

/** Attaches XDP programs to devices. */
export class XdpAttachment implements Attachment {
  readonly #loader: ProgramLoader;
  readonly #wanted: 'auto' | AttachMode;
  readonly #settings: DeviceSettings;
  readonly #pins: PinnedPrograms;
  readonly #prepared: PreparedPrograms;
  readonly #attached: AttachedPrograms;
  readonly #attacher: ProgramAttacher;

  private constructor(
    { libbpf, programs, loader, maps, ownMaps, lock, own }: AttachmentParts,
    mode: XdpBackendOptions['mode'],
  ) {
    this.#loader = loader;
    this.#wanted = mode;
    this.#settings = new DeviceSettings(lock);
    this.#pins = new PinnedPrograms(libbpf, programs, maps.pinPath, 'xdp');
    this.#prepared = new PreparedPrograms(libbpf);
    const devices = new XdpDevices(lock);
    const [pins, prepared, settings] = [this.#pins, this.#prepared, this.#settings];
    const attached = new AttachedPrograms({
      programs,
      devices,
      onDevices: new DevicePrograms(lock),
      pins,
      loader,
      maps,
      ownMaps,
    });
    this.#attached = attached;
    own.add((programId) => attached.isOurs(programId));
    const parts = { wanted: mode, loader, devices, settings, pins, prepared, attached };
    this.#attacher = new ProgramAttacher(parts);
  }

  /** Reads the pins of an earlier daemon, and removes those without an attached program. */
  static async open(
    parts: AttachmentParts,
    mode: XdpBackendOptions['mode'],
  ): Promise<XdpAttachment> {
    const attachment = new XdpAttachment(parts, mode);
    for (const ifindex of attachment.#pins.devices()) await attachment.unpinDetached(ifindex);
    return attachment;
  }

  /** Whether the program can be attached to and detached from the device under traffic. */
  async canAttachLive(name: string): Promise<boolean> {
    return LIVE_DRIVERS.has(await this.#settings.driver(name));
  }

  /**
   * A sender on this host can queue more than the MTU and leave it unfinished to its device; no
   * program can redirect that. The vSwitch shows such segments only without a program, which turns
   * GRO on.
   */
  async maxBytes(name: string): Promise<number> {
    const driver = await this.#settings.driver(name);
    const showsSegments =
      mayLeaveChecksumsOpen(name, driver) && !(await this.#settings.mergesPackets(name));
    return showsSegments ? mtuOf(name) + L2_BYTES : Infinity;
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
    const splitsSegments = splits(driver, mode);
    const isJumbo = mode === 'native' && boundKind(mtuOf(name)) === 'jumbo';
    return { hook: 'xdp', mode, flags: flagsOf(name, driver), note: '', splitsSegments, isJumbo };
  }

  /** Loads the program that {@link attach} is expected to need, so that it need not wait for it. */
  async prepare(name: string, ifindex: number): Promise<void> {
    const kind = boundKind(mtuOf(name));
    if (this.#wanted === 'generic' || this.#prepared.has(ifindex, kind)) return;
    try {
      await this.#loader.withProgram(programFor(kind, ifindex), (fd) =>
        this.#prepared.keep(ifindex, kind, fd),
      );
    } catch (error) {
      if (!(error instanceof ProgramRejected)) throw error;
      this.#prepared.keep(ifindex, kind, undefined);
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

  async isElsewhere(): Promise<boolean> {
    return false;
  }

  /** True when the program is attached to the device. */
  isAttached(ifindex: number): Promise<boolean> {
    return this.#attached.isAttached(ifindex);
  }
}
