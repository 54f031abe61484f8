import { NetlinkMalformed } from '../errors.ts';
import type { NetlinkRequests } from '../requests.ts';
import { AttributeReader } from '../tables.ts';
import { dpIfindexOf, OVS_HEADER_BYTES, type OvsFamilies, ovsPayload } from './families.ts';
import { COMMAND, DATAPATH, DP_STATS, VPORT } from './tables.ts';

/** A datapath of the kernel. */
export interface Datapath {
  /** Of its local port: `ovs-system`. */
  readonly name: string;
  /** Identifies it in requests. */
  readonly ifindex: number;
  readonly flows: number;
}

/** A port of a datapath. */
export interface Vport {
  readonly number: number;
  readonly name: string;
  /** `OVS_VPORT_TYPE_*`. */
  readonly type: number;
  /** Of its device; undefined before Linux 5.4 and for tunnels without a device. */
  readonly ifindex: number | undefined;
}

/**
 * All datapaths of this network namespace.
 *
 * @throws {NetlinkRefused} {@link NetlinkUnusable} {@link NetlinkTimeout}
 */
export async function datapaths(
  requests: NetlinkRequests,
  { datapath }: OvsFamilies,
): Promise<Datapath[]> {
  const payload = ovsPayload(COMMAND.get, datapath, 0);
  const messages = await requests.dump('OVS_DP_CMD_GET', datapath.id, payload);
  return messages.map((message) => {
    const attributes = attributesOf(message.payload);
    const stats = attributes.get(DATAPATH.stats);
    return {
      name: required(attributes.get(DATAPATH.name), 'OVS_DP_ATTR_NAME'),
      ifindex: dpIfindexOf(message.payload),
      flows: Number(stats?.get(DP_STATS.flows) ?? 0n),
    };
  });
}

/** All ports of a datapath. @param dpIfindex of the datapath */
export async function vports(
  requests: NetlinkRequests,
  { vport }: OvsFamilies,
  dpIfindex: number,
): Promise<Vport[]> {
  const payload = ovsPayload(COMMAND.get, vport, dpIfindex);
  const messages = await requests.dump('OVS_VPORT_CMD_GET', vport.id, payload);
  return messages.map((message) => {
    const attributes = attributesOf(message.payload);
    return {
      number: required(attributes.get(VPORT.portNo), 'OVS_VPORT_ATTR_PORT_NO'),
      name: required(attributes.get(VPORT.name), 'OVS_VPORT_ATTR_NAME'),
      type: required(attributes.get(VPORT.type), 'OVS_VPORT_ATTR_TYPE'),
      ifindex: attributes.get(VPORT.ifindex),
    };
  });
}

function attributesOf(payload: Buffer): AttributeReader {
  return new AttributeReader(payload.subarray(OVS_HEADER_BYTES));
}

function required<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw new NetlinkMalformed(OVS_HEADER_BYTES, name);
  return value;
}
