import { Placement, RequestedPlacement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { ReasonCode } from '../model/reason.ts';
import { SideTable } from '../model/side-table.ts';
import type { InputPort } from '../ports/offload-backend.ts';

/** A port opens when its entries save more than this many times what it costs; it closes below 1/. */
const HYSTERESIS = 1.5;
/** Minimum time between two changes of mind about a port, ms. */
const MIN_STAY_MS = 10_000;
/**
 * A port that costs less does not close, packets/s: it would cost more to open it again, and the next
 * flow would wait for that.
 */
const MIN_COSTS = 1;
/** What a packet that the backend passes on costs, in packets through the vSwitch. */
const PASSED_PACKET_COST = 0.05;
/** Weight of the last plan in the smoothed ratio of split packets. */
const RATIO_WEIGHT = 0.3;

/** What opening a port is expected to bring and to cost, packets/s through the vSwitch. */
export interface InputUse {
  readonly port: string;
  readonly isOpen: boolean;
  /** False: no flow that enters by the port gets an entry, because it would cost more than it saves. */
  readonly isWorth: boolean;
  /** Expected packets of the flows that have or request an entry. */
  readonly saves: number;
  /** Expected packets more of the other flows: segments, and what the backend passes on. */
  readonly costs: number;
}

/** Inputs of {@link InputGate.weigh}. */
export interface InputGateOptions {
  readonly table: FlowTable;
  readonly placement: typeof Placement.offload | typeof Placement.fastPath;
  readonly inputs: readonly InputPort[];
  readonly nowMs: number;
  /** True if the row's flow could have an entry, if its port were open. */
  readonly isCandidate: (row: number) => boolean;
}

interface Gate {
  input: InputPort;
  isWorth: boolean;
  decidedAtMs: number;
  saves: number;
  costs: number;
  restBits: number;
  restPackets: number;
  /** Packets more per bit of the other flows when they are split: known while the port is closed. */
  splitRatio: number;
  split: number;
}

/**
 * Decides by which ports flows may enter the backend: those whose entries save more packets through
 * the vSwitch than receiving there costs. A backend that receives a port's packets makes senders
 * split what their device would have segmented, and takes time for packets that it passes on.
 *
 * Linear in flows, without allocations per flow.
 */
export class InputGate {
  readonly #versions = new SideTable('version');
  /** By row: 1 + index of the gate of its input port; 0: not looked up; -1: none. */
  readonly #gateOf = this.#versions.int32();
  #gates: Gate[] = [];
  #numbers: ReadonlyMap<string, number> = new Map();

  /** Weighs the ports for the next plan. */
  weigh(o: InputGateOptions): void {
    const { table, placement } = o;
    this.#versions.follow(table);
    this.#followInputs(o.inputs, o.nowMs);
    if (this.#gates.length === 0) return;
    for (const gate of this.#gates) {
      gate.saves = 0;
      gate.restBits = 0;
      gate.restPackets = 0;
      gate.split = 0;
    }
    const d = table.decision;
    const request =
      placement === Placement.offload ? RequestedPlacement.offload : RequestedPlacement.fastPath;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      const gate = this.#gateAt(table, row);
      if (gate === undefined) continue;
      const isPlaced = d.placement[row] === placement;
      const isNewcomer = d.placement[row] === Placement.onload && d.requested[row] === request;
      if (isPlaced || (isNewcomer && !isOversized(table, row, gate) && o.isCandidate(row))) {
        gate.saves += table.forecast.worth[row];
      } else {
        addRest(table, row, gate);
      }
    }
    for (const gate of this.#gates) decide(gate, o.nowMs);
  }

  /** Why the row's flow cannot enter by its port; undefined if it can. */
  obstacle(table: FlowTable, row: number): ReasonCode | undefined {
    const gate = this.#gateAt(table, row);
    if (gate === undefined) return undefined;
    const isNewcomer = table.decision.placement[row] === Placement.onload;
    if (isNewcomer && isOversized(table, row, gate)) return 'oversized';
    if (gate.isWorth) return undefined;
    // Nothing is known to be saved yet, whatever the port costs.
    return isNewcomer && table.forecast.worth[row] <= 0 ? 'below-threshold' : 'port-cost';
  }

  /** What the ports save and cost. */
  uses(): readonly InputUse[] {
    return this.#gates.map(({ input, isWorth, saves, costs }) => ({
      port: input.name,
      isOpen: input.isOpen,
      isWorth,
      saves,
      costs,
    }));
  }

  #gateAt(table: FlowTable, row: number): Gate | undefined {
    if (this.#gates.length === 0) return undefined;
    const gateOf = this.#gateOf.values;
    if (gateOf[row] === 0) gateOf[row] = this.#numbers.get(table.matchAt(row).inPort) ?? -1;
    return this.#gates[gateOf[row] - 1];
  }

  #followInputs(inputs: readonly InputPort[], nowMs: number): void {
    const isSame =
      inputs.length === this.#gates.length &&
      inputs.every(({ name }, i) => name === this.#gates[i].input.name);
    if (isSame) {
      for (const [i, gate] of this.#gates.entries()) gate.input = inputs[i];
      return;
    }
    const known = new Map(this.#gates.map((gate) => [gate.input.name, gate]));
    this.#gates = inputs.map((input) => ({
      ...(known.get(input.name) ?? newGate(input, nowMs)),
      input,
    }));
    this.#numbers = new Map(inputs.map(({ name }, i) => [name, i + 1]));
    this.#versions.clear();
  }
}

