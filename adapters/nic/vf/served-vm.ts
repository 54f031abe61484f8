import { formatFlowId } from '../../../engine/model/flow-id.ts';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import { GuestRefused, GuestSessionEnded } from '../../../protocols/guest-channel/host/errors.ts';
import type { GuestSession, GuestSessions } from '../../../protocols/guest-channel/host/session.ts';
import type { EntryPlan } from './entry-plan.ts';
import { GuestRules, GuestUnusable } from './guest-rules.ts';
import type { VfVm } from './options.ts';
import { type VmDriver, VfStuck } from './vm-driver.ts';

/** How much earlier a guest's lease ends than that of the NIC, ms. */
export const MARGIN_MS = 200;
/** After this time a guest that lacks a device is asked for its devices again, ms. */
const ASK_AGAIN_MS = 30_000;

/** What a served VM needs from its backend. */
export interface ServedVmParts {
  readonly sessions: GuestSessions;
  /** CLOCK_MONOTONIC, ms. */
  readonly nowMs: () => number;
  readonly leaseMs: number;
  /** A driver for a VM whose port has this MAC address. */
  readonly driverOf: (vm: VfVm, mac: string) => VmDriver;
  /** Gets the ids of entries that have ended by themselves. */
  readonly lose: (ids: Iterable<string>) => void;
}

/** A VM with a virtual function: its port, its session, and the driver that moves its traffic. */
export class ServedVm {
  readonly vm: VfVm;
  readonly #parts: ServedVmParts;
  /** Undefined while the MAC address of its port is not known. */
  #driver: VmDriver | undefined;
  /** For which the driver was made. */
  #mac: string | undefined;
  #why: string | undefined = 'its port is not there';
  /** When the guest is asked for its devices again, ms of CLOCK_MONOTONIC; undefined: it has them. */
  #askAgainAtMs: number | undefined;

  constructor(vm: VfVm, parts: ServedVmParts) {
    this.vm = vm;
    this.#parts = parts;
  }

  get driver(): VmDriver | undefined {
    return this.#driver;
  }

  /** Why it cannot be used; undefined: it can. */
  get why(): string | undefined {
    return this.#why;
  }

  /** Follows its port and the session with its guest. @param untilMs end of the lease in force */
  async follow(ports: PortSnapshot, untilMs: number): Promise<void> {
    await this.#followPort(ports);
    const driver = this.#driver;
    const port = ports.get(this.vm.port);
    if (driver === undefined || port === undefined) return;
    const session = this.#session();
    if (driver.guest !== undefined && driver.guest.session !== session) await this.guestGone();
    if (session === undefined) {
      this.#why = `its guest ${this.vm.guest} has no agent that is connected`;
    } else if (session.isLeaving) {
      await this.#leave(driver, session);
    } else if (driver.guest === undefined) {
      await this.#begin(driver, session, port, untilMs);
    } else if (driver.guest.hasLost) {
      // Its VF may be gone, so the NIC stops at once. A new session lists the devices that there are.
      this.#why = `its guest ${this.vm.guest} has lost rules`;
      await this.guestGone();
      session.close();
    }
    await driver.settle();
  }

  /** Installs an entry; resolves to the refusal, undefined: it is in force. */
  async add({ flow, path, filter }: EntryPlan): Promise<Refusal | undefined> {
    const driver = this.#driver;
    if (driver === undefined || this.#why !== undefined) {
      return { code: 'port-unavailable', detail: `port ${this.vm.port}: ${this.#why}` };
    }
    const id = formatFlowId(flow.id);
    const { direction, match } = path;
    const steering = filter === undefined ? {} : { filter };
    try {
      return (await driver.add([{ id, direction, match, ...steering }])).get(id);
    } catch (error) {
      return this.#failure(error);
    }
  }

  /** Removes an entry; resolves to the refusal when it may still be in force. */
  async remove({ flow }: EntryPlan): Promise<Refusal | undefined> {
    try {
      await this.#driver?.remove([formatFlowId(flow.id)]);
      return undefined;
    } catch (error) {
      return this.#failure(error);
    }
  }

  /** Renews the guest's lease, which ends before `untilMs`, the end of the NIC's. */
  async renew(untilMs: number): Promise<void> {
    const driver = this.#driver;
    const session = driver?.guest?.session;
    if (session !== undefined && (await session.renew(untilMs - MARGIN_MS)) === 'late') {
      // The guest has removed its transmit rules: a new lease begins without them.
      await session.renew(untilMs - MARGIN_MS);
      driver?.guest?.acknowledgeLoss();
      this.#parts.lose((await driver?.transmitLost())?.keys() ?? []);
    }
    if (this.#askAgainAtMs !== undefined && this.#parts.nowMs() >= this.#askAgainAtMs) {
      this.#askAgainAtMs = undefined;
      this.#session()?.close();
    }
    // A guest that was gone may have had its time.
    if (driver?.guest === undefined) await driver?.settle();
  }

  /** The guest does not answer any more: its entries are lost. */
  async guestGone(): Promise<void> {
    const driver = this.#driver;
    if (driver === undefined) return;
    this.#parts.lose(Array.from(driver.entries, ({ id }) => id));
    await driver.guestGone(this.#parts.leaseMs);
  }

  #session(): GuestSession | undefined {
    const found = this.#parts.sessions.find(this.vm.guest);
    return found?.end === undefined ? found : undefined;
  }

  async #followPort(ports: PortSnapshot): Promise<void> {
    const mac = ports.get(this.vm.port)?.mac;
    if (mac === this.#mac) return;
    await this.#driver?.remove(Array.from(this.#driver.entries, ({ id }) => id));
    this.#mac = mac;
    this.#driver = mac === undefined ? undefined : this.#parts.driverOf(this.vm, mac);
    this.#why =
      mac === undefined ? 'its port is not there, or has no known MAC address' : undefined;
  }

  async #begin(
    driver: VmDriver,
    session: GuestSession,
    port: PortInfo,
    untilMs: number,
  ): Promise<void> {
    this.#askAgainAtMs = undefined;
    try {
      await driver.begin(new GuestRules(session, this.vm, port));
      // The first renewal after a loss only says so.
      if (untilMs > 0 && (await session.renew(untilMs - MARGIN_MS)) === 'late') {
        await session.renew(untilMs - MARGIN_MS);
      }
      this.#why = undefined;
    } catch (error) {
      if (!(error instanceof GuestUnusable || error instanceof GuestSessionEnded)) throw error;
      this.#why = error.message;
      if (error instanceof GuestUnusable) this.#askAgainAtMs = this.#parts.nowMs() + ASK_AGAIN_MS;
    }
  }

  /** Moves everything back in the order that loses no packet; the agent waits for that. */
  async #leave(driver: VmDriver, session: GuestSession): Promise<void> {
    this.#why = `the agent of guest ${this.vm.guest} is about to end`;
    const ids = Array.from(driver.entries, ({ id }) => id);
    this.#parts.lose(ids);
    try {
      await driver.remove(ids);
      await session.withdraw();
    } catch (error) {
      await this.#failure(error);
    }
  }

  /** What a failed change means; a guest that is gone has lost its entries. */
  async #failure(error: unknown): Promise<Refusal> {
    if (error instanceof GuestSessionEnded) await this.guestGone();
    else if (!(error instanceof VfStuck || error instanceof GuestRefused)) throw error;
    return { code: 'device-error', detail: error.message };
  }
}
