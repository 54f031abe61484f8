import { type FlowId, formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowActions } from '../../engine/model/action.ts';
import type { FlowLookup, FoundFlow } from '../../engine/ports/flow-lookup.ts';
import { anyFrom, flowId } from './flows.ts';

/** Reads single flows of a vSwitch in memory, with faults set by a test. */
export class FakeLookup implements FlowLookup {
  readonly name = 'lookup';
  maxFlows = 2;
  isPartial = false;
  readonly flows = new Map<string, FoundFlow>();
  /** If set, each call rejects with it. */
  fault: Error | undefined;
  /** Called before each call is answered. */
  before: () => void | Promise<void> = () => undefined;
  /** Flows asked for, by call. */
  readonly calls: number[][] = [];

  set(n: number, actions: FlowActions, inPort = 'vm1'): void {
    this.flows.set(formatFlowId(flowId(n)), { match: anyFrom(inPort), actions });
  }

  remove(n: number): void {
    this.flows.delete(formatFlowId(flowId(n)));
  }

  async read(ids: readonly FlowId[]): Promise<readonly (FoundFlow | undefined)[]> {
    this.calls.push(ids.map((id) => id.w3));
    await this.before();
    if (this.fault !== undefined) throw this.fault;
    return ids.map((id) => this.flows.get(formatFlowId(id)));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