/** A port that an earlier daemon left open keeps its entries until their traffic is known. */
function newGate(input: InputPort, nowMs: number): Gate {
  return {
    input,
    isWorth: input.isOpen,
    decidedAtMs: input.isOpen ? nowMs : Number.NEGATIVE_INFINITY,
    saves: 0,
    costs: 0,
    restBits: 0,
    restPackets: 0,
    splitRatio: 0,
    split: 0,
  };
}

/** Whether the flow's packets, as the vSwitch counts them, are larger than the backend can carry. */
function isOversized({ rates }: FlowTable, row: number, { input }: Gate): boolean {
  return rates.bitsPerSecond[row] > 8 * input.maxBytes * rates.packetsPerSecond[row];
}

/** Adds a flow that stays on the vSwitch. */
function addRest(table: FlowTable, row: number, gate: Gate): void {
  const { bitsPerSecond, packetsPerSecond } = table.rates;
  gate.restBits += bitsPerSecond[row];
  gate.restPackets += packetsPerSecond[row];
  if (!gate.input.splitsSegments || !isOversized(table, row, gate)) return;
  gate.split += bitsPerSecond[row] / (8 * gate.input.maxBytes) - packetsPerSecond[row];
}

function decide(gate: Gate, nowMs: number): void {
  // Senders split already while the port is open: what that costs is known from before.
  if (!gate.input.isOpen && gate.restBits > 0) {
    gate.splitRatio += RATIO_WEIGHT * (gate.split / gate.restBits - gate.splitRatio);
  }
  const split = Math.max(gate.split, gate.splitRatio * gate.restBits);
  gate.costs = split + PASSED_PACKET_COST * gate.restPackets;
  // A flow without expected traffic can wait until it has some, and until costs are known.
  if (gate.saves === 0) return;
  const isRecent = nowMs - gate.decidedAtMs < MIN_STAY_MS;
  const threshold = gate.isWorth ? 1 / HYSTERESIS : HYSTERESIS;
  const isCheap = gate.isWorth && gate.costs < MIN_COSTS;
  const isWorth = isCheap || gate.saves > threshold * gate.costs;
  if (isWorth === gate.isWorth || isRecent) return;
  gate.isWorth = isWorth;
  gate.decidedAtMs = nowMs;
}
