import type { GuestRule } from '../../protocols/guest-channel/codec/rule.ts';
import type { FilterProtocol } from './filter-text.ts';

/** A rule as it is installed. */
export interface InstalledRule {
  readonly id: number;
  readonly direction: GuestRule['direction'];
  readonly device: string;
  readonly to: string;
  readonly protocol: FilterProtocol;
  /** Arguments of `flower`. */
  readonly match: string;
  /** The devices' ifindexes: another device can get the name. */
  readonly deviceIndex: string;
  readonly toIndex: string;
}

/** What the agent has installed, by id and by place. */
export class InstalledRules {
  readonly #byId = new Map<number, InstalledRule>();
  readonly #byPlace = new Map<string, InstalledRule>();
  readonly #ids = { receive: new Set<number>(), transmit: new Set<number>() };

  get receive(): ReadonlySet<number> {
    return this.#ids.receive;
  }

  get transmit(): ReadonlySet<number> {
    return this.#ids.transmit;
  }

  get all(): readonly InstalledRule[] {
    return [...this.#byId.values()];
  }

  get(id: number): InstalledRule | undefined {
    return this.#byId.get(id);
  }

  add(rule: InstalledRule): void {
    const earlier = this.#byId.get(rule.id);
    if (earlier !== undefined) this.remove(earlier);
    this.#byId.set(rule.id, rule);
    this.#byPlace.set(placeOf(rule), rule);
    this.#ids[rule.direction].add(rule.id);
  }

  remove(rule: InstalledRule): void {
    this.#byId.delete(rule.id);
    this.#byPlace.delete(placeOf(rule));
    this.#ids[rule.direction].delete(rule.id);
  }

  /**
   * Rules that have to be deleted before this one is put: one with the same id that matches something
   * else, which flower does not replace, and one with another id that matches the same.
   */
  inTheWayOf(rule: InstalledRule): readonly InstalledRule[] {
    const candidates = [this.#byId.get(rule.id), this.#byPlace.get(placeOf(rule))];
    return candidates
      .filter((other) => other !== undefined)
      .filter((other) => other.id !== rule.id || placeOf(other) !== placeOf(rule));
  }
}

/** Two filters at a hook, with one protocol, cannot match the same. */
function placeOf({ device, direction, protocol, match }: InstalledRule): string {
  return `${device} ${direction} ${protocol} ${match}`;
}
