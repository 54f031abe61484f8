import type { PortSnapshot } from '../model/port.ts';
import type { Tick } from '../model/tick.ts';

/**
 * What a tick may do, and why not more. Each level includes the levels above it.
 *
 * - `nothing`: the vSwitch's flows are stale, so that entries cannot be compared with them.
 * - `enforce`: entries that must not stay are removed; counters or ports are stale, so that rules
 *   would decide on old values.
 * - `evaluate`: rules are evaluated for display only; no flows are moved.
 * - `move`: flows are moved, and entries are audited.
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
 * Decides once per tick what the tick may do. Events during a tick (changed ports, a hold) can only
 * revoke its permission to move.
 */
export class TickGate {
  #held = false;
  /** Ports that were last passed to the backends; undefined before the first. */
  #ports: PortSnapshot | undefined;
  #tickPorts: PortSnapshot | undefined;
  #permission: Permission = STALE_FLOWS;

  /** True from {@link hold} to {@link resume}. */
  get held(): boolean {
    return this.#held;
  }

  /** What the last opened tick may do now. */
  get permission(): Permission {
    return this.#permission;
  }

  /** Decides what a tick may do; valid until the next one is opened. */
  open(tick: Pick<Tick, 'flowsFresh' | 'fresh' | 'ports'>): Permission {
    this.#tickPorts = tick.ports;
    this.#permission = this.#decide(tick);
    return this.#permission;
  }

  /** What the last opened tick may do with one backend. */
  forBackend({ up }: { readonly up: boolean }): Permission {
    return up ? this.#permission : NOT_STARTED;
  }

  /** Records changed ports: port names in the current tick may refer to other ports now. */
  portsChanged(ports: PortSnapshot): void {
    this.#ports = ports;
    if (ports !== this.#tickPorts) this.#revoke(PORTS_CHANGED);
  }

  /** Holds all flows on the vSwitch, including those of the current tick. */
  hold(): void {
    this.#held = true;
    this.#revoke(HELD);
  }

  /** Ends the hold from the next tick on. */
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
