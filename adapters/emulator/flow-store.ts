import type { FlowAction, FlowActions } from '../../engine/model/action.ts';
import type { FlowId } from '../../engine/model/flow-id.ts';
import { FlowIndex } from '../../engine/model/flow-index.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { FlowMatch } from '../../engine/model/match.ts';
import type { NodePorts } from './node-ports.ts';

/** No row, no slot, no port. */
export const NONE = -1;

/**
 * All flows of the node, with the vSwitch's counters. One row per flow in columns of fixed length,
 * so a step of the emulation allocates nothing.
 */
export class FlowStore {
  readonly capacity: number;
  /** Rows that have ever been used: an upper bound of row numbers. */
  used = 0;

  readonly matches: FlowMatch[] = [];
  /** What the vSwitch does with the flow now. */
  readonly actions: FlowActions[] = [];
  /** Port numbers of the input and the outputs; no output when the flow is dropped. */
  readonly inPort: Int16Array;
  readonly outPorts: (readonly number[])[] = [];

  /** 1 while the vSwitch has a megaflow for it, with these counters. */
  readonly listed: Uint8Array;
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
  /** Last packet through the vSwitch, ms of the emulation. */
  readonly usedAtMs: Float64Array;
  /** Slot of its entry in the NIC table, or NONE. */
  readonly slot: Int32Array;
  /** 1 while a sender can still use it. */
  readonly attached: Uint8Array;

  readonly #words: Uint32Array;
  readonly #index: FlowIndex;
  readonly #free: number[] = [];
  readonly #ports: NodePorts;

  constructor(capacity: number, ports: NodePorts) {
    this.capacity = capacity;
    this.#ports = ports;
    this.inPort = new Int16Array(capacity);
    this.listed = new Uint8Array(capacity);
    this.packets = new Float64Array(capacity);
    this.bytes = new Float64Array(capacity);
    this.usedAtMs = new Float64Array(capacity);
    this.slot = new Int32Array(capacity);
    this.attached = new Uint8Array(capacity);
    this.#words = new Uint32Array(capacity * 4);
    this.#index = new FlowIndex(this.#words);
  }

  /** Row of a flow, or NONE. */
  rowOf(id: FlowId): number {
    return this.#index.find(id.w0, id.w1, id.w2, id.w3);
  }

  /** Adds a flow that is not there yet; NONE when every row is in use. */
  add(flow: FlowSpec): number {
    const row = this.#free.pop() ?? (this.used < this.capacity ? this.used++ : NONE);
    if (row === NONE) return NONE;
    const at = row * 4;
    this.#words[at] = flow.id.w0;
    this.#words[at + 1] = flow.id.w1;
    this.#words[at + 2] = flow.id.w2;
    this.#words[at + 3] = flow.id.w3;
    this.#index.insert(row);
    this.matches[row] = flow.match;
    this.inPort[row] = this.#ports.numberOf(flow.match.inPort);
    this.setActions(row, flow.actions);
    this.listed[row] = 0;
    this.packets[row] = 0;
    this.bytes[row] = 0;
    this.usedAtMs[row] = 0;
    this.slot[row] = NONE;
    this.attached[row] = 1;
    return row;
  }

  /** Changes what the vSwitch does with a flow. */
  setActions(row: number, actions: FlowActions): void {
    this.actions[row] = actions;
    this.outPorts[row] = outputs(actions)
      .map((name) => this.#ports.numberOf(name))
      .filter((port) => port !== NONE);
  }

  /** Removes a flow and frees its row. */
  remove(row: number): void {
    this.#index.remove(row);
    this.matches[row] = GONE;
    this.actions[row] = [];
    this.outPorts[row] = [];
    this.listed[row] = 0;
    this.attached[row] = 0;
    this.slot[row] = NONE;
    this.#free.push(row);
  }

  /** Whether the row holds a flow. */
  has(row: number): boolean {
    return this.matches[row] !== GONE;
  }

  idAt(row: number): FlowId {
    const at = row * 4;
    const w = this.#words;
    return { w0: w[at], w1: w[at + 1], w2: w[at + 2], w3: w[at + 3] };
  }

  /** The four words of every row's id, most significant first. */
  get words(): Uint32Array {
    return this.#words;
  }
}

/** Ports that the actions send the packet to, in order. */
export function outputs(actions: FlowActions): string[] {
  return actions.filter(isOutput).map((action) => action.port);
}

function isOutput(action: FlowAction): action is Extract<FlowAction, { kind: 'output' }> {
  return action.kind === 'output';
}

const GONE: FlowMatch = { inPort: '', fields: [], opaque: [] };
