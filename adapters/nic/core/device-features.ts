import { Ethtool } from './ethtool.ts';
import type { NetworkLock } from './network-lock.ts';

/** `ETHTOOL_*` commands. */
const COMMAND = { strings: 0x1b, setInfo: 0x37, features: 0x3a } as const;

/** `ETH_SS_FEATURES`: the set of strings with the names of features. */
const FEATURE_NAMES = 4;
/** `ETH_GSTRING_LEN`. */
const NAME_BYTES = 32;
/** Bytes before the data of `struct ethtool_sset_info`, `ethtool_gstrings` and `ethtool_gfeatures`. */
const HEADER = { setInfo: 16, strings: 12, features: 8 } as const;
/** Bytes of `struct ethtool_get_features_block`, and where the active features are in it. */
const BLOCK = { bytes: 16, active: 8 } as const;
const BITS = 32;

/**
 * The features of devices by their names in `ethtool -k`'s source, such as `rx-gro`,
 * `tx-tcp-segmentation` and `hw-tc-offload`.
 */
export class DeviceFeatures {
  readonly #ethtool: Ethtool;

  constructor(lock: NetworkLock) {
    this.#ethtool = new Ethtool(lock);
  }

  /**
   * Names of the features that are on; undefined when the device does not report them.
   *
   * @throws {NetworkLockBusy}
   */
  async active(device: string): Promise<ReadonlySet<string> | undefined> {
    const names = await this.#names(device);
    if (names === undefined) return undefined;
    const blocks = Math.ceil(names.length / BITS);
    const request = Buffer.alloc(HEADER.features + blocks * BLOCK.bytes);
    request.writeUInt32LE(COMMAND.features, 0);
    request.writeUInt32LE(blocks, 4);
    if (!(await this.#ethtool.ask(device, request))) return undefined;
    return new Set(names.filter((name, bit) => name !== '' && isActive(request, bit)));
  }

  /** Names of all features, in the order of their bits. */
  async #names(device: string): Promise<readonly string[] | undefined> {
    const count = Buffer.alloc(HEADER.setInfo + 4);
    count.writeUInt32LE(COMMAND.setInfo, 0);
    count.writeBigUInt64LE(1n << BigInt(FEATURE_NAMES), 8);
    if (!(await this.#ethtool.ask(device, count))) return undefined;
    const length = count.readUInt32LE(HEADER.setInfo);
    const request = Buffer.alloc(HEADER.strings + length * NAME_BYTES);
    request.writeUInt32LE(COMMAND.strings, 0);
    request.writeUInt32LE(FEATURE_NAMES, 4);
    request.writeUInt32LE(length, 8);
    if (!(await this.#ethtool.ask(device, request))) return undefined;
    return Array.from({ length }, (_, i) => {
      const at = HEADER.strings + i * NAME_BYTES;
      const name = request.subarray(at, at + NAME_BYTES);
      return name.subarray(0, name.indexOf(0)).toString('latin1');
    });
  }
}

function isActive(features: Buffer, bit: number): boolean {
  const at = HEADER.features + Math.floor(bit / BITS) * BLOCK.bytes + BLOCK.active;
  return ((features.readUInt32LE(at) >>> (bit % BITS)) & 1) === 1;
}
