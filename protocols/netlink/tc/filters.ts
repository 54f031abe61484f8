import { NetlinkMalformed } from '../errors.ts';
import { FLAG } from '../message.ts';
import type { NetlinkRequest } from '../exchange.ts';
import type { NetlinkRequests } from '../requests.ts';
import { encodeStruct, StructReader } from '../structs.ts';
import { AttributeReader, attributesOf } from '../tables.ts';
import { GACT, MIRRED, TC_MIRRED } from './action-tables.ts';
import {
  ACT,
  BASIC_STATS,
  FILTER_FLAGS,
  infoOf,
  priorityOf,
  protocolOf,
  STATS,
  TC,
  TC_GEN,
  TCMSG,
} from './tables.ts';
import { FLOWER } from './flower-table.ts';

const RTM_NEWTFILTER = 44;
const RTM_DELTFILTER = 45;
const RTM_GETTFILTER = 46;

/** Where a filter is. */
export interface FilterPlace {
  readonly ifindex: number;
  /** `PARENT.clsactIngress` and its siblings. */
  readonly parent: number;
  /** 1 to 65535; lower ones come first. */
  readonly priority: number;
  /** Ethertype; 3 (`ETH_P_ALL`) for any. */
  readonly protocol: number;
  readonly handle: number;
}

/** A request that creates a filter; refused with `EEXIST` when there is one at its place. */
export function newFilter(
  place: FilterPlace,
  kind: string,
  options: readonly Buffer[],
): NetlinkRequest {
  return settingFilter(place, kind, options, FLAG.create | FLAG.exclusive);
}

/** A request that replaces a filter atomically; refused with `ENOENT` when it does not exist. */
export function replaceFilter(
  place: FilterPlace,
  kind: string,
  options: readonly Buffer[],
): NetlinkRequest {
  return settingFilter(place, kind, options, FLAG.replace);
}

function settingFilter(
  place: FilterPlace,
  kind: string,
  options: readonly Buffer[],
  flags: number,
): NetlinkRequest {
  return {
    name: 'RTM_NEWTFILTER',
    type: RTM_NEWTFILTER,
    flags,
    payload: Buffer.concat([
      tcmsg(place),
      TC.kind.of(kind),
      TC.options.of(attributesOf(...options)),
    ]),
  };
}

/** A request that deletes a filter; refused with `ENOENT` when it does not exist. */
export function deleteFilter(place: FilterPlace, kind: string): NetlinkRequest {
  return {
    name: 'RTM_DELTFILTER',
    type: RTM_DELTFILTER,
    payload: Buffer.concat([tcmsg(place), TC.kind.of(kind)]),
  };
}

function tcmsg({ ifindex, parent, priority, protocol, handle }: FilterPlace): Buffer {
  return encodeStruct(TCMSG.bytes, [
    TCMSG.ifindex.of(ifindex),
    TCMSG.handle.of(handle),
    TCMSG.parent.of(parent),
    TCMSG.info.of(infoOf(priority, protocol)),
  ]);
}

/** An action of a filter. */
export interface FilterAction {
  readonly kind: string;
  /** What happens to the packet afterwards: `VERDICT`; undefined for kinds not known here. */
  readonly verdict: number | undefined;
  /** `MIRRED_TO` and device of a redirect or mirror. */
  readonly to: { readonly how: number; readonly ifindex: number } | undefined;
  /** At most 16 bytes; undefined when it was created without. */
  readonly cookie: Buffer | undefined;
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly options: AttributeReader;
}

/** A filter of the classifier `flower`. */
export interface FlowerFilter extends FilterPlace {
  readonly chain: number;
  readonly isInHardware: boolean;
  readonly options: AttributeReader;
  readonly actions: readonly FilterAction[];
}

/**
 * The `flower` filters at a place; other kinds are left out.
 *
 * @throws {NetlinkRefused} {@link NetlinkUnusable} {@link DumpInterrupted} {@link NetlinkTimeout}
 */
export async function flowerFilters(
  requests: NetlinkRequests,
  ifindex: number,
  parent: number,
): Promise<FlowerFilter[]> {
  const payload = encodeStruct(TCMSG.bytes, [TCMSG.ifindex.of(ifindex), TCMSG.parent.of(parent)]);
  const messages = await requests.dump('RTM_GETTFILTER', RTM_GETTFILTER, payload);
  return messages
    .map((message) => flowerOf(message.payload))
    .filter((filter) => filter !== undefined);
}

/**
 * The `flower` filter in a message; undefined for another kind, and for the head of a list.
 *
 * @throws {NetlinkMalformed}
 */
export function flowerOf(payload: Buffer): FlowerFilter | undefined {
  if (payload.length < TCMSG.bytes) throw new NetlinkMalformed(0, 'struct tcmsg');
  const header = new StructReader('tcmsg', payload);
  const attributes = new AttributeReader(payload.subarray(TCMSG.bytes));
  const options = attributes.get(TC.options);
  const handle = header.get(TCMSG.handle);
  if (attributes.get(TC.kind) !== 'flower' || options === undefined || handle === 0) {
    return undefined;
  }
  const info = header.get(TCMSG.info);
  return {
    ifindex: header.get(TCMSG.ifindex),
    parent: header.get(TCMSG.parent),
    priority: priorityOf(info),
    protocol: protocolOf(info),
    handle,
    chain: attributes.get(TC.chain) ?? 0,
    isInHardware: ((options.get(FLOWER.filterFlags) ?? 0) & FILTER_FLAGS.inHardware) !== 0,
    options,
    actions: (options.get(FLOWER.actions) ?? []).map(actionOf),
  };
}

function actionOf(item: Buffer): FilterAction {
  const attributes = new AttributeReader(item);
  const kind = attributes.get(ACT.kind) ?? '';
  const options = attributes.get(ACT.options) ?? attributesOf();
  const stats = attributes.get(ACT.stats);
  const basic = stats?.get(STATS.basic);
  const mirred = kind === 'mirred' ? options.get(MIRRED.parameters) : undefined;
  const parameters = mirred ?? (kind === 'gact' ? options.get(GACT.parameters) : undefined);
  return {
    kind,
    verdict: parameters?.get(TC_GEN.action),
    to:
      mirred === undefined
        ? undefined
        : { how: mirred.get(TC_MIRRED.to), ifindex: mirred.get(TC_MIRRED.ifindex) },
    cookie: attributes.get(ACT.cookie),
    packets: stats?.get(STATS.packets64) ?? BigInt(basic?.get(BASIC_STATS.packets) ?? 0),
    bytes: basic?.get(BASIC_STATS.bytes) ?? 0n,
    options,
  };
}
