import type { FlowId } from '../../../engine/model/flow-id.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import { EntriesNotDeleted } from '../core/errors.ts';
import type { Devices } from './devices.ts';
import { type Entry, portsHold } from './entry.ts';
import type { EntryTable } from './entry-table.ts';
import type { RuleMoves } from './rule-moves.ts';
import type { ServedPorts } from './served-ports.ts';

/** What a {@link PortFollower} works with. */
export interface PortFollowerParts {
  readonly entries: EntryTable;
  readonly ports: ServedPorts;
  readonly devices: Devices;
  readonly moves: RuleMoves;
  /** Time between two heartbeats of a flow, ms; 0: no heartbeats. */
  readonly heartbeatMs: number;
  /** Time without rules after which a device is given back, ms. */
  readonly detachAfterMs: number;
}

/** Follows the ports: removes entries that must not stay, and gives devices back. */
export class PortFollower {
  readonly #parts: PortFollowerParts;

  constructor(parts: PortFollowerParts) {
    this.#parts = parts;
  }

  /**
   * Removes the entries whose ports have changed, and returns their flows.
   *
   * @throws {EntriesNotDeleted} after trying all; those that are removed are then not returned
   */
  async removeWrong(): Promise<readonly FlowId[]> {
    const { entries, ports, devices, heartbeatMs } = this.#parts;
    const wrong = [...entries.all()].filter(
      (entry) =>
        !portsHold(entry, ports.snapshot, heartbeatMs) ||
        entry.ports.some(({ name }) => ports.get(name) === undefined),
    );
    const isGone = ({ device }: Entry): boolean => !devices.isThere(device);
    // Their filters went with the device.
    for (const entry of wrong.filter(isGone)) entries.remove(entry);
    await this.remove(wrong.filter((entry) => !isGone(entry)));
    for (const device of devices.all()) if (!devices.isThere(device)) devices.forget(device);
    return wrong.map(({ id }) => id);
  }

  /** Gives devices back at once on which the vSwitch polices, or something else was found. */
  async giveBack(): Promise<void> {
    const { ports, devices } = this.#parts;
    for (const device of devices.all()) {
      const port = ports.byIfindex(device.ifindex);
      const isUsable = port !== undefined && !port.policed && ports.get(port.name) !== undefined;
      if (isUsable || device.entries.size > 0) continue;
      await devices.close(device);
      // It could not add its qdisc beside ours, and tries again when a device changes.
      if (port?.policed === true) await devices.announce(device);
    }
  }

  /** Gives devices back that have had no rules for a while. */
  async closeIdle(): Promise<void> {
    const { devices, detachAfterMs } = this.#parts;
    const dueMs = monotonicMs() - detachAfterMs;
    for (const device of devices.all()) {
      if (device.entries.size === 0 && device.emptySinceMs < dueMs) await devices.close(device);
    }
  }

  /** @throws {EntriesNotDeleted} */
  async remove(entries: readonly Entry[]): Promise<void> {
    const left = await this.#parts.moves.remove(entries);
    if (left.length > 0) throw new EntriesNotDeleted(left.length, 'the kernel refused it');
  }
}
