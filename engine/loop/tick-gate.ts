import type { PortSnapshot } from '../model/port.ts';
import type { Tick } from '../model/tick.ts';

/**
 * What a tick may do, each step including those above it, and what keeps it from the next one.
 *
 * - `nothing`: the vSwitch's flows are not of this moment, so no entry can be held against them.
 * - `enforce`: entries that must not stay are taken out; counters or ports are stale, so rules
 *   would decide on old numbers.
 * - `evaluate`: rules are evaluated, for people to see, and nothing is moved for them.
 * - `move`: flows are moved, and what is installed may be audited.
 */
export type Permission =
  | { readonly may: 'nothing'; readonly why: 'stale-flows' | 'not-started' }
  | { readonly may: 'enforce'; readonly why: 'stale-sources' }
  | { readonly may: 'evaluate'; readonly why: 'held' | 'ports-changed' }
  | { readonly may: 'move' };

const MOVE: Permission = { may: 'move' };
const HELD: Permission = { may: 'evaluate', why: 'held' };
const PORTS_CHANGED: Permission = { may: 'evaluate', why: 'ports-changed' };
const STALE_SOURCES: Permission = { may: 'enforce', why: 'stale-sources' };
const STALE_FLOWS: Permission = { may: 'nothing', why: 'stale-flows' };
const NOT_STARTED: Permission = { may: 'nothing', why: 'not-started' };

/**
 * Decides, once a tick, what that tick may do. What happens while a tick is under way can only take
 * its permission to move back: the ports change, or everything is held.
 */
export class TickGate {
  #held = false;
  /** The ports that the backends were last told of; undefined: of none yet. */
  #ports: PortSnapshot | undefined;
  #tickPorts: PortSnapshot | undefined;
  #permission: Permission = STALE_FLOWS;

  /** True from {@link hold} to {@link resume}. */
  get held(): boolean {
    return this.#held;
  }

  /** What the tick that was opened last may do now. */
  get permission(): Permission {
    return this.#permission;
  }

  /** Decides what a tick may do; valid until the next one is opened. */
  open(tick: Pick<Tick, 'flowsFresh' | 'fresh' | 'ports'>): Permission {
    this.#tickPorts = tick.ports;
    this.#permission = this.#decide(tick);
    return this.#permission;
  }

  /** What the tick that was opened last may do with one backend. */
  forBackend({ up }: { readonly up: boolean }): Permission {
    return up ? this.#permission : NOT_STARTED;
  }

  /** The backends follow other ports from now on: names may stand for other ports than they did. */
  portsChanged(ports: PortSnapshot): void {
    this.#ports = ports;
    if (ports !== this.#tickPorts) this.#revoke(PORTS_CHANGED);
  }

  /** Holds everything on the vSwitch, at once. */
  hold(): void {
    this.#held = true;
    this.#revoke(HELD);
  }

  /** Ends the hold, from the next tick on. */
  resume(): void {
    this.#held = false;
  }

  #decide({ flowsFresh, fresh, ports }: Pick<Tick, 'flowsFresh' | 'fresh' | 'ports'>): Permission {
    if (!flowsFresh) return STALE_FLOWS;
    if (!fresh) return STALE_SOURCES;
    if (this.#held) return HELD;
    return this.#ports === undefined || this.#ports === ports ? MOVE : PORTS_CHANGED;
  }

  #revoke(permission: Permission): void {
    if (this.#permission.may === 'move') this.#permission = permission;
  }
}
