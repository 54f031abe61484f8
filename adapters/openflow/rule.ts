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

/** What a rule says, and for which flow. */
export interface RuleSpec {
  readonly id: FlowId;
  readonly cookie: bigint;
  readonly match: Match;
  readonly instructions: Instructions;
  /** `match` and `instructions` as text: equal when they mean the same. */
  readonly matchKey: string;
  readonly actionsKey: string;
  readonly ports: readonly PortIdentity[];
  /** Ports of the switch that it names, the one it matches first. */
  readonly switchPorts: readonly number[];
  /** Port of the switch towards the vSwitch. */
  readonly slowPort: number | undefined;
}

/** A rule that is known to be in the switch. */
export interface Rule {
  spec: RuleSpec;
  /** False when it lapsed or the switch lost it: the next renewal puts it again. */
  installed: boolean;
  /** The switch's counters at the last report. */
  packets: number;
  bytes: number;
  /** When its flow last went by the slow path, ms of performance.now(). */
  beatAtMs: number;
}

/**
 * True while the ports are those that the rule was made for, and nothing limits the rate of what
 * comes from the first, or goes to one of the others: the switch would not.
 */
export function portsHold(ports: readonly PortIdentity[], now: PortSnapshot): boolean {
  return ports.every(({ name, uuid, ifindex }, i) => {
    const port = now.get(name);
    if (port?.uuid !== uuid || port.ifindex !== ifindex) return false;
    return i === 0 ? !port.policed : !port.shaped;
  });
}
