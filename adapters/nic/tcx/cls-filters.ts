import { constants } from 'node:os';
import { NetlinkRefused } from '../../../protocols/netlink/errors.ts';
import type { NetlinkRequest } from '../../../protocols/netlink/exchange.ts';
import { announceLink } from '../../../protocols/netlink/link/links.ts';
import { NetlinkRequests } from '../../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../../protocols/netlink/socket.ts';
import {
  deleteFilter,
  type FilterPlace,
  newFilter,
  replaceFilter,
} from '../../../protocols/netlink/tc/filters.ts';
import { deleteClsact, newClsact } from '../../../protocols/netlink/tc/qdiscs.ts';
import { BPF, BPF_FLAGS, FILTER_FLAGS } from '../../../protocols/netlink/tc/tables.ts';
import { filters, PARENT } from '../../../protocols/netlink/tc/traffic-control.ts';
import type { NetworkLock } from '../core/network-lock.ts';
import type { PinnedPrograms } from '../core/pinned-programs.ts';
import type { ClsactMarks } from './clsact-marks.ts';
import type { IngressPoint } from './ingress-point.ts';

const KIND = 'bpf';
const FILTER_NAME = 'norikae';
/** `ETH_P_ALL`. */
const ANY_PROTOCOL = 3;
/**
 * The last two: filters that appear run before ours, until the port is given back. What counts packets is
 * behind the entries, so that it never sees those that they take.
 */
export const CLS_PRIORITY = { entries: 0xfffe, behindEntries: 0xffff } as const;
const HANDLE = 1;

const { EEXIST, EINVAL, ENODEV, ENOENT } = constants.errno;

/** What {@link ClsFilters} works with. */
export interface ClsFiltersParts {
  readonly lock: NetworkLock;
  readonly pins: PinnedPrograms;
  readonly marks: ClsactMarks;
  /** Those of our other filters: the last of both removes the qdisc. */
  readonly otherMarks: ClsactMarks;
  readonly priority: number;
  /** Whether the vSwitch waits until a device has no `clsact` any more. */
  readonly isAwaited: (ifindex: number) => boolean;
}

/** A filter of ours that a device has. */
interface OwnFilter {
  readonly programId: number;
  readonly priority: number;
}

/**
 * tc filters of the kind `bpf` at ingress, one for each device. A filter belongs to its device and
 * outlives the daemon, so its program is pinned, and a later daemon recognises the filter by it.
 *
 * A filter needs the qdisc `clsact` (or `ingress`), of which a device has one at most. It is added
 * where it is missing, and removed with the filter unless it has other filters by then.
 */
export class ClsFilters implements IngressPoint {
  readonly #lock: NetworkLock;
  readonly #pins: PinnedPrograms;
  readonly #marks: ClsactMarks;
  readonly #otherMarks: ClsactMarks;
  readonly #priority: number;
  readonly #isAwaited: (ifindex: number) => boolean;
  readonly #route = new NetlinkRequests(PROTOCOL.route);

  constructor({ lock, pins, marks, otherMarks, priority, isAwaited }: ClsFiltersParts) {
    this.#lock = lock;
    this.#pins = pins;
    this.#marks = marks;
    this.#otherMarks = otherMarks;
    this.#priority = priority;
    this.#isAwaited = isAwaited;
  }

  /** Removes the pins and marks of an earlier daemon whose device, or its filter, is gone. */
  async open(): Promise<void> {
    const known = new Set([...this.#pins.devices(), ...this.#marks.devices()]);
    for (const ifindex of known) await this.unpinDetached(ifindex);
  }

  isOurs(programId: number): boolean {
    return this.#pins.info(programId) !== undefined;
  }

  devices(): readonly number[] {
    return [...this.#pins.devices()];
  }

  isAttached(ifindex: number): Promise<boolean> {
    return this.#lock.run(
      `reading the filter of device ${ifindex}`,
      async () => (await this.#filterAt(ifindex)) !== undefined,
    );
  }

  attach(ifindex: number, programFd: number, programId: number): Promise<void> {
    return this.#lock.run(`adding a filter to device ${ifindex}`, async () => {
      const now = await this.#filterAt(ifindex);
      const isInPlace = now?.priority === this.#priority;
      if (isInPlace && now.programId === programId) return;
      this.#pins.pin(ifindex, programFd);
      try {
        if (isInPlace) {
          const place = placeAt(ifindex, this.#priority);
          await this.#route.request(replaceFilter(place, KIND, options(programFd)));
        } else {
          await this.#add(ifindex, programFd);
          // That of an earlier version.
          if (now !== undefined) await this.#delete(ifindex, now.priority);
        }
      } catch (error) {
        this.#pins.keepOnly(ifindex, now === undefined ? [] : [now.programId]);
        throw error;
      }
      this.#pins.keepOnly(ifindex, [programId]);
    });
  }

  detach(ifindex: number): Promise<void> {
    return this.#lock.run(`removing the filter of device ${ifindex}`, async () => {
      const now = await this.#filterAt(ifindex);
      if (now !== undefined) await this.#delete(ifindex, now.priority);
      await this.#removeClsact(ifindex);
      this.#pins.keepOnly(ifindex, []);
    });
  }

