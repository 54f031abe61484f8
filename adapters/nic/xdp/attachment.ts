import { existsSync } from 'node:fs';
import { DeviceSettings } from './device.ts';
import {
  ObjectUnusable,
  PortUnusable,
  ProgramRejected,
  SystemCallFailed,
  errnoName,
} from './errors.ts';
import type { Libbpf, ProgramInfo } from './libbpf.ts';
import { MAP_NAMES } from './maps.ts';
import type { Maps } from './maps.ts';
import type { XdpBackendOptions } from './options.ts';
import { PreparedPrograms } from './prepared-programs.ts';
import { PinnedPrograms } from './pinned-programs.ts';
import { PORT_REF } from './records.ts';

/** How packets of a device reach the program. */
export type AttachMode = 'native' | 'generic';

/** Flags of bpf_xdp_attach (`linux/if_link.h`). */
const XDP_FLAG: Record<AttachMode, number> = { generic: 2, native: 4 };

const PROGRAMS = {
  plain: 'norikae_plain',
  bound: 'norikae_bound',
  guard: 'norikae_guard',
  lease: 'norikae_lease',
} as const;
/** Id that the kernel reports for a device without a program. */
const NO_PROGRAM = 0;
const LOG_BYTES = 16 * 1024 * 1024;
const LOG_TAIL = 400;

/** The result of attaching; `flags` are those of `struct port_ref`. */
export interface Attached {
  readonly mode: AttachMode;
  readonly flags: number;
  /** A note on how the port is served. */
  readonly note: string;
}

/**
 * Drivers to whose devices a program can be attached, and from which it can be detached, under
 * traffic. Others reset their queues or the link.
 */
const LIVE_DRIVERS: ReadonlySet<string | undefined> = new Set(['veth', 'tun']);

/**
 * Loads the program and attaches it to devices.
 *
 * A device may strip the VLAN tag from the frame and keep it as metadata. A program that cannot
 * read the metadata would match the packet as untagged. So the program is attached as `bound` where
 * the driver reports the tag (native mode, Linux 6.8 and later, veth and most hardware), and
 * elsewhere only once stripping is off. On a veth, stripping depends on the peer.
 */
export class Attachment {
  readonly #libbpf: Libbpf;
  readonly #maps: Maps;
  readonly #objectPath: string;
  readonly #wanted: 'auto' | AttachMode;
  readonly #settings = new DeviceSettings();
  readonly #pins: PinnedPrograms;
  readonly #prepared: PreparedPrograms;
  readonly #mapIds: ReadonlySet<number>;
  readonly #controlIds: ReadonlySet<number>;
  /** Tags of the programs that were loaded, by name. */
  readonly #tags = new Map<string, string>();

