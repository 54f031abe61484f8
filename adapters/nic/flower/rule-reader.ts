import type { FilterCounters } from '../../../protocols/netlink/tc/filter-counters.ts';
import { deleteFilter, type FlowerFilter } from '../../../protocols/netlink/tc/filters.ts';
import { FLOWER } from '../../../protocols/netlink/tc/flower-table.ts';
import { FILTER_FLAGS } from '../../../protocols/netlink/tc/tables.ts';
import { MIRRED_TO } from '../../../protocols/netlink/tc/action-tables.ts';
import { formatFlowId } from '../../../engine/model/flow-id.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import type { Devices } from './devices.ts';
import { type Entry, newState, noteCounters, type PortIdentity } from './entry.ts';
import type { EntryTable } from './entry-table.ts';
import type { RulesIn } from './options.ts';
import type { Pins } from './pins.ts';
import { isRulePriority, RULE_PLACES, type RulePlace } from './priorities.ts';
import { flagsOn } from './rule-requests.ts';
import { flowIdOfActions } from './rules/cookie.ts';
import type { ServedDevice } from './served-device.ts';
import type { ServedPorts } from './served-ports.ts';
import type { TrafficControlRequests } from './traffic-control.ts';

/** What a {@link RuleReader} works with. */
export interface RuleReaderParts {
  readonly tc: TrafficControlRequests;
  readonly entries: EntryTable;
  readonly devices: Devices;
  readonly ports: ServedPorts;
  readonly pins: Pins;
  readonly rulesIn: RulesIn;
}

/** Reads what is in tc: the counters of rules, and the rules of an earlier daemon. */
export class RuleReader {
  readonly #parts: RuleReaderParts;
  #reading = 0;

  constructor(parts: RuleReaderParts) {
    this.#parts = parts;
  }

  /**
   * Notes the counters of all rules. Returns the entries whose rules are gone.
   *
   * @throws {NetworkLockBusy}
   */
  async readCounters(): Promise<readonly Entry[]> {
    const { tc, devices, entries } = this.#parts;
    this.#reading++;
    const reading = this.#reading;
    for (const device of devices.all()) {
      const reader = {
        begin: () => undefined,
        filter: (counters: FilterCounters) => note(device, counters, reading),
      };
      for (const place of RULE_PLACES) {
        if (hasRulesAt(device, place)) await tc.counters(device.ifindex, place, reader);
      }
    }
    const missing: Entry[] = [];
    for (const entry of entries.all()) {
      if (entry.state === 'installed' && entry.seenBy !== reading) missing.push(entry);
    }
    return missing;
  }

  /** The rules of an earlier daemon on a device that can be entries. @throws {NetworkLockBusy} */
  async adoptable(device: ServedDevice): Promise<readonly Entry[]> {
    const rules = await this.#rulesOf(device);
    return rules.map((filter) => this.#entryOf(device, filter)).filter((e) => e !== undefined);
  }

  /**
   * Removes the rules of a device that are no entries, as of an earlier daemon or of a request without
   * an answer.
   *
   * @throws {NetworkLockBusy}
   */
  async removeUnknown(device: ServedDevice): Promise<void> {
    const unknown = (await this.#rulesOf(device)).filter(
      ({ handle, priority }) => device.entries.get(handle)?.place.priority !== priority,
    );
    const requests = unknown.map((filter) => deleteFilter(filter, 'flower'));
    await this.#parts.tc.batch(`removing unknown rules from ${device.name}`, requests);
  }

  async #rulesOf({ ifindex }: ServedDevice): Promise<readonly FlowerFilter[]> {
    const all = await this.#parts.tc.rules(ifindex);
    // Others may use our priorities; their rules have no flow id as cookie.
    return all.filter(
      ({ chain, priority, actions }) =>
        chain === 0 && isRulePriority(priority) && flowIdOfActions(actions) !== undefined,
    );
  }

  #entryOf(device: ServedDevice, filter: FlowerFilter): Entry | undefined {
    const { priority, protocol, actions, handle } = filter;
    const id = flowIdOfActions(actions);
    const place = RULE_PLACES.find((one) => one.priority === priority);
    const ports = this.#portsOf(device, filter);
    if (id === undefined || place?.protocol !== protocol || ports === undefined) return undefined;
    if (!this.#isInRightPlace(device, filter)) return undefined;
    const entry: Entry = {
      id,
      key: formatFlowId(id),
      device,
      place,
      handle,
      rule: undefined,
      adopted: filter,
      ports,
      hasHeartbeat: actions[0].kind === 'police',
      ...newState(place),
      beatAtMs: monotonicMs(),
    };
    return entry;
  }

  #isInRightPlace({ name }: ServedDevice, { options, isInHardware }: FlowerFilter): boolean {
    const { rulesIn } = this.#parts;
    const { skipHardware, skipSoftware } = FILTER_FLAGS;
    const flags = (options.get(FLOWER.filterFlags) ?? 0) & (skipHardware | skipSoftware);
    return flags === flagsOn(name, rulesIn) && isInHardware === (rulesIn === 'hardware');
  }

  /** The ports of a rule; undefined when one of them is not the port any more that it was. */
  #portsOf(device: ServedDevice, { actions }: FlowerFilter): readonly PortIdentity[] | undefined {
    const { ports, pins } = this.#parts;
    const outputs = actions.flatMap(({ to }) => (to === undefined ? [] : [to]));
    const isInternal = (how: number): boolean =>
      how === MIRRED_TO.ingressMirror || how === MIRRED_TO.ingressRedirect;
    const found = [
      ports.byIfindex(device.ifindex),
      ...outputs.map(({ how, ifindex }) => {
        const port = ports.byIfindex(ifindex);
        return (port?.kind === 'internal') === isInternal(how) ? port : undefined;
      }),
    ];
    const known = found.filter((port) => port !== undefined);
    if (known.length < found.length || !known.every((port) => pins.hasPort(port))) return undefined;
    return known.map(({ name, uuid, ifindex }) => ({ name, uuid, ifindex }));
  }
}

function note(device: ServedDevice, counters: FilterCounters, reading: number): void {
  const entry = device.entries.get(counters.handle);
  if (entry === undefined || entry.place.priority !== counters.priority) return;
  entry.seenBy = reading;
  noteCounters(entry, counters);
}

function hasRulesAt(device: ServedDevice, place: RulePlace): boolean {
  for (const entry of device.entries.values()) if (entry.place === place) return true;
  return false;
}