  unpinDetached(ifindex: number): Promise<void> {
    return this.#lock.run(`reading the filter of device ${ifindex}`, async () => {
      if ((await this.#filterAt(ifindex)) !== undefined) return;
      this.#pins.keepOnly(ifindex, []);
      // The device can be another one by now, and the qdisc that of another program.
      this.#marks.remove(ifindex);
    });
  }

  /** Forgets which qdiscs a daemon has added: those that are left have filters of others. */
  unpin(): void {
    for (const ifindex of this.#marks.devices()) this.#marks.remove(ifindex);
  }

  close(): void {
    this.#route.close();
  }

  /** Our filter on a device; undefined without one. */
  async #filterAt(ifindex: number): Promise<OwnFilter | undefined> {
    if (!this.#pins.has(ifindex)) return undefined;
    for (const filter of await filters(this.#route, ifindex, PARENT.clsactIngress)) {
      const { programId, priority } = filter;
      if (programId !== undefined && this.isOurs(programId)) return { programId, priority };
    }
    return undefined;
  }

  async #add(ifindex: number, programFd: number): Promise<void> {
    const filter = newFilter(placeAt(ifindex, this.#priority), KIND, options(programFd));
    // Refused with EEXIST where there is such a qdisc; then the filter is added to that one.
    const isNew = await this.#unless([EEXIST], newClsact(ifindex));
    if (isNew || this.#otherMarks.has(ifindex)) this.#marks.add(ifindex);
    try {
      await this.#route.request(filter);
    } catch (error) {
      await this.#removeClsact(ifindex);
      throw error;
    }
  }

  async #delete(ifindex: number, priority: number): Promise<void> {
    await this.#unless([ENOENT, ENODEV], deleteFilter(placeAt(ifindex, priority), KIND));
  }

  /** Removes the qdisc from a device, if a daemon has added it and it has no filters. */
  async #removeClsact(ifindex: number): Promise<void> {
    if (!this.#marks.has(ifindex)) return;
    if (!(await this.#isUnused(ifindex))) return;
    await this.#unless([ENOENT, ENODEV, EINVAL], deleteClsact(ifindex));
    this.#marks.remove(ifindex);
    this.#otherMarks.remove(ifindex);
    if (this.#isAwaited(ifindex)) await this.#announce(ifindex);
  }

  /** Makes the vSwitch try again what it could not do beside the qdisc. */
  async #announce(ifindex: number): Promise<void> {
    try {
      await announceLink(this.#route, ifindex);
    } catch (error) {
      // The device is gone.
      if (!(error instanceof NetlinkRefused) || error.errno !== ENODEV) throw error;
    }
  }

  async #isUnused(ifindex: number): Promise<boolean> {
    for (const parent of [PARENT.clsactIngress, PARENT.clsactEgress]) {
      if ((await filters(this.#route, ifindex, parent)).length > 0) return false;
    }
    return true;
  }

  /** Makes a request; false when it was refused with one of the errors. */
  async #unless(errnos: readonly number[], request: NetlinkRequest): Promise<boolean> {
    try {
      await this.#route.request(request);
      return true;
    } catch (error) {
      if (error instanceof NetlinkRefused && errnos.includes(error.errno)) return false;
      throw error;
    }
  }
}

function placeAt(ifindex: number, priority: number): FilterPlace {
  const parent = PARENT.clsactIngress;
  return { ifindex, parent, priority, protocol: ANY_PROTOCOL, handle: HANDLE };
}

function options(programFd: number): readonly Buffer[] {
  return [
    BPF.file.of(programFd),
    BPF.name.of(FILTER_NAME),
    BPF.flags.of(BPF_FLAGS.directAction),
    BPF.flagsGeneric.of(FILTER_FLAGS.skipHardware),
  ];
}
