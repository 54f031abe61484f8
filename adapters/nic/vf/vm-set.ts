import { formatFlowId } from '../../../engine/model/flow-id.ts';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import type { UnservedPort } from '../../../engine/ports/offload-backend.ts';
import type { PlacedFilter } from '../../../protocols/ethtool/receive-filter.ts';
import { GuestRefused, GuestSessionEnded } from '../../../protocols/guest-channel/host/errors.ts';
import type { GuestSessions } from '../../../protocols/guest-channel/host/session.ts';
import type { FilterWriter } from '../ntuple/keeper/filter-writer.ts';
import type { EntryPlan } from './entry-plan.ts';
import { GuestRules, GuestUnusable } from './guest-rules.ts';
import type { VfOptions, VfVm } from './options.ts';
import { opening, steering } from './vf-device.ts';
import { VmDriver, VfStuck } from './vm-driver.ts';
import { WHOLE_VM } from './wanted.ts';

/** How much earlier a guest's lease ends than that of the NIC, ms. */
const MARGIN_MS = 200;
const DRAIN_MS = 20;
/** Bounds the claims of guests where the speed of the uplink is not known. */
const DEFAULT_BITS_PER_SECOND = 100e9;

/** A VM in the hands of its driver. */
interface DrivenVm {
  readonly vm: VfVm;
  /** Undefined while the MAC address of its port is not known. */
  driver: VmDriver | undefined;
  /** For which the driver was made. */
  mac: string | undefined;
  /** Why it cannot be used; undefined: it can. */
  why: string | undefined;
}

/** Traffic of a flow. */
export interface FlowTraffic {
  readonly packets: number;
  readonly bytes: number;
}

/** The VMs of a backend, their sessions, and what is in force for each. One call at a time. */
export class VmSet {
  readonly #options: VfOptions;
  readonly #writer: FilterWriter;
  readonly #sessions: GuestSessions;
  readonly #vms: readonly DrivenVm[];
  /** Ids of entries that ended by themselves. */
  readonly #lost: string[] = [];
  #trafficAtMs = performance.now();

