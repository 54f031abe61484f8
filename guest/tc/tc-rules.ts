import { setTimeout as sleep } from 'node:timers/promises';
import type { RuleCounters, RuleResult } from '../../protocols/guest-channel/codec/messages.ts';
import type { GuestRule } from '../../protocols/guest-channel/codec/rule.ts';
import type { RuleTable } from '../agent/rule-table.ts';
import type { Devices, DeviceState } from '../machine/devices.ts';
import { addHooks, deleteAll, deleteFilter, hookOf, replaceFilter } from './commands.ts';
import { TcUnusable } from './errors.ts';
import { filterText } from './filter-text.ts';
import { listedFilters } from './filter-list.ts';
import { InstalledRules, type InstalledRule } from './installed-rules.ts';
import { ALL_PRIORITIES, type Generation, GENERATIONS, prioritiesOf } from './priorities.ts';
import type { Tc } from './tc-program.ts';

/**
 * How long rules wait for the link of their VF, ms: the host has just switched it on, and the VF's driver learns of it by
 * a message. Shorter than the shortest time in which the host expects a reply.
 */
const LINK_MS = 150;
const LOOK_MS = 10;
/** What tc says when there is nothing to delete: no filter, no device, no qdisc. */
const IS_GONE = /not found|cannot find|no such|doesn't exist/i;

/**
 * The rules as filters of tc's classifier `flower`.
 *
 * `transmit`: at the egress of the paravirtual device, redirected to the VF. `receive`: at the ingress
 * of the VF, declared to be for this host and redirected to the ingress of the paravirtual device, so
 * that sockets see the same device and address as before.
 */
export class TcRules implements RuleTable {
  readonly #tc: Tc;
  readonly #devices: Devices;
  readonly #rules = new InstalledRules();
  /** Devices that have hooks for filters, with their ifindexes. */
  readonly #hooked = new Set<string>();
  #generation: Generation = 0;
  /** Devices on which an earlier agent has left receive rules. */
  #adopted: readonly string[] = [];

  constructor(tc: Tc, devices: Devices) {
    this.#tc = tc;
    this.#devices = devices;
  }

  get receive(): ReadonlySet<number> {
    return this.#rules.receive;
  }

  get transmit(): ReadonlySet<number> {
    return this.#rules.transmit;
  }

