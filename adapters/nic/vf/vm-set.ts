import { formatFlowId } from '../../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import type { UnservedPort, VirtualFunctionState } from '../../../engine/ports/offload-backend.ts';
import type { PlacedFilter } from '../../../protocols/ethtool/receive-filter.ts';
import { errorMessage } from '../../../text/error-message.ts';
import { GuestSessionEnded } from '../../../protocols/guest-channel/host/errors.ts';
import type { GuestSessions } from '../../../protocols/guest-channel/host/session.ts';
import type { LeaseUsers } from '../ntuple/keeper-lease.ts';
import type { FilterWriter } from '../ntuple/keeper/filter-writer.ts';
import type { EntryPlan } from './entry-plan.ts';
import type { VfOptions, VfVm } from './options.ts';
import { ServedVm, type ServedVmParts } from './served-vm.ts';
import { opening, steering } from './vf-device.ts';
import { VmDriver } from './vm-driver.ts';
import { WHOLE_VM } from './wanted.ts';

const DRAIN_MS = 20;
/** Bounds the claims of guests where the speed of the uplink is not known. */
const DEFAULT_BITS_PER_SECOND = 100e9;

/** Traffic of a flow. */
export interface FlowTraffic {
  readonly packets: number;
  readonly bytes: number;
}

/** What the VMs share. */
export interface VmSetParts {
  readonly writer: FilterWriter;
  readonly sessions: GuestSessions;
  /** CLOCK_MONOTONIC, ms. */
  readonly nowMs: () => number;
}

/** The VMs of a backend, their sessions, and what is in force for each. One call at a time. */
export class VmSet implements LeaseUsers {
  readonly #options: VfOptions;
  readonly #writer: FilterWriter;
  readonly #vms: readonly ServedVm[];
  /** Ids of entries that ended by themselves. */
  readonly #lost: string[] = [];
  #trafficAtMs = performance.now();

  constructor(options: VfOptions, { writer, sessions, nowMs }: VmSetParts) {
    this.#options = options;
    this.#writer = writer;
    const parts: ServedVmParts = {
      sessions,
      nowMs,
      leaseMs: options.leaseMs,
      driverOf: (vm, mac) => this.#driverOf(vm, mac),
      lose: (ids) => void this.#lost.push(...ids),
    };
    this.#vms = options.vms.map((vm) => new ServedVm(vm, parts));
  }

  get entries(): number {
    return this.#vms.reduce((sum, { driver }) => sum + (driver?.size ?? 0), 0);
  }

  /** Uses the sessions that there are now. @param untilMs end of the lease in force */
  async followSessions(ports: PortSnapshot, untilMs: number): Promise<void> {
    await this.#each((vm) => vm.follow(ports, untilMs));
  }

  /** Installs an entry; resolves to the refusal, undefined: it is in force. */
  add(plan: EntryPlan): Promise<Refusal | undefined> {
    return this.#of(plan.path.vm).add(plan);
  }

  /** Removes an entry; resolves to the refusal when it may still be in force. */
  remove(plan: EntryPlan): Promise<Refusal | undefined> {
    return this.#of(plan.path.vm).remove(plan);
  }

