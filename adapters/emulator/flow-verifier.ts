import { type FlowId, formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowVerifier, Verdict } from '../../engine/ports/flow-verifier.ts';
import type { Faults } from './faults.ts';
import { NONE } from './flow-store.ts';
import type { Simulation } from './simulation.ts';

/** Time of vswitchd for a trace, ms; measured on OVS 3.1. */
const TRACE_MS = 0.7;

/** Asks the emulated vSwitch what its rules do with a flow now. */
export class EmulatedFlowVerifier implements FlowVerifier {
  readonly name = 'emulated trace';
  readonly #simulation: Simulation;
  readonly #faults: Faults;

  constructor(simulation: Simulation, faults: Faults) {
    this.#simulation = simulation;
    this.#faults = faults;
  }

  async currentActions(id: FlowId, signal: AbortSignal): Promise<Verdict> {
    await this.#faults.pass('flows.trace', signal);
    this.#simulation.advance();
    const { flows, rules } = this.#simulation;
    const row = flows.rowOf(id);
    if (row === NONE) return { current: { kind: 'gone' }, sourceMs: TRACE_MS };
    const actions = rules.get(formatFlowId(id)) ?? flows.actions[row];
    return { current: { kind: 'known', actions }, sourceMs: TRACE_MS };
  }

  async close(): Promise<void> {
    // There is nothing to close.
  }
}
