import type { FlowSpec } from './flow.ts';
import type { PortInfo } from './port.ts';
import type { Refusal } from './refusal.ts';

/** What the vSwitch's host does to the rate of a port's traffic. */
export type PortQos = Pick<PortInfo, 'shaped' | 'policed'>;

/**
 * Why a path around the vSwitch must not carry a flow: the port it comes from is policed, or one
 * it goes to is shaped, which that path would not do. Undefined when there is nothing of the kind.
 *
 * @param portOf a port by name; undefined for one that is not known, about which nothing is said
 */
export function qosRefusal(
  { match, actions }: FlowSpec,
  portOf: (name: string) => PortQos | undefined,
): Refusal | undefined {
  if (portOf(match.inPort)?.policed === true) {
    const detail = `what comes from port ${match.inPort} is policed (ingress_policing_rate), which only the vSwitch's path is`;
    return { code: 'unsupported-match', detail };
  }
  for (const action of actions) {
    if (action.kind !== 'output' || portOf(action.port)?.shaped !== true) continue;
    const detail = `what goes to port ${action.port} is shaped (the port has a qos), which only the vSwitch's path is`;
    return { code: 'unsupported-action', detail };
  }
  return undefined;
}
