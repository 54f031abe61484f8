import { PortUnusable } from '../core/errors.ts';
import type { Devices } from './devices.ts';
import type { PortIdentity } from './entry.ts';
import type { EntryTable } from './entry-table.ts';
import type { DeviceRecord, Pins } from './pins.ts';
import { isOwnRule } from './other-hooks.ts';
import type { RuleReader } from './rule-reader.ts';
import type { ServedPorts } from './served-ports.ts';
import type { TrafficControlRequests } from './traffic-control.ts';
import { PARENT } from '../../../protocols/netlink/tc/traffic-control.ts';

/** What an {@link Adoption} works with. */
export interface AdoptionParts {
  readonly tc: TrafficControlRequests;
  readonly pins: Pins;
  readonly entries: EntryTable;
  readonly ports: ServedPorts;
  readonly devices: Devices;
  readonly reader: RuleReader;
}

/**
 * Takes over what an earlier daemon has left: rules of flows on ports that can be served become entries,
 * with the flow in their cookie. Everything else of it is removed.
 */
export class Adoption {
  readonly #parts: AdoptionParts;

  constructor(parts: AdoptionParts) {
    this.#parts = parts;
  }

  /** @throws {NetworkLockBusy} */
  async run(): Promise<void> {
    const { pins, ports, devices } = this.#parts;
    const left = pins.devices();
    for (const [ifindex, { madeClsact }] of left) {
      const port = ports.byIfindex(ifindex);
      const isServed = port !== undefined && !port.policed && ports.get(port.name) !== undefined;
      if (isServed) await this.#adopt(port);
      else await devices.clear(ifindex, port?.name ?? `device ${ifindex}`, madeClsact);
    }
    await this.#clearOthers(left);
  }

  async #adopt(identity: PortIdentity): Promise<void> {
    const { ports, devices, reader, entries } = this.#parts;
    try {
      const device = await devices.adopt(identity);
      for (const entry of await reader.adoptable(device)) {
        if (entries.get(entry.id) === undefined) entries.add(entry);
      }
      await reader.removeUnknown(device);
    } catch (error) {
      if (!(error instanceof PortUnusable)) throw error;
      ports.fail(identity, error.message);
    }
  }

  /** Removes our filters from devices that the pins do not have: they were lost. */
  async #clearOthers(known: ReadonlyMap<number, DeviceRecord>): Promise<void> {
    const { tc, ports, devices } = this.#parts;
    for (const { ifindex, kind } of await tc.qdiscs()) {
      const port = ports.byIfindex(ifindex);
      if (kind !== 'clsact' || port === undefined || known.has(ifindex)) continue;
      // Its own rules have flow ids as cookies, too.
      if (port.vswitchOffloads === true) continue;
      const there = await tc.filters(ifindex, PARENT.clsactIngress);
      const foreign = there.filter((filter) => filter.handle !== 0 && !isOwnRule(filter));
      if (there.some(isOwnRule) && foreign.length === 0) {
        await devices.clear(ifindex, port.name, false);
      }
    }
  }
}