  /** Removes everything. @throws {VfStuck} {@link FiltersNotRemoved} */
  async removeAll(): Promise<void> {
    await this.#each(async ({ driver }) =>
      driver?.remove(Array.from(driver.entries, ({ id }) => id)),
    );
    await this.#writer.removeAll();
  }

  isInForce({ flow, path }: EntryPlan): boolean {
    return this.#of(path.vm).driver?.isInForce(formatFlowId(flow.id)) ?? false;
  }

  /** Ids of the entries in force, of which the NIC has what steers them. */
  present(placed: readonly PlacedFilter[]): ReadonlySet<string> {
    const locations = new Set(placed.map(({ location }) => location));
    return new Set(this.#vms.flatMap(({ driver }) => driver?.present(locations) ?? []));
  }

  /**
   * Traffic of the flows since the last call, as the guests claim it, but not more than the uplink
   * can carry.
   */
  async takeTraffic(ports: PortSnapshot): Promise<ReadonlyMap<string, FlowTraffic>> {
    const sums = new Map<string, { packets: number; bytes: number }>();
    const speed = ports.get(this.#options.uplink)?.linkBitsPerSecond ?? DEFAULT_BITS_PER_SECOND;
    const nowMs = performance.now();
    const mostBytes = (speed / 8) * ((nowMs - this.#trafficAtMs) / 1_000);
    this.#trafficAtMs = nowMs;
    await this.#each(async ({ driver }) => {
      const traffic = (await driver?.takeTraffic()) ?? [];
      const claimed = traffic.reduce((sum, { bytes }) => sum + bytes, 0);
      const share = claimed > mostBytes ? mostBytes / claimed : 1;
      for (const { id, packets, bytes } of traffic) {
        const sum = sums.get(id) ?? { packets: 0, bytes: 0 };
        sum.packets += Math.ceil(packets * share);
        sum.bytes += Math.ceil(bytes * share);
        sums.set(id, sum);
      }
    });
    return sums;
  }

  /** Ids of entries that ended by themselves since the last call. */
  takeLost(): readonly string[] {
    return this.#lost.splice(0);
  }

  virtualFunctions(): readonly VirtualFunctionState[] {
    return this.#vms.map(({ vm: { port, vf }, driver }) => {
      return { port, vf, isOpen: driver?.state.isOpen ?? false, flows: driver?.size ?? 0 };
    });
  }

  unserved(ports: PortSnapshot): readonly UnservedPort[] {
    return this.#vms.flatMap(({ vm, why }) =>
      why === undefined || !ports.has(vm.port) ? [] : { name: vm.port, why },
    );
  }

  /** The guests' leases end before that of the NIC. */
  async renewed(untilMs: number): Promise<void> {
    await this.#each((vm) => vm.renew(untilMs));
  }

  /** Puts everything in force again after {@link lapsed}. */
  async restore(): Promise<void> {
    await this.#each(async ({ driver }) => {
      this.#lost.push(...((await driver?.restore())?.keys() ?? []));
    });
  }

  /** The guests send through the vSwitch from now on. */
  async stopSending(): Promise<void> {
    await this.#each(async ({ driver }) => driver?.stopSending());
  }

  /** The NIC has dropped everything. */
  async lapsed(): Promise<void> {
    await this.#each(async ({ driver }) => driver?.lapse());
  }

  #driverOf(vm: VfVm, mac: string): VmDriver {
    const { uplink, steering: mode, drainMs = DRAIN_MS } = this.#options;
    const target = { vf: vm.vf, queue: 0 };
    const value = mac.replaceAll(':', '');
    return new VmDriver({
      vf: vm.vf,
      device: uplink,
      steering: mode,
      writer: this.#writer,
      opening: { key: opening(vm.vf), target },
      wholeVm: { key: steering(mac), target },
      wholeRule: {
        id: WHOLE_VM,
        direction: 'receive',
        match: [{ field: 'eth_dst', value, mask: 'f'.repeat(12) }],
      },
      drainMs,
    });
  }

  /**
   * Runs a task for each VM, at the same time: a guest that does not answer costs the others no time. One
   * that is gone, or fails, does not stop them.
   *
   * @throws the failure, when all tasks are over; an AggregateError that names each of several
   */
  async #each(task: (vm: ServedVm) => Promise<void>): Promise<void> {
    const failures: unknown[] = [];
    const one = async (vm: ServedVm): Promise<void> => {
      try {
        await task(vm);
      } catch (error) {
        if (error instanceof GuestSessionEnded) await vm.guestGone();
        else failures.push(error);
      }
    };
    await Promise.all(this.#vms.map(one));
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) {
      throw new AggregateError(failures, failures.map((error) => errorMessage(error)).join('; '));
    }
  }

  #of(vm: VfVm): ServedVm {
    const found = this.#vms.find((served) => served.vm === vm);
    if (found === undefined) throw new Error(`VF ${vm.vf} is not among the virtual functions`);
    return found;
  }
}
