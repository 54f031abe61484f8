import { type FlowId, formatFlowId } from '../../model/flow-id.ts';
import type { FlowSpec } from '../../model/flow.ts';
import { type Condition, conditionsOf } from '../syntax/conditions.ts';
import { type Step, stepsOf } from '../syntax/steps.ts';
import type { OpaqueMatch } from '../../model/match.ts';

/** A megaflow with its conditions and actions in a form that can be evaluated. Immutable. */
export interface Megaflow {
  readonly id: FlowId;
  readonly inPort: string;
  /** 0 for packets that enter the vSwitch. */
  readonly recirculation: number;
  readonly conditions: readonly Condition[];
  /** A condition that cannot be evaluated: whether a packet meets it is not known. */
  readonly unknown: OpaqueMatch | undefined;
  readonly steps: readonly Step[];
}

/** The megaflow in this form; undefined when its recirculation id cannot be read. */
export function megaflowOf({ id, match, actions }: FlowSpec): Megaflow | undefined {
  const { recirculation, known, unknown } = conditionsOf(match);
  if (Number.isNaN(recirculation)) return undefined;
  const { inPort } = match;
  return { id, inPort, recirculation, conditions: known, unknown, steps: stepsOf(actions) };
}

/** Names a megaflow in a sentence. */
export function megaflowName({ id, recirculation }: Megaflow): string {
  return `the megaflow ${formatFlowId(id)} (recirc_id 0x${recirculation.toString(16)})`;
}
