import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MAX_DEVICES } from '../../protocols/guest-channel/codec/limits.ts';
import type { GuestDevice } from '../../protocols/guest-channel/codec/messages.ts';
import { DEVICE_NAME } from '../../protocols/guest-channel/codec/rule.ts';

const ETHERNET = '1';
const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;

/** The network devices of a machine, read from sysfs. */
export interface Devices {
  list(): Promise<readonly GuestDevice[]>;
  state(name: string): Promise<DeviceState>;
}

/** Whether packets can leave by a device. */
export interface DeviceState {
  /** Another device with the same name has another one; undefined: there is no such device. */
  readonly ifindex: string | undefined;
  /** It is up and has a link. */
  readonly hasLink: boolean;
}

export class SysfsDevices implements Devices {
  readonly #folder: string;

  constructor(folder = '/sys/class/net') {
    this.#folder = folder;
  }

  async list(): Promise<readonly GuestDevice[]> {
    const names = (await readdir(this.#folder)).filter((name) => DEVICE_NAME.test(name));
    const devices = await Promise.all(names.slice(0, 4 * MAX_DEVICES).map((n) => this.#device(n)));
    return devices.filter((device) => device !== undefined).slice(0, MAX_DEVICES);
  }

  async state(name: string): Promise<DeviceState> {
    // Reading `carrier` fails while the device is down.
    const [carrier, ifindex] = await Promise.all([
      this.#read(name, 'carrier'),
      this.#read(name, 'ifindex'),
    ]);
    return { ifindex, hasLink: carrier === '1' };
  }

  async #device(name: string): Promise<GuestDevice | undefined> {
    const [type, address, mtu, flags, driver] = await Promise.all([
      this.#read(name, 'type'),
      this.#read(name, 'address'),
      this.#read(name, 'mtu'),
      this.#read(name, 'flags'),
      this.#driver(name),
    ]);
    const mac = (address ?? '').toLowerCase();
    if (type !== ETHERNET || !MAC.test(mac)) return undefined;
    const isUp = (Number(flags ?? 0) & 1) === 1;
    return { name, mac, driver, mtu: Number(mtu ?? 0), isUp, canRedirect: true };
  }

  async #driver(name: string): Promise<string> {
    try {
      return basename(await readlink(join(this.#folder, name, 'device', 'driver')));
    } catch {
      return '';
    }
  }

  async #read(name: string, file: string): Promise<string | undefined> {
    try {
      return (await readFile(join(this.#folder, name, file), 'utf8')).trim();
    } catch {
      return undefined;
    }
  }
}