  constructor(options: VfOptions, parts: { writer: FilterWriter; sessions: GuestSessions }) {
    this.#options = options;
    this.#writer = parts.writer;
    this.#sessions = parts.sessions;
    this.#vms = options.vms.map((vm) => {
      return { vm, driver: undefined, mac: undefined, why: 'its port is not there' };
    });
  }

  /** Uses the sessions that there are now. @param untilMs end of the lease in force */
  async followSessions(ports: PortSnapshot, untilMs: number): Promise<void> {
    for (const driven of this.#vms) {
      await this.#followPort(driven, ports);
      const { driver, vm } = driven;
      const port = ports.get(vm.port);
      if (driver === undefined || port === undefined) continue;
      const found = this.#sessions.find(vm.guest);
      const session = found?.end === undefined ? found : undefined;
      const before = driver.guest;
      if (before !== undefined && before.session !== session) await this.#guestGone(driver);
      if (session === undefined) {
        driven.why = `its guest ${vm.guest} has no agent that is connected`;
      } else if (driver.guest === undefined) {
        await this.#begin(driven, driver, port, untilMs);
      }
      await driver.settle();
    }
  }

  /** Installs an entry; resolves to the refusal, undefined: it is in force. */
  async add(plan: EntryPlan): Promise<Refusal | undefined> {
    const { driver, why } = this.#of(plan.path.vm);
    if (driver === undefined || why !== undefined) {
      return { code: 'port-unavailable', detail: `port ${plan.path.vm.port}: ${why}` };
    }
    const id = formatFlowId(plan.flow.id);
    const { direction, match } = plan.path;
    const filter = plan.filter === undefined ? {} : { filter: plan.filter };
    try {
      return (await driver.add([{ id, direction, match, ...filter }])).get(id);
    } catch (error) {
      return this.#failure(driver, error);
    }
  }

  /** Removes an entry; resolves to the refusal when it may still be in force. */
  async remove({ flow, path }: EntryPlan): Promise<Refusal | undefined> {
    const { driver } = this.#of(path.vm);
    try {
      await driver?.remove([formatFlowId(flow.id)]);
      return undefined;
    } catch (error) {
      if (driver === undefined) throw error;
      return this.#failure(driver, error);
    }
  }

  /** Removes everything. @throws {VfStuck} {@link FiltersNotRemoved} */
  async removeAll(): Promise<void> {
    await this.#each(async (driver) => driver.remove(Array.from(driver.entries, ({ id }) => id)));
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
    await this.#each(async (driver) => {
      const traffic = await driver.takeTraffic();
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

  unserved(ports: PortSnapshot): readonly UnservedPort[] {
    return this.#vms.flatMap(({ vm, why }) =>
      why === undefined || !ports.has(vm.port) ? [] : { name: vm.port, why },
    );
  }

  async renewGuests(untilMs: number): Promise<void> {
    await this.#each(async (driver) => {
      const session = driver.guest?.session;
      if (session === undefined || (await session.renew(untilMs - MARGIN_MS)) === 'renewed') return;
      // The guest has removed its transmit rules: a new lease begins without them.
      await session.renew(untilMs - MARGIN_MS);
      this.#lose(await driver.transmitLost());
    });
  }

  /** Puts everything in force again after {@link lapse}. */
  async restore(): Promise<void> {
    await this.#each(async (driver) => this.#lose(await driver.restore()));
  }

  /** The guests send through the vSwitch from now on. */
  async stopSending(): Promise<void> {
    await this.#each((driver) => driver.stopSending());
  }

  /** The NIC has dropped everything. */
  async lapse(): Promise<void> {
    await this.#each((driver) => driver.lapse());
  }

  async #followPort(driven: DrivenVm, ports: PortSnapshot): Promise<void> {
    const { vm, driver } = driven;
    const mac = ports.get(vm.port)?.mac;
    if (mac === driven.mac) return;
    await driver?.remove(Array.from(driver.entries, ({ id }) => id));
    driven.mac = mac;
    driven.driver = mac === undefined ? undefined : this.#driverOf(vm, mac);
    driven.why =
      mac === undefined ? 'its port is not there, or has no known MAC address' : undefined;
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

  async #begin(driven: DrivenVm, driver: VmDriver, port: PortInfo, untilMs: number): Promise<void> {
    const session = this.#sessions.find(driven.vm.guest);
    if (session === undefined) return;
    try {
      await driver.begin(new GuestRules(session, driven.vm, port));
      if (untilMs > 0) await session.renew(untilMs - MARGIN_MS);
      driven.why = undefined;
    } catch (error) {
      if (!(error instanceof GuestUnusable || error instanceof GuestSessionEnded)) throw error;
      driven.why = error.message;
    }
  }

  /** What a failed change of a VM means; a guest that is gone has lost its entries. */
  async #failure(driver: VmDriver, error: unknown): Promise<Refusal> {
    if (error instanceof GuestSessionEnded) await this.#guestGone(driver);
    else if (!(error instanceof VfStuck || error instanceof GuestRefused)) throw error;
    return { code: 'device-error', detail: error.message };
  }

  async #guestGone(driver: VmDriver): Promise<void> {
    this.#lost.push(...Array.from(driver.entries, ({ id }) => id));
    await driver.guestGone(this.#options.leaseMs);
  }

  #lose(refused: ReadonlyMap<string, Refusal>): void {
    this.#lost.push(...refused.keys());
  }

  /**
   * Runs a task for each VM; one whose guest is gone, or that fails, does not stop the others.
   *
   * @throws the first failure, when all tasks are over
   */
  async #each(task: (driver: VmDriver) => Promise<void>): Promise<void> {
    const failures: unknown[] = [];
    for (const { driver } of this.#vms) {
      if (driver === undefined) continue;
      try {
        await task(driver);
      } catch (error) {
        if (error instanceof GuestSessionEnded) await this.#guestGone(driver);
        else failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  #of(vm: VfVm): DrivenVm {
    const found = this.#vms.find((driven) => driven.vm === vm);
    if (found === undefined) throw new Error(`VF ${vm.vf} is not among the virtual functions`);
    return found;
  }
}
