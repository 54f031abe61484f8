import type { FlowSpec } from '../../../engine/model/flow.ts';
import { type FlowId, formatFlowId } from '../../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type {
  LeaseRenewal,
  Operation,
  OperationResult,
  Support,
} from '../../../engine/ports/offload-backend.ts';
import { FakeBackend } from '../../support/fake-backend.ts';
import type { Entry, Spec } from './spec.ts';

/** Faults that a test plants to see that the model finds them. */
export type PlantedFault =
  | 'deadline-from-now'
  | 'lapse-not-checked'
  | 'verified-at-the-reply'
  | 'port-change-ignored'
  | 'verified-at-the-last-flow'
  | 'one-flow-skipped'
  | 'panic-forgotten';

/** The device, which outlives daemons: entries, the lease, and errors of its system calls. */
export class Device {
  readonly entries = new Map<string, FlowSpec>();
  /** Deletes fail, as with EMFILE or ENOSPC. */
  stuck = false;
  /** The next batch takes effect, but its result is lost. */
  losesResult = false;
  readonly #spec: Spec;
  readonly #leaseMs: number;
  readonly #fault: PlantedFault | undefined;
  #leaseUntilMs = Number.NEGATIVE_INFINITY;

  constructor(spec: Spec, leaseMs: number, fault: PlantedFault | undefined) {
    this.#spec = spec;
    this.#leaseMs = leaseMs;
    this.#fault = fault;
  }

  /** Compares and writes in one step, as the contract of OffloadBackend requires. */
  renew(verifiedAtMs: number): LeaseRenewal {
    const nowMs = this.#spec.clock.now();
    const lastMs = this.#leaseUntilMs;
    const fromMs = this.#fault === 'deadline-from-now' ? nowMs : verifiedAtMs;
    const untilMs = fromMs + this.#leaseMs;
    const checks = this.#fault !== 'deadline-from-now' && this.#fault !== 'lapse-not-checked';
    this.noteLapse();
    if (untilMs <= nowMs || (checks && nowMs >= lastMs && verifiedAtMs < lastMs)) return 'late';
    this.#leaseUntilMs = untilMs;
    return 'renewed';
  }

  end(): void {
    this.#leaseUntilMs = Math.min(this.#leaseUntilMs, this.#spec.clock.now());
    this.noteLapse();
  }

  /** Tells the specification that the lease has ended, if it has. */
  noteLapse(): void {
    if (this.#spec.clock.now() >= this.#leaseUntilMs) this.#spec.lapsed(this.#leaseUntilMs);
  }

  /** The entries that packets follow now. */
  carrying(): readonly Entry[] {
    if (this.#spec.clock.now() >= this.#leaseUntilMs) return [];
    return [...this.entries.values()].map(({ id, actions: [action] }) => {
      const port = action?.kind === 'output' ? action.port : '';
      return { flow: id.w3, version: Number(port.slice(1)) };
    });
  }
}

/** Calls at which a process can be stopped, right before they take effect. */
export type Call =
  | 'renewLease'
  | 'endLease'
  | 'apply'
  | 'portsChanged'
  | 'withdrawAll'
  | 'reply'
  | 'lookup';

/** One daemon's handle of the device. */
export class DeviceBackend extends FakeBackend {
  readonly #device: Device;
  readonly #arrive: (call: Call) => Promise<void>;
  readonly #fault: PlantedFault | undefined;
  #ports: PortSnapshot = new Map();

  /** @param arrive resolves when the process runs and the call may take effect */
  constructor(
    device: Device,
    arrive: (call: Call) => Promise<void>,
    fault: PlantedFault | undefined,
  ) {
    super();
    this.#device = device;
    this.#arrive = arrive;
    this.#fault = fault;
  }

  override supports(flow: FlowSpec): Support {
    return this.#ports.has(flow.match.inPort) ? { ok: true } : NOT_SERVED;
  }

  override async apply(operations: readonly Operation[]): Promise<readonly OperationResult[]> {
    await this.#arrive('apply');
    const results = operations.map((operation) => this.#execute(operation));
    if (!this.#device.losesResult) return results;
    this.#device.losesResult = false;
    throw new Error('EMFILE: the result is not known');
  }

  override entries(sink: { entry(id: FlowId): void }): Promise<void> {
    for (const flow of this.#device.entries.values()) sink.entry(flow.id);
    return Promise.resolve();
  }

  override async portsChanged(ports: PortSnapshot): Promise<readonly FlowId[]> {
    await this.#arrive('portsChanged');
    this.#ports = ports;
    if (this.#fault === 'port-change-ignored') return [];
    const lost = [...this.#device.entries.values()].filter((f) => !ports.has(f.match.inPort));
    if (lost.length > 0 && this.#device.stuck) throw new Error('EntriesNotDeleted');
    for (const { id } of lost) this.#device.entries.delete(formatFlowId(id));
    return lost.map((flow) => flow.id);
  }

  override async renewLease(verifiedAtMs: number): Promise<LeaseRenewal> {
    await this.#arrive('renewLease');
    return this.#device.renew(verifiedAtMs);
  }

  override async endLease(): Promise<void> {
    await this.#arrive('endLease');
    this.#device.end();
  }

  override async withdrawAll(): Promise<number> {
    await this.#arrive('withdrawAll');
    if (this.#device.stuck) throw new Error('EntriesNotDeleted');
    const { size } = this.#device.entries;
    this.#device.entries.clear();
    return size;
  }

  #execute(operation: Operation): OperationResult {
    const { entries, stuck } = this.#device;
    if (operation.kind === 'delete') {
      const id = formatFlowId(operation.id);
      if (stuck && entries.has(id)) return DEVICE_ERROR;
      return { ok: true, outcome: entries.delete(id) ? 'deleted' : 'absent' };
    }
    if (!this.#ports.has(operation.flow.match.inPort)) return NOT_SERVED;
    const id = formatFlowId(operation.flow.id);
    if (stuck) return DEVICE_ERROR;
    const outcome = entries.has(id) ? 'replaced' : 'installed';
    entries.set(id, operation.flow);
    return { ok: true, outcome };
  }
}

const NOT_SERVED = {
  ok: false,
  refusal: { code: 'port-unavailable', detail: 'it is limited' },
} as const;
const DEVICE_ERROR = { ok: false, refusal: { code: 'device-error', detail: 'ENOSPC' } } as const;
