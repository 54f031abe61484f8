import { inputRefusal } from '../../engine/model/bypass.ts';
import type { FlowId } from '../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { Instructions } from '../../protocols/openflow/codec/instruction.ts';
import type { Match } from '../../protocols/openflow/codec/match.ts';

/** A port of the vSwitch that a rule was created for; a name alone can be reused. */
export interface PortIdentity {
  readonly name: string;
  readonly uuid: string;
  readonly ifindex: number;
}

/** The content of a rule, and its flow. */
export interface RuleSpec {
  readonly id: FlowId;
  readonly cookie: bigint;
  readonly match: Match;
  readonly instructions: Instructions;
  /** `match` and `instructions` as text; equal text means equal meaning. */
  readonly matchKey: string;
  readonly actionsKey: string;
  readonly ports: readonly PortIdentity[];
  /** Ports of the switch in the rule; the one that it matches is the first. */
  readonly switchPorts: readonly number[];
  /** Port of the switch towards the vSwitch. */
  readonly slowPort: number | undefined;
}

/** A rule in the switch. */
export interface Rule {
  spec: RuleSpec;
  /** False when it lapsed or the switch lost it: the next renewal installs it again. */
  installed: boolean;
  /** The switch's counters at the last report. */
  packets: number;
  bytes: number;
  /** When its flow last took the slow path, ms of performance.now(). */
  beatAtMs: number;
}

/**
 * True while the ports are those that the rule was created for, and the vSwitch need not see more
 * of the flow than the switch shows it: see {@link bypassRefusal}.
 *
 * @param heartbeatMs time between two heartbeats; 0 disables them
 */
export function portsHold(
  ports: readonly PortIdentity[],
  now: PortSnapshot,
  heartbeatMs: number,
): boolean {
  const shortestMs = heartbeatMs === 0 ? Number.POSITIVE_INFINITY : heartbeatMs;
  return ports.every(({ name, uuid, ifindex }, i) => {
    const port = now.get(name);
    if (port?.uuid !== uuid || port.ifindex !== ifindex) return false;
    if (i > 0) return !port.shaped;
    return !port.policed && inputRefusal(name, port, shortestMs) === undefined;
  });
}
