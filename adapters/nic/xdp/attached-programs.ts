import type { BpfPrograms, ProgramInfo } from '../core/bpf-programs.ts';
import type { DevicePrograms, XdpIds } from '../core/device-programs.ts';
import { PortUnusable, SystemCallFailed } from '../core/errors.ts';
import type { Maps } from '../core/maps.ts';
import type { PinnedPrograms } from '../core/pinned-programs.ts';
import type { ProgramLoader } from '../core/program-loader.ts';
import { PROGRAMS, type ProgramKind } from './programs.ts';
import { type XdpDevices, XDP_FLAG } from './xdp-devices.ts';

/** Id that the kernel reports for a device without a program. */
const NO_PROGRAM = 0;

/** What {@link AttachedPrograms} works with. */
export interface AttachedProgramsParts {
  readonly programs: BpfPrograms;
  readonly devices: XdpDevices;
  readonly onDevices: DevicePrograms;
  readonly pins: PinnedPrograms;
  readonly loader: ProgramLoader;
  readonly maps: Maps;
  readonly ownMaps: readonly { readonly id: number }[];
}

/** The programs that are attached to devices, and whose they are. */
export class AttachedPrograms {
  readonly #programs: BpfPrograms;
  readonly #devices: XdpDevices;
  readonly #onDevices: DevicePrograms;
  readonly #pins: PinnedPrograms;
  readonly #loader: ProgramLoader;
  readonly #mapIds: ReadonlySet<number>;
  readonly #controlIds: ReadonlySet<number>;

  constructor(parts: AttachedProgramsParts) {
    this.#programs = parts.programs;
    this.#devices = parts.devices;
    this.#onDevices = parts.onDevices;
    this.#pins = parts.pins;
    this.#loader = parts.loader;
    this.#mapIds = new Set([...parts.maps.ids(), ...parts.ownMaps.map(({ id }) => id)]);
    this.#controlIds = parts.maps.controlIds();
  }

  /** The programs on a device; none on a device that does not exist. @throws {NetworkLockBusy} */
  async on(ifindex: number): Promise<XdpIds> {
    try {
      return await this.#onDevices.xdp(ifindex);
    } catch (error) {
      if (!(error instanceof SystemCallFailed)) throw error;
      return { native: NO_PROGRAM, generic: NO_PROGRAM };
    }
  }

  /**
   * Checks that no other program is attached to a device.
   *
   * @throws {PortUnusable} {@link NetworkLockBusy}
   */
  async refuseForeign(name: string, ifindex: number): Promise<void> {
    const { native, generic } = await this.on(ifindex);
    for (const id of [native, generic]) {
      if (id !== NO_PROGRAM && !this.isOurs(id)) throw new PortUnusable(name, this.#foreign(id));
    }
  }

  /** True when one of our programs is attached to the device. */
  async isAttached(ifindex: number): Promise<boolean> {
    const { native, generic } = await this.on(ifindex);
    return this.isOurs(native) || this.isOurs(generic);
  }

  /** Detaches our programs from a device; no effect without such a program. */
  async detach(ifindex: number): Promise<void> {
    const { native, generic } = await this.on(ifindex);
    if (this.isOurs(native)) await this.#devices.detach(ifindex, XDP_FLAG.native);
    if (this.isOurs(generic)) await this.#devices.detach(ifindex, XDP_FLAG.generic);
    await this.unpinDetached(ifindex);
  }

  /** Unpins the programs that are not attached to the device any more, as when it is gone. */
  async unpinDetached(ifindex: number): Promise<void> {
    const { native, generic } = await this.on(ifindex);
    this.#pins.keepOnly(ifindex, [native, generic]);
  }

  /** True for programs that use the maps at our pin path, or the maps that those replaced. */
  isOurs(programId: number): boolean {
    return this.#info(programId)?.mapIds.some((id) => this.#controlIds.has(id)) ?? false;
  }

  /** True for a program that is identical to the one that would be loaded now. */
  isCurrent(programId: number, kind: ProgramKind): boolean {
    const info = this.#info(programId);
    return (
      info !== undefined &&
      info.name === PROGRAMS[kind] &&
      info.tag === this.#loader.tagOf(info.name) &&
      info.mapIds.every((id) => this.#mapIds.has(id))
    );
  }

  #foreign(id: number): string {
    const name = this.#info(id)?.name ?? '';
    const owner = `another XDP program (id ${id}${name === '' ? '' : `, ${name}`}) is attached to it`;
    const isNorikae = Object.values(PROGRAMS).some((ours) => ours === name);
    if (!isNorikae) return owner;
    return `${owner}: of a daemon with another pinPath, or left by one (ip link set ... xdp off)`;
  }

  #info(programId: number): ProgramInfo | undefined {
    if (programId === NO_PROGRAM) return undefined;
    const pinned = this.#pins.info(programId);
    if (pinned !== undefined) return pinned;
    try {
      // A program of a daemon that did not pin it, or of others.
      return this.#programs.programById(programId);
    } catch {
      return undefined; // Unloaded since the query, or without CAP_SYS_ADMIN.
    }
  }
}
