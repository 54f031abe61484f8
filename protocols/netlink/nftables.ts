import { type Attributes, attributesIn, decodeAttributes, textOf } from './attributes.ts';
import { NetlinkRefused } from './errors.ts';
import type { NetlinkRequests } from './requests.ts';

/** `NFNL_SUBSYS_NFTABLES << 8` (include/uapi/linux/netfilter/nfnetlink.h). */
const NFTABLES = 10 << 8;

/** `NFT_MSG_*` (include/uapi/linux/netfilter/nf_tables.h). */
const MESSAGE = { getChain: 4, getFlowtable: 23 } as const;

/** `NFTA_CHAIN_*` and `NFTA_FLOWTABLE_*`. */
const CHAIN = { table: 1, name: 3, hook: 4 } as const;
const FLOWTABLE = { table: 1, name: 2, hook: 3 } as const;

/** `NFTA_HOOK_*` and `NFTA_FLOWTABLE_HOOK_*`. */
const CHAIN_HOOK = { number: 1, device: 3, devices: 4 } as const;
const FLOWTABLE_HOOK = { devices: 3 } as const;

/** `NF_NETDEV_EGRESS`; other chains of devices are at an ingress hook. */
const EGRESS = 1;

/** `NFTA_DEVICE_*`. */
const DEVICE = { name: 1, prefix: 2 } as const;

/** Bytes of `struct nfgenmsg`. */
const NFGENMSG_BYTES = 4;

/** `NFNLGRP_NFTABLES`. */
export const GROUP_NFTABLES = 7;

/** A base chain or a flowtable that is hooked to devices, at ingress or egress. */
export interface DeviceChain {
  readonly kind: 'chain' | 'flowtable';
  readonly direction: 'ingress' | 'egress';
  readonly table: string;
  readonly name: string;
  /** Names of devices; one that ends with `*` matches every name with that prefix. */
  readonly devices: readonly string[];
}

/**
 * All chains and flowtables of nftables that are hooked to devices; empty where the kernel has no
 * nftables.
 *
 * @throws {NetlinkRefused} {@link NetlinkUnusable}
 */
export async function deviceChains(
  requests: Pick<NetlinkRequests, 'dump'>,
): Promise<DeviceChain[]> {
  const foundChains = await dump(requests, 'NFT_MSG_GETCHAIN', MESSAGE.getChain);
  const chains = foundChains.map((attributes) => {
    const hook = nestedIn(attributes.get(CHAIN.hook));
    return {
      kind: 'chain' as const,
      direction: directionOf(hook.get(CHAIN_HOOK.number)),
      table: textOf(attributes.get(CHAIN.table)) ?? '',
      name: textOf(attributes.get(CHAIN.name)) ?? '',
      devices: devicesOf(hook),
    };
  });
  const foundTables = await dump(requests, 'NFT_MSG_GETFLOWTABLE', MESSAGE.getFlowtable);
  const flowtables = foundTables.map((attributes) => ({
    kind: 'flowtable' as const,
    direction: 'ingress' as const,
    table: textOf(attributes.get(FLOWTABLE.table)) ?? '',
    name: textOf(attributes.get(FLOWTABLE.name)) ?? '',
    devices: devicesIn(nestedIn(attributes.get(FLOWTABLE.hook)).get(FLOWTABLE_HOOK.devices)),
  }));
  return [...chains, ...flowtables].filter(({ devices }) => devices.length > 0);
}

async function dump(
  requests: Pick<NetlinkRequests, 'dump'>,
  name: string,
  message: number,
): Promise<Attributes[]> {
  try {
    // Of every family: netdev tables and the ingress hook of inet tables.
    const messages = await requests.dump(name, NFTABLES | message, Buffer.alloc(NFGENMSG_BYTES));
    return messages.map(({ payload }) => decodeAttributes(payload.subarray(NFGENMSG_BYTES)));
  } catch (error) {
    // nfnetlink_rcv_msg (net/netfilter/nfnetlink.c): no such subsystem or message in this kernel.
    if (error instanceof NetlinkRefused && error.code === 'EINVAL') return [];
    throw error;
  }
}

function nestedIn(attribute: Buffer | undefined): Attributes {
  return attribute === undefined ? new Map() : decodeAttributes(attribute);
}

function directionOf(hookNumber: Buffer | undefined): DeviceChain['direction'] {
  return hookNumber?.length === 4 && hookNumber.readUInt32BE(0) === EGRESS ? 'egress' : 'ingress';
}

/** A chain with one device lists it twice (nft_dump_basechain_hook in net/netfilter). */
function devicesOf(hook: Attributes): string[] {
  const one = textOf(hook.get(CHAIN_HOOK.device));
  const all = devicesIn(hook.get(CHAIN_HOOK.devices));
  return all.length === 0 && one !== undefined ? [one] : all;
}

/** A list of `NFTA_DEVICE_NAME`, or of `NFTA_DEVICE_PREFIX` (Linux 6.16). */
function devicesIn(list: Buffer | undefined): string[] {
  if (list === undefined) return [];
  return attributesIn(list).map(({ type, value }) => {
    const name = textOf(value) ?? '';
    return type === DEVICE.prefix ? `${name}*` : name;
  });
}
