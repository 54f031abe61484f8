import { type GenericFamily, genericFamily } from '../generic.ts';
import type { NetlinkRequests } from '../requests.ts';

/** The families of the Open vSwitch kernel datapath, with this kernel's numbers. */
export interface OvsFamilies {
  readonly datapath: GenericFamily;
  readonly vport: GenericFamily;
  readonly flow: GenericFamily;
}

/**
 * Undefined when the kernel has no Open vSwitch, or its module is not loaded.
 *
 * @throws {NetlinkRefused} {@link NetlinkUnusable} {@link NetlinkTimeout}
 */
export async function ovsFamilies(requests: NetlinkRequests): Promise<OvsFamilies | undefined> {
  const datapath = await genericFamily(requests, 'ovs_datapath');
  const vport = await genericFamily(requests, 'ovs_vport');
  const flow = await genericFamily(requests, 'ovs_flow');
  if (datapath === undefined || vport === undefined || flow === undefined) return undefined;
  return { datapath, vport, flow };
}

/** Bytes of `struct genlmsghdr` and `struct ovs_header`, after which the attributes begin. */
export const OVS_HEADER_BYTES = 8;

/** A payload for any of the families. @param dpIfindex of the datapath; 0 for all of them */
export function ovsPayload(
  command: number,
  { version }: GenericFamily,
  dpIfindex: number,
  ...attributes: readonly Buffer[]
): Buffer {
  const header = Buffer.alloc(OVS_HEADER_BYTES);
  header.writeUInt8(command, 0);
  header.writeUInt8(version, 1);
  header.writeInt32LE(dpIfindex, 4);
  return Buffer.concat([header, ...attributes]);
}

/** The ifindex of the datapath that a message is about. */
export function dpIfindexOf(payload: Buffer): number {
  return payload.length < OVS_HEADER_BYTES ? 0 : payload.readInt32LE(4);
}
