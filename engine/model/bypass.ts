import type { FlowSpec } from './flow.ts';
import type { PortInfo } from './port.ts';
import { qosRefusal } from './qos.ts';
import type { Refusal } from './refusal.ts';

/** What a path past the vSwitch would bypass at a port. */
export type PortBypass = Pick<PortInfo, 'shaped' | 'policed' | 'exports' | 'heartbeatLimit'>;

/**
 * Refusal of a flow that the vSwitch has to see: because of QoS, because its bridge exports what it
 * sees, or because rules would idle out. Undefined for other flows.
 *
 * @param portOf a port by name; undefined for an unknown port, which does not lead to a refusal
 * @param heartbeatMs the shortest time between two heartbeats of a flow that the backend can keep;
 *   Infinity if it sends none
 */
export function bypassRefusal(
  flow: FlowSpec,
  portOf: (name: string) => PortBypass | undefined,
  heartbeatMs: number,
): Refusal | undefined {
  const limited = qosRefusal(flow, portOf);
  if (limited !== undefined) return limited;
  const { inPort } = flow.match;
  const port = portOf(inPort);
  return port === undefined ? undefined : inputRefusal(inPort, port, heartbeatMs);
}

/**
 * Refusal of every flow that enters by a port, because the vSwitch has to see its packets.
 * Undefined for other ports. `heartbeatMs` as for {@link bypassRefusal}.
 */
export function inputRefusal(
  name: string,
  { exports, heartbeatLimit }: PortBypass,
  heartbeatMs: number,
): Refusal | undefined {
  if (exports !== undefined) {
    const detail =
      `the vSwitch exports the traffic of port ${name} (${exports}), and would miss what an entry ` +
      'carries; to offload it nevertheless, set node.ovs.offloadExportingBridges';
    return { code: 'exported', detail };
  }
  if (heartbeatLimit === undefined || heartbeatLimit.ms >= heartbeatMs) return undefined;
  return { code: 'idle-timeout', detail: heartbeatLimit.why };
}
