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
  return (
    qosRefusal(flow, portOf) ??
    exportRefusal(flow, portOf) ??
    idleRefusal(flow, portOf, heartbeatMs)
  );
}

/** True if the vSwitch has to see flows that enter by `now` and did not have to before. */
export function restricts(
  before: PortBypass | undefined,
  now: PortBypass,
  heartbeatMs: number,
): boolean {
  const exports = now.exports !== undefined && before?.exports === undefined;
  return exports || (idlesOut(now, heartbeatMs) && !idlesOut(before, heartbeatMs));
}

/** True if the backend cannot send heartbeats often enough for flows that enter by the port. */
export function idlesOut(port: PortBypass | undefined, heartbeatMs: number): boolean {
  return port?.heartbeatLimit !== undefined && port.heartbeatLimit.ms < heartbeatMs;
}

function exportRefusal(
  { match }: FlowSpec,
  portOf: (name: string) => PortBypass | undefined,
): Refusal | undefined {
  const what = portOf(match.inPort)?.exports;
  if (what === undefined) return undefined;
  const detail =
    `the vSwitch exports the traffic of port ${match.inPort} (${what}), and would miss what an ` +
    'entry carries; to offload it nevertheless, set node.ovs.offloadExportingBridges';
  return { code: 'exported', detail };
}

function idleRefusal(
  { match }: FlowSpec,
  portOf: (name: string) => PortBypass | undefined,
  heartbeatMs: number,
): Refusal | undefined {
  const port = portOf(match.inPort);
  if (port?.heartbeatLimit === undefined || !idlesOut(port, heartbeatMs)) return undefined;
  return { code: 'idle-timeout', detail: port.heartbeatLimit.why };
}
