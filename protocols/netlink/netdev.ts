import { dumpGeneric, type GenericFamily, genericFamily } from './generic.ts';
import type { NetlinkRequests } from './requests.ts';

/** Family and commands of Documentation/netlink/specs/netdev.yaml in the kernel (Linux 6.3). */
const FAMILY = 'netdev';
const DEVICE_GET = 1;
const ATTRIBUTE = { ifindex: 1, xdpFeatures: 3, metadataFeatures: 5 } as const;

/** `NETDEV_XDP_ACT_BASIC`: programs run in the driver. */
const BASIC = 1n << 0n;
/** `NETDEV_XDP_ACT_NDO_XMIT`: other devices can redirect frames to it. */
const REDIRECT_TARGET = 1n << 2n;
/** `NETDEV_XDP_ACT_NDO_XMIT_SG`: also frames of several buffers. */
const REDIRECT_TARGET_JUMBO = 1n << 6n;
/** `NETDEV_XDP_RX_METADATA_VLAN_TAG` (Linux 6.8). */
const VLAN_TAG = 1n << 2n;

/** What the driver of a device supports. */
export interface DeviceXdp {
  readonly ifindex: number;
  /** Programs run in the driver. */
  readonly isNative: boolean;
  /** Frames can be redirected to it. */
  readonly isRedirectTarget: boolean;
  /** Frames of several buffers can be redirected to it. */
  readonly takesJumbo: boolean;
  /** Programs can read the VLAN tag that it keeps as metadata. */
  readonly readsVlanTag: boolean;
}

/** XDP features of the devices of this namespace, as their drivers report them. */
export class XdpFeatures {
  readonly #family: GenericFamily;

  private constructor(family: GenericFamily) {
    this.#family = family;
  }

  /** Undefined where the kernel does not report them. */
  static async of(requests: NetlinkRequests): Promise<XdpFeatures | undefined> {
    const family = await genericFamily(requests, FAMILY);
    return family === undefined ? undefined : new XdpFeatures(family);
  }

  /** The multicast group of changes, if the kernel has one. */
  get group(): number | undefined {
    return this.#family.groups.get('mgmt');
  }

  /** What the drivers of all devices support. */
  async devices(requests: NetlinkRequests): Promise<DeviceXdp[]> {
    const devices = await dumpGeneric(requests, 'NETDEV_CMD_DEV_GET', this.#family.id, DEVICE_GET);
    return devices.map((attributes) => {
      const xdp = wordOf(attributes.get(ATTRIBUTE.xdpFeatures));
      return {
        ifindex: attributes.get(ATTRIBUTE.ifindex)?.readUInt32LE(0) ?? 0,
        isNative: (xdp & BASIC) !== 0n,
        isRedirectTarget: (xdp & REDIRECT_TARGET) !== 0n,
        takesJumbo: (xdp & REDIRECT_TARGET_JUMBO) !== 0n,
        readsVlanTag: (wordOf(attributes.get(ATTRIBUTE.metadataFeatures)) & VLAN_TAG) !== 0n,
      };
    });
  }

  /** The devices that frames can be redirected to, by ifindex. */
  async redirectTargets(requests: NetlinkRequests): Promise<ReadonlyMap<number, DeviceXdp>> {
    const devices = await this.devices(requests);
    const targets = devices.filter(({ isRedirectTarget }) => isRedirectTarget);
    return new Map(targets.map((device) => [device.ifindex, device]));
  }
}

function wordOf(value: Buffer | undefined): bigint {
  return value === undefined ? 0n : value.readBigUInt64LE(0);
}
