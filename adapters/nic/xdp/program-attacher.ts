import { release } from 'node:os';
import type { AttachedPrograms } from './attached-programs.ts';
import { type DeviceSettings, mayLeaveChecksumsOpen } from './device-settings.ts';
import { mtuOf } from '../core/device.ts';
import { PortUnusable, ProgramRejected, errnoName } from '../core/errors.ts';
import type { PinnedPrograms } from '../core/pinned-programs.ts';
import type { PreparedPrograms } from './prepared-programs.ts';
import type { ProgramLoader } from '../core/program-loader.ts';
import type { Attached } from '../core/attached.ts';
import { PORT_REF } from '../core/records.ts';
import { boundKind, type ProgramKind, programFor } from './programs.ts';
import { type AttachMode, type XdpDevices, XDP_FLAG } from './xdp-devices.ts';

/** First Linux whose programs can read VLAN tags from metadata (`bpf_xdp_metadata_rx_vlan_tag`). */
const TAGS_SINCE = [6, 8] as const;

const NO_TAGS =
  `XDP on a veth needs Linux ${TAGS_SINCE.join('.')}, because its peer can hide VLAN tags, and this ` +
  `is ${release()}; on the kernel datapath, backend.adapter "auto" needs only Linux 5.18`;

/** What an attacher works with. */
export interface ProgramAttacherParts {
  readonly wanted: 'auto' | AttachMode;
  readonly loader: ProgramLoader;
  readonly devices: XdpDevices;
  readonly settings: DeviceSettings;
  readonly pins: PinnedPrograms;
  readonly prepared: PreparedPrograms;
  readonly attached: AttachedPrograms;
}

/**
 * Attaches the program to a device in the first mode that works.
 *
 * A device may strip the VLAN tag from the frame and keep it as metadata. A program that cannot
 * read the metadata would match the packet as untagged. So the program is attached as `bound` where
 * the driver reports the tag (native mode, Linux 6.8 and later, veth and most hardware), and
 * elsewhere only once stripping is off. On a veth, stripping depends on the peer.
 */
export class ProgramAttacher {
  readonly #wanted: 'auto' | AttachMode;
  readonly #loader: ProgramLoader;
  readonly #devices: XdpDevices;
  readonly #settings: DeviceSettings;
  readonly #pins: PinnedPrograms;
  readonly #prepared: PreparedPrograms;
  readonly #attached: AttachedPrograms;

  constructor(parts: ProgramAttacherParts) {
    this.#wanted = parts.wanted;
    this.#loader = parts.loader;
    this.#devices = parts.devices;
    this.#settings = parts.settings;
    this.#pins = parts.pins;
    this.#prepared = parts.prepared;
    this.#attached = parts.attached;
  }

  /**
   * Attaches to a device and atomically replaces an earlier version of the program. A program of
   * the same build with the same maps stays, if this process has loaded that build for another
   * device (which takes tens of ms).
   *
   * @throws {PortUnusable} with what was tried and why it failed
   * @throws {NetworkLockBusy} the program may still be attached later
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

  async #attachNative(
    name: string,
    ifindex: number,
    driver: string | undefined,
    failures: string[],
  ): Promise<Attached | undefined> {
    const open = flagsOf(name, driver);
    const splitsSegments = splits(driver, 'native');
    const inFrame = driver !== 'veth' && (await this.#settings.keepTagsInFrame(name));
    const kind = boundKind(mtuOf(name));
    const bound = await this.#try(kind, ifindex, 'native');
    if (bound === undefined) {
      const flags = open | (inFrame ? PORT_REF.tagsInFrame : 0);
      const note = 'VLAN tags are read from metadata';
      const isJumbo = kind === 'jumbo';
      return { hook: 'xdp', mode: 'native', flags, note, splitsSegments, isJumbo };
    }
    const hidesTags = driver === 'veth' && !readsTags();
    failures.push(`native: ${hidesTags ? NO_TAGS : bound}`);
    if (!inFrame) return undefined;
    const plain = await this.#try('plain', ifindex, 'native');
    if (plain === undefined) {
      return {
        hook: 'xdp',
        mode: 'native',
        flags: open,
        note: 'VLAN tags in the frame',
        splitsSegments,
        isJumbo: false,
      };
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
      return {
        hook: 'xdp',
        mode: 'generic',
        flags: flagsOf(name, driver),
        note,
        splitsSegments: false,
        isJumbo: false,
      };
    }
    failures.push(`generic: ${generic}`);
    return undefined;
  }

  /** Attaches one program; returns why it failed, or undefined. */
  async #try(kind: ProgramKind, ifindex: number, mode: AttachMode): Promise<string | undefined> {
    const { native, generic } = await this.#attached.on(ifindex);
    const inTheWay = mode === 'native' ? generic : native;
    if (inTheWay !== 0) await this.#attached.detach(ifindex);
    if (this.#attached.isCurrent(mode === 'native' ? native : generic, kind)) return undefined;
    try {
      const use = (fd: number): Promise<number> => {
        this.#pins.pin(ifindex, fd);
        return this.#devices.attach(ifindex, fd, XDP_FLAG[mode]);
      };
      const prepared = this.#prepared.get(ifindex, kind);
      const errno = await (prepared === undefined
        ? this.#loader.withProgram(programFor(kind, ifindex), use)
        : use(prepared));
      await this.#attached.unpinDetached(ifindex);
      return errno === 0 ? undefined : errnoName(errno);
    } catch (error) {
      if (error instanceof ProgramRejected && kind !== 'plain') return error.message;
      throw error;
    }
  }
}

/** The flags of `struct port_ref` that the device itself decides. */
export function flagsOf(name: string, driver: string | undefined): number {
  return mayLeaveChecksumsOpen(name, driver) ? PORT_REF.checksumsOpen : 0;
}

/** Whether the device's peer loses segmentation offload while the program is attached. */
export function splits(driver: string | undefined, mode: AttachMode): boolean {
  return mode === 'native' && driver === 'veth';
}

/** Whether this kernel lets programs read the VLAN tags that a driver keeps as metadata. */
function readsTags(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const [since, sinceMinor] = TAGS_SINCE;
  return major > since || (major === since && minor >= sinceMinor);
}
