import type { BackendOperation, TickReport } from '../../../engine/loop/tick-report.ts';
import type { FlowActions } from '../../../engine/model/action.ts';
import { type Placement, PLACEMENT_NAMES, RequestedPlacement } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import type {
  ChangeCause,
  Destination,
  PlacementChange,
} from '../../../engine/model/placement-change.ts';
import { type ReasonCode, reasonIndex } from '../../../engine/model/reason.ts';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import type { SliceQuota } from '../../../engine/model/slice.ts';
import type { NodeState } from '../../../engine/model/tick.ts';
import type { RuleInfo } from '../../../engine/ports/rule-evaluator.ts';
import { Accountant, type AccountantOptions } from '../../../telemetry/accounts/accountant.ts';
import type {
  PathName,
  PathUses,
  TickAccounts,
} from '../../../telemetry/accounts/tick-accounts.ts';
import { updateRates } from '../../../telemetry/rates.ts';
import { anyFrom, flowId, outputTo, rowOf } from '../../support/flows.ts';

/** A flow in a reading of a {@link Rig}. Counters are the vSwitch's own. */
export interface RigFlow {
  readonly n: number;
  readonly packets?: number;
  readonly from?: string;
  readonly actions?: FlowActions;
}

export const RULES: readonly RuleInfo[] = [
  { name: 'p/up', requested: RequestedPlacement.offload, priority: 2 },
  { name: 'p/down', requested: RequestedPlacement.onload, priority: 1 },
];

/** Bytes of each packet in these tests. */
export const PACKET = 100;

/** A flow table and its accountant, driven by a test that makes all decisions itself. */
export class Rig {
  readonly table = new FlowTable();
  readonly accountant: Accountant;
  ports: PortSnapshot = ports('vm1', 'vm2');
  slices: readonly SliceQuota[] = [];
  rules: readonly RuleInfo[] = RULES;
  samples: TickReport['samples'];
  plans: TickReport['plans'] = [];
  bitShare = 0;
  node: NodeState = { hostCpu: undefined, portLoad: new Map() };
  #sequence = 0;
  #changes: PlacementChange[] = [];

  constructor(options?: AccountantOptions) {
    this.accountant = new Accountant(options);
  }

  /** Reads flows; `during` adds what backends carried, before the reading is complete. */
  read(nowMs: number, flows: readonly RigFlow[], during: () => void = () => undefined): void {
    this.#observe(nowMs, flows);
    during();
    this.table.end();
    updateRates(this.table, 1000);
  }

  /** Starts to read flows, and abandons the reading. */
  abandon(nowMs: number, flows: readonly RigFlow[]): void {
    this.#observe(nowMs, flows);
    this.table.abandon();
  }

  /** Places a flow for a rule (1 + its index) and a reason; records a change if it moved. */
  decide(
    n: number,
    placement: Placement,
    rule: number,
    reason: ReasonCode,
    cause: ChangeCause = 'policy',
  ): void {
    const d = this.table.decision;
    const row = rowOf(this.table, n);
    const from = d.placement[row];
    d.placement[row] = placement;
    d.rule[row] = rule;
    d.reason[row] = reasonIndex(reason);
    if (from !== placement) this.#change(n, row, from, PLACEMENT_NAMES[placement], cause, reason);
  }

  /** Records that a placed flow is missing from the last reading. */
  leave(n: number): void {
    const row = this.table.removed.find((r) => this.table.idAt(r).w3 === n);
    if (row === undefined) throw new Error(`flow ${n} was not in the reading before`);
    this.#change(n, row, this.table.decision.placement[row], 'gone', 'gone', 'gone');
  }

  #change(
    n: number,
    row: number,
    from: number,
    to: Destination,
    cause: ChangeCause,
    reason: PlacementChange['reason'],
  ): void {
    const { rule, requested, score } = this.table.decision;
    this.#changes.push({
      id: flowId(n),
      row,
      match: anyFrom('vm1'),
      from: PLACEMENT_NAMES[from],
      to,
      cause,
      atMs: this.table.readAtMs,
      reason,
      requested: requested[row],
      score: score[row],
      plannedBy: { rule: rule[row] },
    });
  }

  account(operations: readonly BackendOperation[] = [], elapsedMs = 0): TickAccounts {
    const changes = this.#changes;
    this.#changes = [];
    const { table, ports, slices, plans, samples, node, bitShare } = this;
    const flows = PLACEMENT_NAMES.map(() => 0);
    for (const row of table.rows.subarray(0, table.count)) flows[table.decision.placement[row]]++;
    const tick = {
      sequence: ++this.#sequence,
      atMs: table.readAtMs,
      table,
      node,
      ports,
      sources: [],
      flowsFresh: true,
      fresh: true,
    };
    const stages = { enforceMs: 0, rulesMs: 0, planMs: 0, applyMs: 0 };
    const none = {
      evaluation: undefined,
      bitShare,
      failures: [],
      held: false,
      permission: { may: 'move' } as const,
      batches: [],
      stages,
    };
    return this.accountant.account(
      {
        tick,
        slices,
        plans,
        changes,
        operations,
        samples,
        flows,
        endedAtMs: tick.atMs + elapsedMs,
        elapsedMs,
        ...none,
      },
      this.rules,
    );
  }

  #observe(nowMs: number, flows: readonly RigFlow[]): void {
    const { table } = this;
    table.begin(nowMs);
    for (const { n, packets = 0, from = 'vm1', actions = outputTo('vm2') } of flows) {
      const id = flowId(n);
      let row = table.rowOf(id);
      if (row < 0) row = table.add(id, anyFrom(from), actions);
      table.observe(row, packets, packets * PACKET, 0);
    }
  }
}

/** A snapshot of ports with these names. */
export function ports(...names: readonly string[]): PortSnapshot {
  return new Map(names.map((name) => [name, port(name)]));
}

/** A port whose UUID is made of its name and `generation`. */
export function port(name: string, generation = 1): PortInfo {
  return {
    name,
    uuid: `${name}-${generation}`,
    ifindex: 1,
    bridge: 'br0',
    kind: 'vm',
    mac: undefined,
    vm: undefined,
    slice: undefined,
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
  };
}

export function slice(name: string): SliceQuota {
  return { name, declared: true, weight: 1, guaranteed: undefined, maximum: undefined };
}

/** Packets by path: vSwitch, NIC, fast path. */
export function packets(uses: PathUses | undefined): readonly number[] | undefined {
  return uses?.map((use) => use.packets);
}

/** Traffic of one path. */
export function use(uses: PathUses, path: PathName): PathUses[number] | undefined {
  return uses.find((u) => u.path === path);
}
