import { existsSync } from 'node:fs';
import { Ethtool } from '../core/ethtool.ts';
import type { NetworkLock } from '../core/network-lock.ts';
import { u32At } from '../core/records.ts';

const ETHTOOL_GDRVINFO = 3;
const ETHTOOL_GFLAGS = 0x25;
const ETHTOOL_SFLAGS = 0x26;
const ETHTOOL_GGRO = 0x2b;
const ETH_FLAG_RXVLAN = 1 << 8;

/** Drivers of devices whose peer is a hypervisor, which may pass on a guest's frames unchanged. */
const PARAVIRTUAL = new Set(['hv_netvsc', 'virtio_net', 'vmxnet3', 'xen_netfront', 'vif']);

/**
 * Device settings through the ethtool ioctl (`linux/ethtool.h`). Every call waits for the kernel's
 * network lock, in a worker thread.
 *
 * @throws {NetworkLockBusy} from each method
 */
export class DeviceSettings {
  readonly #ethtool: Ethtool;

  constructor(lock: NetworkLock) {
    this.#ethtool = new Ethtool(lock);
  }

  /** Name of the device's driver, such as `veth`; undefined when the device does not report one. */
  async driver(name: string): Promise<string | undefined> {
    const info = new Uint8Array(196);
    new DataView(info.buffer).setUint32(0, ETHTOOL_GDRVINFO, true);
    if (!(await this.#ethtool.ask(name, info))) return undefined;
    const text = info.subarray(4, 36);
    return Buffer.from(text.subarray(0, text.indexOf(0))).toString('latin1');
  }

  /** Whether GRO is on: the kernel then merges received packets, after XDP. */
  async mergesPackets(name: string): Promise<boolean> {
    const request = new Uint8Array(Uint32Array.of(ETHTOOL_GGRO, 0).buffer);
    return (await this.#ethtool.ask(name, request)) && u32At(request, 4) !== 0;
  }

  /**
   * Turns VLAN stripping off, so that XDP programs find tags in the frame. False when the device
   * keeps stripping.
   */
  async keepTagsInFrame(name: string): Promise<boolean> {
    const flags = await this.#flags(name);
    if ((flags & ETH_FLAG_RXVLAN) === 0) return true;
    const request = Uint32Array.of(ETHTOOL_SFLAGS, flags & ~ETH_FLAG_RXVLAN);
    await this.#ethtool.ask(name, new Uint8Array(request.buffer));
    return ((await this.#flags(name)) & ETH_FLAG_RXVLAN) === 0;
  }

  async #flags(name: string): Promise<number> {
    const request = new Uint8Array(Uint32Array.of(ETHTOOL_GFLAGS, 0).buffer);
    // A device without ethtool operations is a software device that does not strip tags.
    return (await this.#ethtool.ask(name, request)) ? u32At(request, 4) : 0;
  }
}

/**
 * Whether received frames can lack checksums that the sender left to its device. Frames from a wire
 * are complete; veth, tap and other software devices deliver what a sender on this host (or its
 * guest) queued.
 *
 * @param driver of the device, see {@link DeviceSettings.driver}
 */
export function mayLeaveChecksumsOpen(
  name: string,
  driver: string | undefined,
  sysClassNet = '/sys/class/net',
): boolean {
  if (!existsSync(`${sysClassNet}/${name}/device`)) return true;
  return PARAVIRTUAL.has(driver ?? '');
}