  constructor(
    libbpf: Libbpf,
    maps: Maps,
    { objectPath, pinPath, mode }: Pick<XdpBackendOptions, 'objectPath' | 'pinPath' | 'mode'>,
  ) {
    this.#libbpf = libbpf;
    this.#pins = new PinnedPrograms(libbpf, pinPath);
    this.#prepared = new PreparedPrograms(libbpf);
    this.#maps = maps;
    this.#objectPath = objectPath;
    this.#wanted = mode;
    this.#mapIds = maps.ids();
    this.#controlIds = maps.controlIds();
    for (const ifindex of this.#pins.devices()) this.unpinDetached(ifindex);
  }

  /**
   * Loads one of the programs for as long as `use` runs. `ifindex`: device of `bound`.
   *
   * @throws {ProgramRejected} {@link ObjectUnusable}
   */
  async withProgram<T>(
    which: keyof typeof PROGRAMS,
    ifindex: number,
    use: (fd: number) => T | Promise<T>,
  ): Promise<T> {
    let first: ProgramRejected;
    try {
      return await this.#load(which, ifindex, new Uint8Array(0), use);
    } catch (error) {
      if (!(error instanceof ProgramRejected)) throw error;
      first = error;
    }
    // Retry with the verifier's log; the first attempt may also have been interrupted by a signal.
    try {
      return await this.#load(which, ifindex, new Uint8Array(LOG_BYTES), use);
    } catch (error) {
      if (!(error instanceof ProgramRejected)) throw error;
      throw new ProgramRejected(PROGRAMS[which], first.errno, error.log);
    }
  }

  async #load<T>(
    which: keyof typeof PROGRAMS,
    ifindex: number,
    log: Uint8Array,
    use: (fd: number) => T | Promise<T>,
  ): Promise<T> {
    const libbpf = this.#libbpf;
    if (!existsSync(this.#objectPath)) throw new ObjectUnusable(this.#objectPath, 'no such file');
    const object = libbpf.openObject(this.#objectPath);
    if (object === null) throw new ObjectUnusable(this.#objectPath, 'no BPF object file');
    try {
      const program = libbpf.program(object, PROGRAMS[which]);
      for (const other of Object.values(PROGRAMS)) {
        if (other !== PROGRAMS[which]) libbpf.skipProgram(libbpf.program(object, other));
      }
      if (which === 'bound') libbpf.bindProgram(program, ifindex);
      for (const name of MAP_NAMES) libbpf.useMap(object, name, this.#maps.fd[name]);
      if (log.length > 0) libbpf.logInto(program, log);
      const errno = await libbpf.loadObject(object);
      if (errno !== 0) throw new ProgramRejected(PROGRAMS[which], errno, tail(log));
      const fd = libbpf.programFd(program);
      this.#tags.set(PROGRAMS[which], libbpf.programInfo(fd).tag);
      return await use(fd);
    } finally {
      libbpf.closeObject(object);
    }
  }

  /** Whether the program can be attached to and detached from the device under traffic. */
  canAttachLive(name: string): boolean {
    return LIVE_DRIVERS.has(this.#settings.driver(name));
  }

  /** True if the device's peer has no segmentation offload while a program is attached. */
  splitsSegments(name: string, mode: AttachMode): boolean {
    return mode === 'native' && this.#settings.driver(name) === 'veth';
  }

  /**
   * True if the vSwitch gets packets as the device's sender queued them, in segments larger than the
   * MTU too. Meaningful only without a program, which turns GRO on.
   */
  showsSegments(name: string): boolean {
    return this.#settings.mayLeaveChecksumsOpen(name) && !this.#settings.mergesPackets(name);
  }

  /**
   * How {@link attach} is expected to attach to a device that {@link canAttachLive}.
   *
   * @throws {PortUnusable} if another program is attached to it
   */
  expected(name: string, ifindex: number): Attached {
    this.#refuseForeign(name, ifindex);
    const mode = this.#wanted === 'generic' ? 'generic' : 'native';
    const flags = this.#settings.mayLeaveChecksumsOpen(name) ? PORT_REF.checksumsOpen : 0;
    return { mode, flags, note: '' };
  }

  /** Loads the program that {@link attach} is expected to need, so that it need not wait for it. */
  async prepare(ifindex: number): Promise<void> {
    if (this.#wanted === 'generic' || this.#prepared.has(ifindex)) return;
    try {
      await this.withProgram('bound', ifindex, (fd) => this.#prepared.keep(ifindex, fd));
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
    this.#refuseForeign(name, ifindex);
    const failures: string[] = [];
    const veth = this.#settings.driver(name) === 'veth';
    const open = this.#settings.mayLeaveChecksumsOpen(name) ? PORT_REF.checksumsOpen : 0;
    if (this.#wanted !== 'generic') {
      const inFrame = !veth && this.#settings.keepTagsInFrame(name);
      const bound = await this.#try('bound', ifindex, 'native');
      if (bound === undefined) {
        return {
          mode: 'native',
          flags: open | (inFrame ? PORT_REF.tagsInFrame : 0),
          note: 'VLAN tags are read from metadata',
        };
      }
      failures.push(`native: ${bound}`);
      if (inFrame) {
        const plain = await this.#try('plain', ifindex, 'native');
        if (plain === undefined) {
          return { mode: 'native', flags: open, note: 'VLAN tags in the frame' };
        }
        failures.push(`native, unbound: ${plain}`);
      }
    }
    if (this.#wanted !== 'native') {
      // A veth runs in generic mode only if configured: its peer could hide VLAN tags.
      if (veth && this.#wanted === 'auto') {
        failures.push('generic: the peer of a veth can hide VLAN tags');
      } else if (!veth && !this.#settings.keepTagsInFrame(name)) {
        failures.push('generic: the device strips VLAN tags (rxvlan cannot be turned off)');
      } else {
        const generic = await this.#try('plain', ifindex, 'generic');
        const note = veth
          ? 'the peer MUST have VLAN acceleration off (ethtool -K ... txvlan off)'
          : 'VLAN tags in the frame';
        if (generic === undefined) {
          return { mode: 'generic', flags: open, note };
        }
        failures.push(`generic: ${generic}`);
      }
    }
    throw new PortUnusable(name, `XDP cannot be attached: ${failures.join('; ')}`);
  }

  /**
   * Detects redirects that a device drops, and stops redirecting to it for some seconds, while the
   * returned descriptor is open. Undefined where the kernel does not allow it.
   */
  async startGuard(): Promise<number | undefined> {
    try {
      return await this.withProgram('guard', 0, (fd) =>
        this.#libbpf.openTracepoint('xdp_redirect_err', fd),
      );
    } catch (error) {
      if (error instanceof ProgramRejected || error instanceof SystemCallFailed) return undefined;
      throw error;
    }
  }

  /** Detaches the program from a device; no effect when it is not attached. */
  detach(ifindex: number): void {
    const { native, generic } = this.#attached(ifindex);
    if (this.#isOurs(native)) this.#libbpf.detachXdp(ifindex, XDP_FLAG.native);
    if (this.#isOurs(generic)) this.#libbpf.detachXdp(ifindex, XDP_FLAG.generic);
    this.unpinDetached(ifindex);
  }

  /** Unpins the programs that are not attached to the device any more, as when it is gone. */
  unpinDetached(ifindex: number): void {
    const { native, generic } = this.#attached(ifindex);
    this.#pins.keepOnly(ifindex, [native, generic]);
  }

  /** True when the program is attached to the device. */
  isAttached(ifindex: number): boolean {
    const { native, generic } = this.#attached(ifindex);
    return this.#isOurs(native) || this.#isOurs(generic);
  }

  /** Attaches one program; returns why it failed, or undefined. */
  async #try(
    which: keyof typeof PROGRAMS,
    ifindex: number,
    mode: AttachMode,
  ): Promise<string | undefined> {
    const { native, generic } = this.#attached(ifindex);
    const inTheWay = mode === 'native' ? generic : native;
    if (inTheWay !== 0) this.detach(ifindex);
    if (this.#isCurrent(mode === 'native' ? native : generic, which)) return undefined;
    try {
      const use = (fd: number): Promise<number> => {
        this.#pins.pin(ifindex, fd);
        return this.#libbpf.attachXdp(ifindex, fd, XDP_FLAG[mode]);
      };
      const prepared = which === 'bound' ? this.#prepared.get(ifindex) : undefined;
      const errno = await (prepared === undefined
        ? this.withProgram(which, ifindex, use)
        : use(prepared));
      this.unpinDetached(ifindex);
      return errno === 0 ? undefined : errnoName(errno);
    } catch (error) {
      if (error instanceof ProgramRejected && which === 'bound') return error.message;
      throw error;
    }
  }

  #refuseForeign(name: string, ifindex: number): void {
    const { native, generic } = this.#attached(ifindex);
    for (const id of [native, generic]) {
      if (id !== 0 && !this.#isOurs(id)) {
        throw new PortUnusable(name, this.#foreign(id));
      }
    }
  }

  #attached(ifindex: number): { readonly native: number; readonly generic: number } {
    try {
      return this.#libbpf.queryXdp(ifindex);
    } catch {
      return { native: 0, generic: 0 };
    }
  }

  #foreign(id: number): string {
    const name = this.#info(id)?.name ?? '';
    const owner = `another XDP program (id ${id}${name === '' ? '' : `, ${name}`}) is attached to it`;
    const isNorikae = name === PROGRAMS.plain || name === PROGRAMS.bound;
    if (!isNorikae) return owner;
    return `${owner}: of a daemon with another pinPath, or left by one (ip link set ... xdp off)`;
  }

  /** True for programs that use the maps at our pin path, or the maps that those replaced. */
  #isOurs(programId: number): boolean {
    return this.#info(programId)?.mapIds.some((id) => this.#controlIds.has(id)) ?? false;
  }

  /** True for a program that is identical to the one that would be loaded now. */
  #isCurrent(programId: number, which: keyof typeof PROGRAMS): boolean {
    const info = this.#info(programId);
    return (
      info !== undefined &&
      info.name === PROGRAMS[which] &&
      info.tag === this.#tags.get(info.name) &&
      info.mapIds.every((id) => this.#mapIds.has(id))
    );
  }

  #info(programId: number): ProgramInfo | undefined {
    if (programId === NO_PROGRAM) return undefined;
    const pinned = this.#pins.info(programId);
    if (pinned !== undefined) return pinned;
    try {
      // A program of a daemon that did not pin it, or of others.
      return this.#libbpf.programById(programId);
    } catch {
      return undefined; // Unloaded since the query, or without CAP_SYS_ADMIN.
    }
  }
}

function tail(log: Uint8Array): string {
  const text = Buffer.from(log.subarray(0, log.indexOf(0))).toString('latin1');
  return text.slice(-LOG_TAIL).trim().replaceAll('\n', '; ');
}
