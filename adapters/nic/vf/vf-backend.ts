import { monotonicMs } from '../../../async/monotonic.ts';
import { type FlowId, formatFlowId, parseFlowId } from '../../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import type {
  BackendCapabilities,
  Capacity,
  CounterSink,
  EntrySink,
  LeaseRenewal,
  OffloadBackend,
  Operation,
  OperationResult,
  Support,
  UnservedPort,
  VirtualFunctionState,
  WatchdogState,
} from '../../../engine/ports/offload-backend.ts';
import type { GuestSessions } from '../../../protocols/guest-channel/host/session.ts';
import {
  ABSENT,
  DELETED,
  INSTALLED,
  refused,
  REPLACED,
  UNCHANGED,
} from '../core/operation-results.ts';
import { BackendCalls } from '../ntuple/backend-calls.ts';
import { KeeperLease } from '../ntuple/keeper-lease.ts';
import type { FilterDevice } from '../ntuple/keeper/filter-device.ts';
import type { FilterWriter } from '../ntuple/keeper/filter-writer.ts';
import { discoverShapes, type KeyShape } from '../ntuple/key-shapes.ts';
import { type EntryPlan, isSameEntry, planOfFlow } from './entry-plan.ts';
import { checkOptions, type VfOptions } from './options.ts';
import { Permissions } from './permissions.ts';
import { VmSet } from './vm-set.ts';

export interface VfParts {
  /** Writes to the NIC, through the keeper process of `VfDevice`. */
  readonly writer: FilterWriter;
  readonly sessions: GuestSessions;
  /** Receive filters of the NIC, for discovery; only for steering by `ntuple`. */
  readonly filters?: FilterDevice;
  readonly log: (line: string) => void;
  /** CLOCK_MONOTONIC, ms. */
  readonly nowMs?: () => number;
}

/**
 * Virtual functions of a NIC (SR-IOV): a flow between the uplink and a VM goes through the VM's
 * virtual function (VF), past the vSwitch. NIC and guest change in an order in which no packet is
 * lost.
 *
 * What the guest says is a claim. What it may receive and send is decided by the vSwitch's flows, and
 * enforced by the NIC.
 */
export class VfBackend implements OffloadBackend {
  readonly name = 'vf';
  readonly #options: VfOptions;
  readonly #parts: VfParts;
  readonly #permissions: Permissions;
  readonly #lease: KeeperLease;
  readonly #vms: VmSet;
  readonly #calls: BackendCalls;
  readonly #entries = new Map<string, EntryPlan>();
  #shapes: ReadonlySet<KeyShape> = new Set();
  #ports: PortSnapshot = new Map();
  #stopFollowing: () => void = () => undefined;

  /** @throws {BackendOptionInvalid} */
  constructor(options: VfOptions, parts: VfParts) {
    checkOptions(options);
    this.#options = options;
    this.#parts = parts;
    this.#permissions = new Permissions(options);
    const { writer, sessions, log, nowMs = monotonicMs } = parts;
    this.#vms = new VmSet(options, { writer, sessions, nowMs });
    this.#calls = new BackendCalls('vf', log);
    const users = this.#vms;
    this.#lease = new KeeperLease({ leaseMs: options.leaseMs, writer, users, nowMs });
    writer.onLapse(() =>
      this.#calls.runUnasked('the end of the lease', () => this.#lease.removed()),
    );
  }

