import { existsSync, readFileSync } from 'node:fs';
import koffi from 'koffi';
import { SystemCallFailed } from './errors.ts';
import { u32At } from './records.ts';

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

/** Current ifindex of a device by name; undefined when it does not exist. */
export function ifindexOf(name: string, sysClassNet = '/sys/class/net'): number | undefined {
  try {
    return Number.parseInt(readFileSync(`${sysClassNet}/${name}/ifindex`, 'utf8'), 10);
  } catch {
    return undefined;
  }
}

/** Largest IP packet of a device, bytes; Infinity when it does not exist. */
export function mtuOf(name: string, sysClassNet = '/sys/class/net'): number {
  try {
    return Number.parseInt(readFileSync(`${sysClassNet}/${name}/mtu`, 'utf8'), 10);
  } catch {
    return Infinity;
  }
}

/** Device settings through the ethtool ioctl (`linux/ethtool.h`). */
export class DeviceSettings {
  readonly #ifreq = koffi.struct({
    name: koffi.array('uint8', 16, 'Typed'),
    data: 'void *',
    rest: koffi.array('uint8', 16, 'Typed'),
  });
  readonly #libc = koffi.load(null);
  readonly #socket = this.#libc.func('int socket(int domain, int type, int protocol)');
  readonly #ioctl = this.#libc.func('ioctl', 'int', [
    'int',
    'unsigned long',
    koffi.pointer(this.#ifreq),
  ]);
  readonly #close = this.#libc.func('int close(int fd)');

  /** Name of the device's driver, such as `veth`; undefined when the device does not report one. */
  driver(name: string): string | undefined {
    const info = new Uint8Array(196);
    new DataView(info.buffer).setUint32(0, ETHTOOL_GDRVINFO, true);
    if (this.#ethtool(name, info) !== 0) return undefined;
    const text = info.subarray(4, 36);
    return Buffer.from(text.subarray(0, text.indexOf(0))).toString('latin1');
  }

  /**
   * Whether received frames can lack checksums that the sender left to its device. Frames from a
   * wire are complete; veth, tap and other software devices deliver what a sender on this host (or
   * its guest) queued.
   */
  mayLeaveChecksumsOpen(name: string, sysClassNet = '/sys/class/net'): boolean {
    if (!existsSync(`${sysClassNet}/${name}/device`)) return true;
    return PARAVIRTUAL.has(this.driver(name) ?? '');
  }

  /** Whether GRO is on: the kernel then merges received packets, after XDP. */
  mergesPackets(name: string): boolean {
    const request = new Uint8Array(Uint32Array.of(ETHTOOL_GGRO, 0).buffer);
    return this.#ethtool(name, request) === 0 && u32At(request, 4) !== 0;
  }

  /**
   * Turns VLAN stripping off, so that XDP programs find tags in the frame. False when the device
   * keeps stripping.
   */
  keepTagsInFrame(name: string): boolean {
    const flags = this.#flags(name);
    if ((flags & ETH_FLAG_RXVLAN) === 0) return true;
    const request = Uint32Array.of(ETHTOOL_SFLAGS, flags & ~ETH_FLAG_RXVLAN);
    this.#ethtool(name, new Uint8Array(request.buffer));
    return (this.#flags(name) & ETH_FLAG_RXVLAN) === 0;
  }

  #flags(name: string): number {
    const request = new Uint8Array(Uint32Array.of(ETHTOOL_GFLAGS, 0).buffer);
    const errno = this.#ethtool(name, request);
    // A device without ethtool operations is a software device that does not strip tags.
    return errno === 0 ? u32At(request, 4) : 0;
  }

  #ethtool(name: string, request: Uint8Array): number {
    const fd: number = this.#socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
    if (fd < 0) throw new SystemCallFailed('socket', koffi.errno(), 'ethtool');
    const padded = new Uint8Array(16);
    padded.set(Buffer.from(name, 'latin1').subarray(0, 15));
    const result: number = this.#ioctl(fd, SIOCETHTOOL, {
      name: padded,
      data: request,
      rest: new Uint8Array(16),
    });
    const errno = result < 0 ? koffi.errno() : 0;
    this.#close(fd);
    return errno;
  }
}
