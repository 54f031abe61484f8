import type { FlowId } from '../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import { bypassRefusal } from '../../engine/model/bypass.ts';
import type { Refusal } from '../../engine/model/refusal.ts';
import type {
  BackendCapabilities,
  Capacity,
  CounterSink,
  EntrySink,
  LeaseRenewal,
  Operation,
  OperationResult,
  OffloadBackend,
  PortHook,
  Support,
} from '../../engine/ports/offload-backend.ts';
import type { Fault, Faults } from './faults.ts';
import { NONE } from './flow-store.ts';
import { compile, isRefusal } from './nic-support.ts';
import type { NicEntry } from './nic-table.ts';
import type { Simulation } from './simulation.ts';

/** The backend is not started, or already closed. */
export class BackendDetached extends Error {
  override readonly name = 'BackendDetached';
}

const HOOK = { hook: 'emulator', reason: 'emulated', why: 'the node is emulated' } as const;

/** The emulated NIC as the daemon drives it. The node owns the table. */
export class EmulatedBackend implements OffloadBackend {
  readonly name = 'emulated-nic';
  readonly #simulation: Simulation;
  readonly #faults: Faults;
  #ports: PortSnapshot = new Map();
  #hooks: readonly PortHook[] = [];
  #attached = false;

  constructor(simulation: Simulation, faults: Faults) {
    this.#simulation = simulation;
    this.#faults = faults;
  }

  async start(ports: PortSnapshot, signal: AbortSignal): Promise<void> {
    await this.#faults.pass('backend.start', signal);
    this.#attached = true;
    await this.portsChanged(ports);
  }

  capabilities(): BackendCapabilities {
    const { tableEntries, tableMasks, leaseMs, heartbeatMs, probeDepth } =
      this.#simulation.settings;
    return {
      placement: 'offload',
      entries: tableEntries,
      masks: tableMasks,
      leaseMs,
      heartbeatMs,
      heartbeatLimitMs: heartbeatMs,
      survivesRestart: true,
      reportsLastPacket: true,
      description: `emulated NIC, ${tableEntries} entries, probe depth ${probeDepth}`,
    };
  }

  supports(flow: FlowSpec): Support {
    const compiled = compile(flow, this.#ports, this.#heartbeatMs());
    return isRefusal(compiled) ? { ok: false, refusal: compiled } : { ok: true };
  }

  capacity(): Capacity {
    const { entries, used, masks, masksUsed } = this.#simulation.nic;
    return { entries, used, masks, masksUsed };
  }

  portHooks(): readonly PortHook[] {
    return this.#hooks;
  }

  async apply(
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    this.#mustBeAttached('apply');
    const fault = await this.#faults.pass('backend.apply', signal);
    const nowMs = this.#simulation.advance();
    return operations.map((operation) => {
      const refused = refusalOf(operation, fault);
      if (refused !== undefined) return { ok: false, refusal: refused };
      return operation.kind === 'delete'
        ? this.#delete(operation.id)
        : this.#put(operation.flow, nowMs);
    });
  }

  async entries(sink: EntrySink, signal: AbortSignal): Promise<void> {
    this.#mustBeAttached('entries');
    await this.#faults.pass('backend.entries', signal);
    this.#simulation.nic.forEach((entry) => sink.entry(entry.flow.id));
  }

  async counters(sink: CounterSink, signal: AbortSignal): Promise<void> {
    this.#mustBeAttached('counters');
    await this.#faults.pass('backend.counters', signal);
    const nowMs = this.#simulation.advance();
    for (const { id, packets, bytes, lastAtMs } of this.#simulation.nic.takeCounters()) {
      sink.carried(id.w0, id.w1, id.w2, id.w3, packets, bytes, nowMs - lastAtMs);
    }
  }

  async portsChanged(ports: PortSnapshot): Promise<readonly FlowId[]> {
    this.#mustBeAttached('portsChanged');
    this.#ports = ports;
    this.#hooks = Array.from(ports.keys(), (name) => ({ name, ...HOOK }));
    return this.#removeWhere(
      (entry) =>
        entry.ports.some((port) => {
          const now = ports.get(port.name);
          return now === undefined || now.uuid !== port.uuid || now.ifindex !== port.ifindex;
        }) ||
        bypassRefusal(entry.flow, (name) => ports.get(name), this.#heartbeatMs()) !== undefined,
    );
  }

  async renewLease(verifiedAtMs: number): Promise<LeaseRenewal> {
    this.#mustBeAttached('renewLease');
    await this.#faults.pass('backend.renewLease');
    const nowMs = this.#simulation.advance();
    const { nic, settings } = this.#simulation;
    const verifiedMs = nowMs - (settings.clock.now() - verifiedAtMs);
    return nic.renewLease(verifiedMs, verifiedMs + settings.leaseMs, nowMs);
  }

  async endLease(): Promise<void> {
    this.#mustBeAttached('endLease');
    this.#simulation.nic.endLease(this.#simulation.advance());
  }

  async withdrawAll(): Promise<number> {
    this.#mustBeAttached('withdrawAll');
    return this.#removeWhere(() => true).length;
  }

  async close(how: 'withdraw' | 'keep'): Promise<void> {
    if (!this.#attached) return;
    if (how === 'withdraw') await this.withdrawAll();
    this.#attached = false;
  }

  #put(flow: FlowSpec, nowMs: number): OperationResult {
    const compiled = compile(flow, this.#ports, this.#heartbeatMs());
    if (isRefusal(compiled)) return { ok: false, refusal: compiled };
    const placed = this.#simulation.nic.put(compiled, nowMs);
    if ('refusal' in placed) return { ok: false, refusal: placed.refusal };
    this.#simulation.rebind(flow.id);
    return { ok: true, outcome: placed.outcome };
  }

  #delete(id: FlowId): OperationResult {
    const slot = this.#simulation.nic.find(id);
    if (slot === NONE) return { ok: true, outcome: 'absent' };
    this.#simulation.nic.remove(slot);
    this.#simulation.rebind(id);
    return { ok: true, outcome: 'deleted' };
  }

  #removeWhere(unwanted: (entry: NicEntry) => boolean): FlowId[] {
    this.#simulation.advance();
    const removed: FlowId[] = [];
    this.#simulation.nic.forEach((entry, slot) => {
      if (!unwanted(entry)) return;
      this.#simulation.nic.remove(slot);
      this.#simulation.rebind(entry.flow.id);
      removed.push(entry.flow.id);
    });
    return removed;
  }

  /** The shortest time between two heartbeats of a flow, ms. */
  #heartbeatMs(): number {
    const { heartbeatMs } = this.#simulation.settings;
    return heartbeatMs === 0 ? Number.POSITIVE_INFINITY : heartbeatMs;
  }

  #mustBeAttached(call: string): void {
    if (!this.#attached) {
      throw new BackendDetached(`${call}: the backend is not started, or closed`);
    }
  }
}

function refusalOf(operation: Operation, fault: Fault | undefined): Refusal | undefined {
  if (fault?.kind !== 'refuse') return undefined;
  return operation.kind === 'put' || fault.deletes === true ? fault.refusal : undefined;
}
