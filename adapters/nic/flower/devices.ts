import { monotonicMs } from '../../../async/monotonic.ts';
import { NetlinkRefused } from '../../../protocols/netlink/errors.ts';
import { deleteClsact, newClsact } from '../../../protocols/netlink/tc/qdiscs.ts';
import { PARENT } from '../../../protocols/netlink/tc/traffic-control.ts';
import { PortUnusable } from '../core/errors.ts';
import type { PortIdentity, RuleDevice } from './entry.ts';
import { type Gate, removeGate } from './gate.ts';
import type { RulesIn } from './options.ts';
import type { DeviceRecord, Pins } from './pins.ts';
import { tunnelDevice } from './rules/tunnel-device.ts';
import { ServedDevice } from './served-device.ts';
import { removalOf, type TrafficControlRequests } from './traffic-control.ts';

/** What {@link Devices} works with. */
export interface DevicesParts {
  readonly tc: TrafficControlRequests;
  readonly pins: Pins;
  /** Before the rules in software of a device. */
  readonly gate: Pick<Gate, 'put'>;
  readonly rulesIn: RulesIn;
  /** Current ifindex of a device by name. */
  readonly ifindexOf: (name: string) => number | undefined;
  /** Whether a device takes rules into hardware; undefined: it does not say. */
  readonly takesRules: (name: string) => Promise<boolean | undefined>;
}

/**
 * The devices with rules. A device gets a `clsact`, if it has none, and the gate with its first rule,
 * and loses both some time after the last: Open vSwitch cannot police beside them.
 */
export class Devices {
  readonly #parts: DevicesParts;
  readonly #byIfindex = new Map<number, ServedDevice>();

  constructor(parts: DevicesParts) {
    this.#parts = parts;
  }

  all(): readonly ServedDevice[] {
    return [...this.#byIfindex.values()];
  }

  get(ifindex: number): ServedDevice | undefined {
    return this.#byIfindex.get(ifindex);
  }

  /**
   * Makes a device ready for rules; one that is served stays as it is.
   *
   * @param optionBytes of the options of Geneve that packets must have to come to the rules
   * @throws {PortUnusable} {@link NetworkLockBusy}
   */
  async open({ name, ifindex }: PortIdentity, optionBytes: number): Promise<ServedDevice> {
    const open = this.#byIfindex.get(ifindex);
    if (open !== undefined) return open;
    const { tc, takesRules } = this.#parts;
    if (!this.#hasSoftware(name) && (await takesRules(name)) === false) {
      const remedy = `ethtool -K ${name} hw-tc-offload on`;
      throw new PortUnusable(name, `its device takes no rules (hw-tc-offload is off): ${remedy}`);
    }
    const refusal = await tc.one(`adding clsact to ${name}`, newClsact(ifindex));
    if (refusal !== undefined && refusal.code !== 'EEXIST') {
      throw new PortUnusable(name, `it cannot have rules of tc: ${refusal.message}`);
    }
    if (refusal !== undefined) await this.#requireClsact(name, ifindex);
    return this.#begin(name, ifindex, { madeClsact: refusal === undefined, optionBytes });
  }

  /** Takes over a device with the filters of an earlier daemon. @throws as {@link open} */
  async adopt({ name, ifindex }: PortIdentity): Promise<ServedDevice> {
    const { tc, pins } = this.#parts;
    // The earlier daemon may have had its rules in software.
    if (!this.#hasSoftware(name))
      await tc.one(`removing the gate from ${name}`, removeGate(ifindex));
    const record = pins.devices().get(ifindex) ?? { madeClsact: false, optionBytes: 0 };
    return this.#begin(name, ifindex, record);
  }

  /** Forgets a device that is gone: its filters went with it. */
  forget(device: ServedDevice): void {
    this.#byIfindex.delete(device.ifindex);
    this.#parts.pins.removeDevice(device.ifindex);
  }

  /** Removes everything of ours from a device that has no entries. @throws {NetworkLockBusy} */
  async close({ name, ifindex, madeClsact }: ServedDevice): Promise<void> {
    await this.clear(ifindex, name, madeClsact);
    this.#byIfindex.delete(ifindex);
  }

  /**
   * Removes all our filters from a device, whether it is served or not, and its `clsact` if we made it
   * and nobody else uses it.
   *
   * @throws {NetworkLockBusy}
   */
  async clear(ifindex: number, name: string, madeClsact: boolean): Promise<void> {
    const { tc, pins } = this.#parts;
    await tc.batch(`removing rules from ${name}`, [...removalOf(ifindex), removeGate(ifindex)]);
    if (madeClsact && !(await this.#hasFilters(ifindex))) {
      await tc.one(`removing clsact from ${name}`, deleteClsact(ifindex));
    }
    pins.removeDevice(ifindex);
  }

  /** Makes the vSwitch look at a device again. @throws {NetworkLockBusy} */
  async announce({ name, ifindex }: RuleDevice): Promise<void> {
    if (this.#parts.ifindexOf(name) !== ifindex) return;
    try {
      await this.#parts.tc.announce(ifindex);
    } catch (error) {
      // The device is gone by now.
      if (!(error instanceof NetlinkRefused)) throw error;
    }
  }

  /** True if the device of that name is still the one that is served. */
  isThere({ name, ifindex }: RuleDevice): boolean {
    return this.#parts.ifindexOf(name) === ifindex;
  }

  async #begin(name: string, ifindex: number, record: DeviceRecord): Promise<ServedDevice> {
    const { tc, pins, gate } = this.#parts;
    const device = new ServedDevice(name, ifindex, record, monotonicMs());
    pins.addDevice(ifindex, record);
    if (this.#hasSoftware(name)) {
      const refusal = await tc.one(`adding the gate to ${name}`, gate.put(ifindex));
      if (refusal !== undefined) {
        await this.clear(ifindex, name, record.madeClsact);
        throw new PortUnusable(name, `its rules cannot have a gate: ${refusal.message}`);
      }
    }
    this.#byIfindex.set(ifindex, device);
    return device;
  }

  /**
   * Whether the rules of a device are in software, too. Those of a tunnel always are: its device has no
   * `hw-tc-offload`, and NICs get its rules through indirect blocks.
   */
  #hasSoftware(name: string): boolean {
    return this.#parts.rulesIn === 'software' || tunnelDevice(name) !== undefined;
  }

  /** @throws {PortUnusable} when the qdisc that keeps `clsact` away is of another kind */
  async #requireClsact(name: string, ifindex: number): Promise<void> {
    const there = (await this.#parts.tc.qdiscs()).filter(
      (qdisc) => qdisc.ifindex === ifindex && qdisc.parent === PARENT.ingress,
    );
    const other = there.find(({ kind }) => kind !== 'clsact');
    if (other === undefined) return;
    const what = `its device has an ${other.kind} qdisc, beside which there can be no clsact`;
    throw new PortUnusable(name, `${what}; Open vSwitch adds one for ingress_policing_rate`);
  }

  async #hasFilters(ifindex: number): Promise<boolean> {
    for (const parent of [PARENT.clsactIngress, PARENT.clsactEgress]) {
      if ((await this.#parts.tc.filters(ifindex, parent)).length > 0) return true;
    }
    return false;
  }
}
