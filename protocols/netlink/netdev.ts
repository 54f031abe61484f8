import { dumpGeneric, type GenericFamily, genericFamily } from './generic.ts';
import type { NetlinkRequests } from './requests.ts';

/** Family and commands of Documentation/netlink/specs/netdev.yaml in the kernel (Linux 6.3). */
const FAMILY = 'netdev';
const DEVICE_GET = 1;
const ATTRIBUTE = { ifindex: 1, xdpFeatures: 3 } as const;

/** `NETDEV_XDP_ACT_NDO_XMIT`: other devices can redirect frames to it. */
const REDIRECT_TARGET = 1n << 2n;

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

  /** ifindexes of the devices that frames can be redirected to. */
  async redirectTargets(requests: NetlinkRequests): Promise<ReadonlySet<number>> {
    const devices = await dumpGeneric(requests, 'NETDEV_CMD_DEV_GET', this.#family.id, DEVICE_GET);
    const targets = devices.filter((attributes) => {
      const features = attributes.get(ATTRIBUTE.xdpFeatures);
      return features !== undefined && (features.readBigUInt64LE(0) & REDIRECT_TARGET) !== 0n;
    });
    return new Set(
      targets.map((attributes) => attributes.get(ATTRIBUTE.ifindex)?.readUInt32LE(0) ?? 0),
    );
  }
}
