import type { FlowSpec } from './flow.ts';
import type { PortInfo } from './port.ts';
import type { Refusal } from './refusal.ts';

/** Whether the vSwitch's host limits the rate of a port's traffic. */
export type PortQos = Pick<PortInfo, 'shaped' | 'policed'>;

/**
 * Refusal of a flow whose ingress port is policed or one of whose output ports is shaped, because a
 * path that bypasses the vSwitch would bypass these limits. Undefined for other flows.
 *
 * @param portOf a port by name; undefined for an unknown port, which does not lead to a refusal
 */
export function qosRefusal(
  { match, actions }: FlowSpec,
  portOf: (name: string) => PortQos | undefined,
): Refusal | undefined {
  if (portOf(match.inPort)?.policed === true) {
    const detail = `traffic from port ${match.inPort} is policed (ingress_policing_rate), and an entry would bypass that`;
    return { code: 'unsupported-match', detail };
  }
  for (const action of actions) {
    if (action.kind !== 'output' || portOf(action.port)?.shaped !== true) continue;
    const detail = `traffic to port ${action.port} is shaped (the port has a qos), and an entry would bypass that`;
    return { code: 'unsupported-action', detail };
  }
  return undefined;
}