  async start(ports: PortSnapshot, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { filters, sessions, writer } = this.#parts;
    await writer.start();
    if (filters !== undefined) this.#shapes = await discoverShapes(filters);
    this.#ports = ports;
    this.#permissions.portsChanged(ports);
    const follow = (): Promise<void> => this.#followSessions();
    this.#stopFollowing = sessions.onChange(() =>
      this.#calls.runUnasked('a change of a guest', follow),
    );
    this.#calls.open();
    await this.#calls.run('start', follow);
  }

  capabilities(): BackendCapabilities {
    const { entries, leaseMs, uplink, vms, steering } = this.#options;
    const by = steering === 'mac' ? 'MAC addresses' : 'receive filters';
    return {
      placement: 'offload',
      entries,
      masks: Number.POSITIVE_INFINITY,
      leaseMs,
      heartbeatMs: 0,
      heartbeatLimitMs: 0,
      survivesRestart: false,
      reportsLastPacket: false,
      description: `${vms.length} virtual functions of ${uplink}, steered by ${by}`,
    };
  }

  supports(flow: FlowSpec): Support {
    const plan = this.#planOf(flow);
    return 'code' in plan ? { ok: false, refusal: plan } : { ok: true };
  }

  watchdog(): WatchdogState {
    return this.#lease.watchdog;
  }

  capacity(): Capacity {
    const masks = Number.POSITIVE_INFINITY;
    return { entries: this.#options.entries, used: this.#entries.size, masks, masksUsed: 0 };
  }

  unservedPorts(): readonly UnservedPort[] {
    return this.#vms.unserved(this.#ports);
  }

  virtualFunctions(): readonly VirtualFunctionState[] {
    return this.#vms.virtualFunctions();
  }

  /** Entries that other flows of the vSwitch do not permit any more. */
  contradicted(table: FlowTable): readonly FlowId[] {
    this.#permissions.follow(table);
    const ids: FlowId[] = [];
    for (const plan of this.#entries.values()) {
      if (this.#objection(plan) !== undefined) ids.push(plan.flow.id);
    }
    return ids;
  }

  apply(
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    return this.#calls.run('apply', async () => {
      signal.throwIfAborted();
      const results: OperationResult[] = [];
      for (const operation of operations) {
        results.push(
          operation.kind === 'delete'
            ? await this.#delete(operation.id)
            : await this.#put(operation.flow),
        );
      }
      return results;
    });
  }

  entries(sink: EntrySink, signal: AbortSignal): Promise<void> {
    return this.#calls.run('entries', async () => {
      signal.throwIfAborted();
      const present = this.#vms.present(await this.#parts.writer.list());
      for (const [id, { flow }] of this.#entries) if (present.has(id)) sink.entry(flow.id);
    });
  }

  counters(sink: CounterSink, signal: AbortSignal): Promise<void> {
    return this.#calls.run('counters', async () => {
      signal.throwIfAborted();
      for (const [id, { packets, bytes }] of await this.#vms.takeTraffic(this.#ports)) {
        const flowId = parseFlowId(id);
        if (flowId === undefined) continue;
        sink.carried(flowId.w0, flowId.w1, flowId.w2, flowId.w3, packets, bytes, -1);
      }
    });
  }

  portsChanged(ports: PortSnapshot): Promise<readonly FlowId[]> {
    const before = this.#ports;
    this.#ports = ports;
    this.#permissions.portsChanged(ports);
    return this.#calls.run('portsChanged', async () => {
      const removed: FlowId[] = [];
      for (const [id, plan] of this.#entries) {
        const now = this.#planOf(plan.flow);
        const stays = !('code' in now) && isSameEntry(now, plan) && isSamePort(before, ports, plan);
        if (stays) continue;
        await this.#vms.remove(plan);
        this.#entries.delete(id);
        removed.push(plan.flow.id);
      }
      await this.#followSessions();
      return [...removed, ...this.#calls.takeLost()];
    });
  }

  onLost(listener: () => void): () => void {
    return this.#calls.onLost(listener);
  }

  renewLease(verifiedAtMs: number): Promise<LeaseRenewal> {
    return this.#calls.run('renewLease', async () => {
      const renewal = await this.#lease.renew(verifiedAtMs);
      this.#dropLost();
      return renewal;
    });
  }

  /** The guests stop sending, then the NIC closes and stops steering. */
  endLease(): Promise<void> {
    return this.#calls.run('endLease', async () => {
      await this.#vms.stopSending();
      await this.#parts.writer.removeAll();
      await this.#lease.lapse();
    });
  }

  withdrawAll(): Promise<number> {
    return this.#calls.run('withdrawAll', async () => {
      const count = this.#entries.size;
      await this.#vms.removeAll();
      this.#entries.clear();
      return count;
    });
  }

  /** Moves all traffic back in both cases: without a daemon nobody would do it later. */
  async close(): Promise<void> {
    if (!this.#calls.isOpen) return;
    this.#stopFollowing();
    await this.#calls.close(async () => {
      try {
        await this.#vms.removeAll();
      } finally {
        await this.#parts.writer.close();
        this.#entries.clear();
      }
    });
  }

  async #put(flow: FlowSpec): Promise<OperationResult> {
    const plan = this.#planOf(flow);
    if ('code' in plan) return { ok: false, refusal: plan };
    const id = formatFlowId(flow.id);
    const before = this.#entries.get(id);
    if (before !== undefined && isSameEntry(before, plan) && this.#vms.isInForce(before)) {
      return UNCHANGED;
    }
    const why = this.#objection(plan);
    if (why !== undefined) {
      const detail = `the virtual function would bypass rules: ${why}`;
      return refused('port-unavailable', detail);
    }
    if (before === undefined && this.#entries.size >= this.#options.entries) {
      return refused('table-full', `${this.#options.entries} flows have entries, the maximum`);
    }
    if (before !== undefined) {
      const removed = await this.#delete(flow.id);
      if (!removed.ok) return removed;
    }
    const refusal = await this.#vms.add(plan);
    if (refusal !== undefined) return { ok: false, refusal };
    this.#entries.set(id, plan);
    return before === undefined ? INSTALLED : REPLACED;
  }

  async #delete(flowId: FlowId): Promise<OperationResult> {
    const id = formatFlowId(flowId);
    const plan = this.#entries.get(id);
    if (plan === undefined) return ABSENT;
    const refusal = await this.#vms.remove(plan);
    if (refusal !== undefined) return { ok: false, refusal };
    this.#entries.delete(id);
    return DELETED;
  }

  #planOf(flow: FlowSpec): EntryPlan | Refusal {
    return planOfFlow(flow, this.#options, this.#ports, this.#shapes);
  }

  /** Why the vSwitch's flows do not permit an entry; undefined: they do. */
  #objection({ path }: EntryPlan): string | undefined {
    const { vms, steering } = this.#options;
    const vm = vms.indexOf(path.vm);
    const transmit = path.vm.trustGuest ? undefined : this.#permissions.transmitObjection(vm);
    return transmit ?? (steering === 'mac' ? this.#permissions.receiveObjection(vm) : undefined);
  }

  async #followSessions(): Promise<void> {
    await this.#vms.followSessions(this.#ports, this.#lease.untilMs);
    this.#dropLost();
  }

  /** Forgets entries that are no longer in force, and says so. */
  #dropLost(): void {
    const lost: FlowId[] = [];
    for (const id of this.#vms.takeLost()) {
      const plan = this.#entries.get(id);
      if (plan === undefined) continue;
      this.#entries.delete(id);
      lost.push(plan.flow.id);
    }
    this.#calls.lose(lost);
  }
}

function isSamePort(before: PortSnapshot, after: PortSnapshot, { flow, path }: EntryPlan): boolean {
  const action = flow.actions.at(-1);
  const names = [
    flow.match.inPort,
    path.vm.port,
    ...(action?.kind === 'output' ? [action.port] : []),
  ];
  return names.every((name) => {
    const [a, b] = [before.get(name), after.get(name)];
    return a !== undefined && a.uuid === b?.uuid && a.ifindex === b.ifindex && a.mac === b.mac;
  });
}
