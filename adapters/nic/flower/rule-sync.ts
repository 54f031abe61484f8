import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { Devices } from './devices.ts';
import type { Entry } from './entry.ts';
import type { EntryTable } from './entry-table.ts';
import type { RuleReader } from './rule-reader.ts';
import type { StepSender } from './steps.ts';

/** What a {@link RuleSync} works with. */
export interface RuleSyncParts {
  readonly entries: EntryTable;
  readonly devices: Devices;
  readonly reader: RuleReader;
  readonly sender: StepSender;
  /** False when the lease of rules in hardware has lapsed: the watchdog removes them. */
  readonly mayInstall: () => boolean;
  /** Called with the number of rules that the watchdog has removed. */
  readonly onRemoved: (rules: number) => void;
  readonly onLost: () => void;
}

/** Compares the entries with the rules that are in tc, and keeps the flows whose rules are gone. */
export class RuleSync {
  readonly #parts: RuleSyncParts;
  /** Flows whose entries are gone and have not been reported yet. */
  readonly #lost: FlowId[] = [];

  constructor(parts: RuleSyncParts) {
    this.#parts = parts;
  }

  /** Reads what is in tc when it is unknown. @throws {NetworkLockBusy} */
  async refresh(): Promise<void> {
    const { devices, reader, sender } = this.#parts;
    if (!sender.isStale) return;
    for (const device of devices.all()) {
      if (!devices.isThere(device)) {
        this.#dropAll([...device.entries.values()]);
        devices.forget(device);
        continue;
      }
      await reader.removeUnknown(device);
    }
    await this.readCounters();
    sender.isStale = false;
  }

  /** Reads the counters, and drops entries whose rules are gone. @throws {NetworkLockBusy} */
  async readCounters(): Promise<void> {
    const missing = await this.#parts.reader.readCounters();
    if (missing.length === 0) return;
    // The watchdog has removed them; otherwise they went with their device, or somebody else did it.
    if (!this.#parts.mayInstall()) {
      this.#parts.onRemoved(missing.length);
      for (const entry of missing) entry.state = 'lapsed';
      return;
    }
    this.#dropAll(missing);
  }

  /** Adds flows whose rules are gone, and reports that there are some. */
  lose(ids: readonly FlowId[]): void {
    this.addLost(ids);
    if (ids.length > 0) this.#parts.onLost();
  }

  /** Adds flows whose rules are gone; their caller reports them. */
  addLost(ids: readonly FlowId[]): void {
    this.#lost.push(...ids);
  }

  /** The flows whose rules are gone since the last call. */
  takeLost(): readonly FlowId[] {
    return this.#lost.splice(0);
  }

  #dropAll(entries: readonly Entry[]): void {
    for (const entry of entries) this.#parts.entries.remove(entry);
    this.lose(entries.map(({ id }) => id));
  }
}
