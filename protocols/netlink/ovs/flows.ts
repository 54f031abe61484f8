import type { NetlinkAnswer, NetlinkRequest } from '../exchange.ts';
import type { NetlinkRequests } from '../requests.ts';
import { type OvsFamilies, ovsPayload } from './families.ts';
import { COMMAND, FLOW, OMIT } from './tables.ts';

/** A ufid has 128 bits. */
export const UFID_BYTES = 16;

/** What an answer leaves out of a flow that has a ufid. */
export const TERSE = OMIT.key | OMIT.mask | OMIT.actions;

/**
 * The payload of a dump of all flows.
 *
 * @param omit {@link OMIT}
 */
export function flowDump({ flow }: OvsFamilies, dpIfindex: number, omit: number): Buffer {
  return ovsPayload(COMMAND.get, flow, dpIfindex, FLOW.ufidFlags.of(omit));
}

/** A request for one flow, with key, mask and actions. */
export function flowRequest(
  { flow }: OvsFamilies,
  dpIfindex: number,
  ufid: Buffer,
): NetlinkRequest {
  return {
    name: 'OVS_FLOW_CMD_GET',
    type: flow.id,
    payload: ovsPayload(COMMAND.get, flow, dpIfindex, FLOW.ufid.of(ufid)),
  };
}

/** Flows by ufid, in the order of `ufids`; refused with `ENOENT` when a flow is gone. */
export function flowsOf(
  requests: NetlinkRequests,
  families: OvsFamilies,
  dpIfindex: number,
  ufids: readonly Buffer[],
  signal?: AbortSignal,
): Promise<NetlinkAnswer[]> {
  const all = ufids.map((ufid) => flowRequest(families, dpIfindex, ufid));
  return requests.batch(all, signal);
}
