import { constants } from 'node:os';
import type { PlacedFilter, ReceiveFilter } from '../../../protocols/ethtool/receive-filter.ts';
import type { Insertion, TableInfo } from '../../../protocols/ethtool/receive-filters.ts';
import type { NetlinkRequests } from '../../../protocols/netlink/requests.ts';
import { registerAddress, unregisterAddress } from '../../../protocols/netlink/link/forwarding.ts';
import { links } from '../../../protocols/netlink/link/links.ts';
import { NetlinkRefused } from '../../../protocols/netlink/errors.ts';
import {
  setVirtualFunction,
  type VirtualFunction,
  virtualFunctions,
  type VirtualFunctionSettings,
} from '../../../protocols/netlink/link/virtual-functions.ts';
import { errnoName } from '../core/errors.ts';
import type { FilterDevice } from '../ntuple/keeper/filter-device.ts';
import { FilterLocations } from '../ntuple/keeper/filter-locations.ts';
import type { VfVm } from './options.ts';

const { EINVAL, EIO, ENODEV, ENOENT, ENOSPC, EOPNOTSUPP } = constants.errno;

/** Places from here on are those of receive filters: there are at most 256 virtual functions. */
const FIRST_FILTER = 512;

/** The driver does not let a virtual function be set. */
export class VfRefused extends Error {
  override readonly name = 'VfRefused';

  constructor(vf: number, errno: number) {
    super(`virtual function ${vf} cannot be closed or get its MAC address: ${errnoName(errno)}`);
  }
}

/** The NIC is not there. */
export class NoSuchNic extends Error {
  override readonly name = 'NoSuchNic';

  constructor(device: string) {
    super(`there is no device ${device}: name the physical function of the NIC as the uplink`);
  }
}

/** What the device needs of a VM. */
export type VfSettings = Pick<VfVm, 'vf' | 'vfMac' | 'vlan' | 'maxTxMbps' | 'trustGuest'>;

/** Reads and sets virtual functions. */
export interface VfControl {
  read(): Promise<readonly VirtualFunction[]>;
  /** Resolves to the errno of the first refusal, 0: all were set. */
  set(vf: number, settings: VirtualFunctionSettings): Promise<number>;
  /** Lets the physical function receive a MAC address (12 digits), or not. Resolves to the errno. */
  receive(mac: string, how: 'yes' | 'no'): Promise<number>;
}

/** Virtual functions of a device of this network namespace, over rtnetlink. */
export class LinkVfControl implements VfControl {
  readonly #requests: NetlinkRequests;
  readonly #device: string;
  #ifindex: number | undefined;

  constructor(requests: NetlinkRequests, device: string) {
    this.#requests = requests;
    this.#device = device;
  }