  async adopt(): Promise<void> {
    const names = (await this.#devices.list()).map(({ name }) => name);
    await this.#deleteFilters(
      names.flatMap((name) => GENERATIONS.flatMap((g) => deleteAll(name, 'transmit', g))),
    );
    const used = await Promise.all(
      names.map(async (name) => ({ name, priorities: await this.#priorities(name) })),
    );
    const isUsed = (generation: Generation): boolean =>
      used.some(({ priorities }) => prioritiesOf(generation).some((p) => priorities.has(p)));
    this.#generation = isUsed(0) ? 1 : 0;
    // Left by the agent before the last one, which was never resynchronised.
    if (isUsed(0) && isUsed(1)) {
      await this.#deleteFilters(names.flatMap((name) => deleteAll(name, 'receive', 1)));
    }
    this.#adopted = used.filter(({ priorities }) => priorities.size > 0).map(({ name }) => name);
  }

  async put(rules: readonly GuestRule[]): Promise<readonly RuleResult[]> {
    const ordered = [...rules.filter(isReceive), ...rules.filter((rule) => !isReceive(rule))];
    const ready: InstalledRule[] = [];
    const errors = new Map<number, string>();
    const untilMs = performance.now() + LINK_MS;
    for (const rule of ordered) {
      const planned = await this.#planned(rule, untilMs);
      if (typeof planned === 'string') errors.set(rule.id, planned);
      else ready.push(planned);
    }
    await this.#addHooks(ready);
    const inTheWay = ready.flatMap((rule) => this.#rules.inTheWayOf(rule));
    await this.#deleteRules(inTheWay);
    const commands = ready.map((r) => replaceFilter(r, r.to, r.match, this.#generation));
    const failed = await this.#tc.batch(commands);
    ready.forEach((rule, i) => {
      const error = failed[i];
      if (error === undefined) this.#rules.add(rule);
      else errors.set(rule.id, error);
    });
    return rules.map(({ id }): RuleResult => {
      const why = errors.get(id);
      return why === undefined ? { id, ok: true } : { id, ok: false, why };
    });
  }

  delete(ids: readonly number[]): Promise<number> {
    return this.#deleteRules(ids.flatMap((id) => this.#rules.get(id) ?? []));
  }

  async retain(kept: ReadonlySet<number>): Promise<number> {
    const others = this.#rules.all.filter(({ id }) => !kept.has(id));
    const deleted = await this.#deleteRules(others);
    const earlier: Generation = this.#generation === 0 ? 1 : 0;
    await this.#deleteFilters(this.#adopted.flatMap((name) => deleteAll(name, 'receive', earlier)));
    this.#adopted = [];
    return deleted;
  }

  async deleteTransmit(): Promise<number> {
    const rules = this.#rules.all.filter((rule) => rule.direction === 'transmit');
    const devices = new Set(rules.map(({ device }) => device));
    await this.#deleteFilters(
      [...devices].flatMap((name) => deleteAll(name, 'transmit', this.#generation)),
    );
    for (const rule of rules) this.#rules.remove(rule);
    return rules.length;
  }

  async dropUnusable(): Promise<number> {
    const states = new Map<string, DeviceState>();
    for (const { device, to } of this.#rules.all) {
      for (const name of [device, to]) {
        if (!states.has(name)) states.set(name, await this.#devices.state(name));
      }
    }
    const unusable = this.#rules.all.filter((rule) => {
      const device = states.get(rule.device);
      const to = states.get(rule.to);
      const isGone = device?.ifindex !== rule.deviceIndex || to?.ifindex !== rule.toIndex;
      // Without a link, nothing arrives that a receive rule could lose.
      return isGone || (rule.direction === 'transmit' && !(to?.hasLink ?? false));
    });
    return unusable.length === 0 ? 0 : this.#deleteRules(unusable);
  }

  async counters(): Promise<readonly RuleCounters[]> {
    const hooks = new Map(
      this.#rules.all.map(({ device, direction }) => {
        const hook = hookOf(direction);
        return [`${device} ${hook}`, { device, hook }];
      }),
    );
    const own = new Set(prioritiesOf(this.#generation));
    const counters: RuleCounters[] = [];
    for (const { device, hook } of hooks.values()) {
      const json = await this.#tc.show(['-s', '-j', 'filter', 'show', 'dev', device, hook]);
      for (const { priority, handle, packets, bytes } of listedFilters(json)) {
        if (own.has(priority) && this.#rules.get(handle) !== undefined) {
          counters.push([handle, packets, bytes]);
        }
      }
    }
    return counters.toSorted(([a], [b]) => a - b);
  }

  /**
   * What to install; a text says why it cannot be.
   *
   * @param untilMs until when it waits for the link of the VF, ms of performance.now()
   */
  async #planned(rule: GuestRule, untilMs: number): Promise<InstalledRule | string> {
    const text = filterText(rule);
    if (!text.ok) return text.why;
    const vf = isReceive(rule) ? rule.device : rule.to;
    const hasLink = await this.#linkOf(vf, untilMs);
    const device = await this.#devices.state(rule.device);
    const to = await this.#devices.state(rule.to);
    if (device.ifindex === undefined) return `there is no device ${rule.device}`;
    if (to.ifindex === undefined) return `there is no device ${rule.to}`;
    if (!hasLink) return `${vf} has no link`;
    return {
      id: rule.id,
      direction: rule.direction,
      device: rule.device,
      to: rule.to,
      protocol: text.protocol,
      match: text.match,
      deviceIndex: device.ifindex,
      toIndex: to.ifindex,
    };
  }

  /** True once a device has a link; false when it is not there, or has none in time. */
  async #linkOf(name: string, untilMs: number): Promise<boolean> {
    for (;;) {
      const { ifindex, hasLink } = await this.#devices.state(name);
      if (hasLink || ifindex === undefined || performance.now() >= untilMs) return hasLink;
      await sleep(LOOK_MS);
    }
  }

  async #addHooks(rules: readonly InstalledRule[]): Promise<void> {
    const devices = new Map(
      rules.map((rule) => [`${rule.device} ${rule.deviceIndex}`, rule.device]),
    );
    const missing = [...devices].filter(([key]) => !this.#hooked.has(key));
    // Fails where the hooks are there; a filter's error says what matters.
    await this.#tc.batch(missing.map(([, device]) => addHooks(device)));
    for (const [key] of missing) this.#hooked.add(key);
  }

  /** Transmit rules first: what they send meets a receiver until the end. */
  async #deleteRules(rules: readonly InstalledRule[]): Promise<number> {
    const ordered = [...rules.filter((r) => !isReceive(r)), ...rules.filter(isReceive)];
    await this.#deleteFilters(ordered.map((rule) => deleteFilter(rule, this.#generation)));
    for (const rule of ordered) this.#rules.remove(rule);
    return ordered.length;
  }

  /** Runs commands that delete; what is gone is no error. @throws {TcUnusable} */
  async #deleteFilters(commands: readonly string[]): Promise<void> {
    const errors = await this.#tc.batch(commands);
    const failed = errors.find((error) => error !== undefined && !IS_GONE.test(error));
    if (failed !== undefined) throw new TcUnusable(failed);
  }

  /** Priorities of the agent that receive filters of a device have. */
  async #priorities(name: string): Promise<ReadonlySet<number>> {
    const json = await this.#tc.show(['-j', 'filter', 'show', 'dev', name, 'ingress']);
    const priorities = listedFilters(json).map(({ priority }) => priority);
    return new Set(priorities.filter((priority) => ALL_PRIORITIES.includes(priority)));
  }
}

function isReceive({ direction }: { readonly direction: GuestRule['direction'] }): boolean {
  return direction === 'receive';
}
