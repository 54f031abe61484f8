import type { LeaseRenewal } from '../../../engine/ports/offload-backend.ts';
import type { FilterWriter } from '../ntuple/keeper/filter-writer.ts';
import type { VmSet } from './vm-set.ts';

/**
 * The leases of NIC and guests. A guest's lease ends earlier, so that it sends through the vSwitch
 * again before the NIC closes its virtual function.
 */
export class VfLeases {
  readonly #leaseMs: number;
  readonly #writer: FilterWriter;
  readonly #vms: VmSet;
  readonly #nowMs: () => number;
  #untilMs = Number.NEGATIVE_INFINITY;
  #lapsedAtMs = Number.NEGATIVE_INFINITY;
  #hasLapsed = true;

  constructor(leaseMs: number, writer: FilterWriter, vms: VmSet, nowMs: () => number) {
    this.#leaseMs = leaseMs;
    this.#writer = writer;
    this.#vms = vms;
    this.#nowMs = nowMs;
  }

  /** End of the lease in force, ms of CLOCK_MONOTONIC; -Infinity: no lease. */
  get untilMs(): number {
    return this.#untilMs;
  }

  async renew(verifiedAtMs: number): Promise<LeaseRenewal> {
    const untilMs = verifiedAtMs + this.#leaseMs;
    if (this.#nowMs() >= this.#untilMs) await this.lapse();
    if (untilMs <= this.#nowMs() || verifiedAtMs < this.#lapsedAtMs) return 'late';
    await this.#writer.renew(untilMs);
    this.#untilMs = untilMs;
    await this.#vms.renewGuests(untilMs);
    if (this.#hasLapsed) await this.#vms.restore();
    this.#hasLapsed = false;
    return 'renewed';
  }

  /** The guests stop sending, then the NIC closes and stops steering. */
  async end(): Promise<void> {
    await this.#vms.stopSending();
    await this.#writer.removeAll();
    await this.lapse();
  }

  /** The NIC has dropped everything. */
  async lapse(): Promise<void> {
    if (this.#hasLapsed) return;
    this.#hasLapsed = true;
    this.#lapsedAtMs = Math.min(this.#untilMs, this.#nowMs());
    this.#untilMs = Number.NEGATIVE_INFINITY;
    await this.#vms.lapse();
  }
}
