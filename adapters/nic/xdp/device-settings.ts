import { existsSync } from 'node:fs';
import koffi from 'koffi';
import { SystemCallFailed } from '../core/errors.ts';
import { inWorker, loadClose } from '../core/libbpf-library.ts';
import type { NetworkLock } from '../core/network-lock.ts';
import { u32At } from '../core/records.ts';

const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SIOCETHTOOL = 0x8946;
const ETHTOOL_GDRVINFO = 3;
const ETHTOOL_GFLAGS = 0x25;
const ETHTOOL_SFLAGS = 0x26;
const ETHTOOL_GGRO = 0x2b;
const ETH_FLAG_RXVLAN = 1 << 8;

/** Drivers of devices whose peer is a hypervisor, which may pass on a guest's frames unchanged. */
const PARAVIRTUAL = new Set(['hv_netvsc', 'virtio_net', 'vmxnet3', 'xen_netfront', 'vif']);

/** Offsets in `struct ifreq`, and the longest name of a device. */
const IFREQ = { name: 0, data: 16, bytes: 40 } as const;
const NAME_BYTES = 15;

/**
 * Device settings through the ethtool ioctl (`linux/ethtool.h`). Every call waits for the kernel's
 * network lock, in a worker thread.
 *
 * @throws {NetworkLockBusy} from each method
 */
export class DeviceSettings {
  readonly #libc = koffi.load(null);
  readonly #socket = this.#libc.func('int socket(int domain, int type, int protocol)');
  readonly #ioctl = this.#libc.func('int ioctl(int fd, unsigned long request, void *argument)');
  readonly #close = loadClose();
  readonly #lock: NetworkLock;

  constructor(lock: NetworkLock) {
    this.#lock = lock;
  }

  /** Name of the device's driver, such as `veth`; undefined when the device does not report one. */
  async driver(name: string): Promise<string | undefined> {
    const info = new Uint8Array(196);
    new DataView(info.buffer).setUint32(0, ETHTOOL_GDRVINFO, true);
    if (!(await this.#ethtool(name, info))) return undefined;
    const text = info.subarray(4, 36);
    return Buffer.from(text.subarray(0, text.indexOf(0))).toString('latin1');
  }

  /** Whether GRO is on: the kernel then merges received packets, after XDP. */
  async mergesPackets(name: string): Promise<boolean> {
    const request = new Uint8Array(Uint32Array.of(ETHTOOL_GGRO, 0).buffer);
    return (await this.#ethtool(name, request)) && u32At(request, 4) !== 0;
  }

  /**
   * Turns VLAN stripping off, so that XDP programs find tags in the frame. False when the device
   * keeps stripping.
   */
  async keepTagsInFrame(name: string): Promise<boolean> {
    const flags = await this.#flags(name);
    if ((flags & ETH_FLAG_RXVLAN) === 0) return true;
    const request = Uint32Array.of(ETHTOOL_SFLAGS, flags & ~ETH_FLAG_RXVLAN);
    await this.#ethtool(name, new Uint8Array(request.buffer));
    return ((await this.#flags(name)) & ETH_FLAG_RXVLAN) === 0;
  }

  async #flags(name: string): Promise<number> {
    const request = new Uint8Array(Uint32Array.of(ETHTOOL_GFLAGS, 0).buffer);
    // A device without ethtool operations is a software device that does not strip tags.
    return (await this.#ethtool(name, request)) ? u32At(request, 4) : 0;
  }

  /** False when the device refuses. The answer is in `request`. */
  #ethtool(name: string, request: Uint8Array): Promise<boolean> {
    return this.#lock.run(`reading settings of ${name}`, async () => {
      const fd: number = this.#socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
      if (fd < 0) throw new SystemCallFailed('socket', koffi.errno(), 'ethtool');
      const ifreq = Buffer.alloc(IFREQ.bytes);
      ifreq.write(name.slice(0, NAME_BYTES), IFREQ.name, 'latin1');
      ifreq.writeBigUInt64LE(koffi.address(request), IFREQ.data);
      try {
        const call = (done: (error: unknown, result: number) => void): void =>
          this.#ioctl.async(fd, SIOCETHTOOL, ifreq, done);
        return (await inWorker([ifreq, request], call)) === 0;
      } finally {
        this.#close(fd);
      }
    });
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
