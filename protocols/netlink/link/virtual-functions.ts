import { NetlinkMalformed } from '../errors.ts';
import type { NetlinkRequest } from '../exchange.ts';
import type { NetlinkRequests } from '../requests.ts';
import { encodeStruct, type FieldValue, StructReader } from '../structs.ts';
import { AttributeReader, type AttributeRow, attributesOf } from '../tables.ts';
import { IFINFOMSG, LINK, LINK_VF, VF_FIELD, VF_LINK_STATE } from './tables.ts';

const RTM_GETLINK = 18;
const RTM_SETLINK = 19;
/** `RTEXT_FILTER_VF`: virtual functions are part of the answer. */
const WITH_VIRTUAL_FUNCTIONS = 1;
const MAC_BYTES = 6;

/** A virtual function as its physical function reports it. */
export interface VirtualFunction {
  readonly number: number;
  /** `02:00:00:00:00:01`. */
  readonly mac: string;
  /** 0: none. */
  readonly vlan: number;
  readonly spoofCheck: boolean;
  readonly linkState: keyof typeof VF_LINK_STATE;
  /** Most that it may send, Mbit/s; 0: no limit. */
  readonly maxTxMbps: number;
}

/** Settings of a virtual function; those left out stay as they are. */
export type VirtualFunctionSettings = Partial<Omit<VirtualFunction, 'number'>>;

/**
 * The virtual functions of a device; empty for one without.
 *
 * @throws {NetlinkRefused} {@link NetlinkUnusable} {@link NetlinkTimeout}
 */
export async function virtualFunctions(
  requests: NetlinkRequests,
  ifindex: number,
): Promise<readonly VirtualFunction[]> {
  const messages = await requests.request({
    name: 'RTM_GETLINK',
    type: RTM_GETLINK,
    payload: Buffer.concat([
      encodeStruct(IFINFOMSG.bytes, [IFINFOMSG.index.of(ifindex)]),
      LINK.extendedMask.of(WITH_VIRTUAL_FUNCTIONS),
    ]),
  });
  return messages.flatMap(({ payload }) => virtualFunctionsOf(payload));
}

/**
 * The virtual functions in a message of a device.
 *
 * @throws {NetlinkMalformed}
 */
export function virtualFunctionsOf(payload: Buffer): readonly VirtualFunction[] {
  if (payload.length < IFINFOMSG.bytes) throw new NetlinkMalformed(0, 'struct ifinfomsg');
  const attributes = new AttributeReader(payload.subarray(IFINFOMSG.bytes));
  return (attributes.get(LINK.virtualFunctionList) ?? []).flatMap((item) => {
    const found = new AttributeReader(item);
    const mac = found.get(LINK_VF.mac);
    if (mac === undefined) return [];
    const bytes = mac.get(VF_FIELD.mac).subarray(0, MAC_BYTES);
    const state = found.get(LINK_VF.linkState)?.get(VF_FIELD.linkState);
    const { disable, enable } = VF_LINK_STATE;
    return {
      number: mac.get(VF_FIELD.number),
      mac: bytes.toString('hex').replace(/..(?!$)/g, '$&:'),
      vlan: found.get(LINK_VF.vlan)?.get(VF_FIELD.vlan) ?? 0,
      // Drivers that cannot tell report all bits.
      spoofCheck: found.get(LINK_VF.spoofCheck)?.get(VF_FIELD.setting) === 1,
      linkState: state === disable ? 'disable' : state === enable ? 'enable' : 'auto',
      maxTxMbps: found.get(LINK_VF.rate)?.get(VF_FIELD.maxTxRate) ?? 0,
    } satisfies VirtualFunction;
  });
}

/**
 * Requests that set a virtual function: one for each setting, because a driver may lack one of them
 * and the kernel stops at the first refusal.
 */
export function setVirtualFunction(
  ifindex: number,
  number: number,
  settings: VirtualFunctionSettings,
): readonly NetlinkRequest[] {
  const { linkState, vlan, spoofCheck, maxTxMbps, mac } = settings;
  const requests: NetlinkRequest[] = [];
  const add = (row: AttributeRow<StructReader>, bytes: number, field: FieldValue): void => {
    requests.push(setting(ifindex, row, bytes, [VF_FIELD.number.of(number), field]));
  };
  if (linkState !== undefined) {
    add(LINK_VF.linkState, 8, VF_FIELD.linkState.of(VF_LINK_STATE[linkState]));
  }
  if (vlan !== undefined) add(LINK_VF.vlan, 12, VF_FIELD.vlan.of(vlan));
  if (spoofCheck !== undefined) {
    add(LINK_VF.spoofCheck, 8, VF_FIELD.setting.of(spoofCheck ? 1 : 0));
  }
  if (maxTxMbps !== undefined) add(LINK_VF.rate, 12, VF_FIELD.maxTxRate.of(maxTxMbps));
  if (mac !== undefined) {
    add(LINK_VF.mac, 36, VF_FIELD.mac.of(Buffer.from(mac.replaceAll(':', ''), 'hex')));
  }
  return requests;
}

function setting(
  ifindex: number,
  row: AttributeRow<StructReader>,
  bytes: number,
  fields: readonly FieldValue[],
): NetlinkRequest {
  const value = new StructReader(row.name, encodeStruct(bytes, fields));
  const item = attributesOf(row.of(value)).bytes;
  return {
    name: `RTM_SETLINK (${row.name})`,
    type: RTM_SETLINK,
    payload: Buffer.concat([
      encodeStruct(IFINFOMSG.bytes, [IFINFOMSG.index.of(ifindex)]),
      LINK.virtualFunctionList.of([item]),
    ]),
  };
}