  async read(): Promise<readonly VirtualFunction[]> {
    return virtualFunctions(this.#requests, await this.#find());
  }

  async set(vf: number, settings: VirtualFunctionSettings): Promise<number> {
    const requests = setVirtualFunction(await this.#find(), vf, settings);
    for (const answer of await this.#requests.batch(requests)) {
      if (answer instanceof NetlinkRefused) return answer.errno || EIO;
    }
    return 0;
  }

  async receive(mac: string, how: 'yes' | 'no'): Promise<number> {
    const request = how === 'yes' ? registerAddress : unregisterAddress;
    const [answer] = await this.#requests.batch([
      request(await this.#find(), Buffer.from(mac, 'hex')),
    ]);
    return answer instanceof NetlinkRefused ? answer.errno || EIO : 0;
  }

  /** @throws {NoSuchNic} */
  async #find(): Promise<number> {
    if (this.#ifindex !== undefined) return this.#ifindex;
    const found = (await links(this.#requests)).find(({ name }) => name === this.#device);
    if (found === undefined) throw new NoSuchNic(this.#device);
    return (this.#ifindex = found.ifindex);
  }
}

/**
 * The virtual functions of a NIC as a table of receive filters, so that the keeper process guards
 * them, too. It has two places for each virtual function (VF):
 *
 * - a filter of a source MAC address opens the VF: its link is on, the NIC tags and limits what it
 *   sends and checks the source. Place `2 * vf`.
 * - a filter of a destination MAC address steers that address to the VF. Place `2 * vf + 1`.
 */
export class VfDevice implements FilterDevice {
  readonly #control: VfControl;
  readonly #vms: ReadonlyMap<number, VfSettings>;
  readonly #filters: FilterDevice | undefined;
  /** Places of receive filters; undefined: the device chooses them. */
  #locations: FilterLocations | undefined;
  /** Addresses that are steered, by VF. */
  readonly #steered = new Map<number, string>();

  /** @param filters the NIC's receive filters, for keys of other kinds than `ether` */
  constructor(control: VfControl, vms: readonly VfSettings[], filters?: FilterDevice) {
    this.#control = control;
    this.#vms = new Map(vms.map((vm) => [vm.vf, vm]));
    this.#filters = filters;
  }

  /** Closes each VF and gives it its own address. @throws {VfRefused} */
  async prepare(): Promise<void> {
    for (const { vf, vfMac } of this.#vms.values()) {
      const errno =
        (await this.#setLink(vf, 'disable')) || (await this.#control.set(vf, { mac: vfMac }));
      if (errno !== 0) throw new VfRefused(vf, errno);
    }
    const filters = this.#filters;
    if (filters === undefined) return;
    const table = await filters.info();
    if (table.choosesLocations) return;
    const used = (await filters.list()).map(({ location }) => location);
    this.#locations = new FilterLocations(table, used);
  }

  async info(): Promise<TableInfo> {
    const placed = await this.list();
    return { used: placed.length, places: 2 * this.#vms.size, choosesLocations: true };
  }

  async insert(filter: ReceiveFilter): Promise<Insertion> {
    const { key, target } = filter;
    if (key.kind !== 'ether' && this.#filters !== undefined) {
      return this.#insertFilter(this.#filters, filter);
    }
    const { sourceMac, destinationMac } = key;
    const vm = target.vf === undefined ? undefined : this.#vms.get(target.vf);
    if (vm === undefined) return { errno: ENODEV };
    if (key.kind !== 'ether' || (sourceMac === undefined) === (destinationMac === undefined)) {
      return { errno: EINVAL };
    }
    const { vf, vlan, maxTxMbps, trustGuest } = vm;
    const opens = sourceMac !== undefined;
    const errno = opens
      ? await this.#open(vf, {
          ...(vlan === 0 ? {} : { vlan }),
          ...(maxTxMbps === 0 ? {} : { maxTxMbps }),
          spoofCheck: !trustGuest,
        })
      : await this.#steer(vf, destinationMac ?? '');
    return errno === 0 ? { location: 2 * vf + (opens ? 0 : 1) } : { errno };
  }

  async delete(location: number): Promise<number> {
    if (location >= FIRST_FILTER) return this.#deleteFilter(location - FIRST_FILTER);
    const vm = this.#vms.get(location >> 1);
    if (vm === undefined) return ENODEV;
    const opens = location % 2 === 0;
    return opens ? this.#setLink(vm.vf, 'disable') : this.#unsteer(vm);
  }

  async list(): Promise<readonly PlacedFilter[]> {
    const placed: PlacedFilter[] = [];
    for (const { number, mac, linkState } of await this.#control.read()) {
      const vm = this.#vms.get(number);
      if (vm === undefined) continue;
      const target = { vf: number, queue: 0 };
      if (linkState !== 'disable') {
        // Whose source MAC address it was opened for is not known to the NIC.
        placed.push({ location: 2 * number, filter: { key: opening(number), target } });
      }
      if (mac !== vm.vfMac) {
        placed.push({ location: 2 * number + 1, filter: { key: steering(mac), target } });
      }
    }
    for (const { location, filter } of (await this.#filters?.list()) ?? []) {
      placed.push({ location: location + FIRST_FILTER, filter });
    }
    return placed;
  }

  async #insertFilter(filters: FilterDevice, filter: ReceiveFilter): Promise<Insertion> {
    const chosen = this.#locations?.take();
    if (this.#locations !== undefined && chosen === undefined) return { errno: ENOSPC };
    const inserted = await filters.insert(filter, chosen);
    if ('location' in inserted) return { location: inserted.location + FIRST_FILTER };
    if (chosen !== undefined) this.#locations?.free(chosen);
    return inserted;
  }

  async #deleteFilter(location: number): Promise<number> {
    const errno = (await this.#filters?.delete(location)) ?? ENODEV;
    if (errno === 0 || errno === ENOENT) this.#locations?.free(location);
    return errno;
  }

  /** The VF receives the address before the physical function stops to: for a moment both do. */
  async #steer(vf: number, mac: string): Promise<number> {
    const errno = await this.#control.set(vf, { mac: macText(mac) });
    if (errno !== 0) return errno;
    this.#steered.set(vf, mac);
    // A function that does not list the address receives it because it is promiscuous.
    await this.#control.receive(mac, 'no');
    return 0;
  }

  /** In the opposite order. An address of a killed keeper is not known: the NIC's default is to do. */
  async #unsteer({ vf, vfMac }: VfSettings): Promise<number> {
    const mac = this.#steered.get(vf);
    if (mac !== undefined) await this.#control.receive(mac, 'yes');
    const errno = await this.#control.set(vf, { mac: vfMac });
    if (errno === 0) this.#steered.delete(vf);
    return errno;
  }

  async #open(vf: number, settings: VirtualFunctionSettings): Promise<number> {
    return (await this.#control.set(vf, settings)) || this.#setLink(vf, 'auto');
  }

  /** Drivers that cannot switch the link (igb) leave it on; then the spoof check is what is left. */
  async #setLink(vf: number, linkState: 'auto' | 'disable'): Promise<number> {
    const errno = await this.#control.set(vf, { linkState });
    return errno === EOPNOTSUPP ? 0 : errno;
  }
}

/** The key that opens a VF: a source address made of its number. */
export function opening(vf: number): ReceiveFilter['key'] {
  return { kind: 'ether', sourceMac: `0200000000${vf.toString(16).padStart(2, '0')}` };
}

/** The key that steers a MAC address, as `02:00:00:00:00:01`. */
export function steering(mac: string): ReceiveFilter['key'] {
  return { kind: 'ether', destinationMac: mac.replaceAll(':', '') };
}

function macText(digits: string): string {
  return digits.replaceAll(/..(?!$)/g, '$&:');
}
