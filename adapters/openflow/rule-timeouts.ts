import type { FlowStats } from '../../protocols/openflow/codec/flow-stats.ts';
import type { HeartbeatLimit } from '../../engine/model/port.ts';

/** Time without knowing a bridge's rules after which none of its flows is offloaded, ms. */
export const UNKNOWN_AFTER_MS = 5_000;

/**
 * The vSwitch sees a packet of an offloaded flow at least four times in an idle time-out: a rule
 * then lives while its traffic pauses for less than three quarters of it.
 */
const HEARTBEATS_PER_TIMEOUT = 4;

/** Options of {@link RuleTimeouts}. */
export interface RuleTimeoutsOptions {
  readonly bridge: string;
  /** Shortest idle time-out to assume while the rules cannot be read, s; 0: none; undefined: unknown. */
  readonly assumedSeconds: number | undefined;
  /** Called when {@link RuleTimeouts.limit} has changed. */
  readonly onChange: () => void;
}

/**
 * The shortest idle time-out of a bridge's rules. It shrinks with each rule that is added, and
 * grows only when all rules are read again: a rule can change its time-out without a report.
 */
export class RuleTimeouts {
  readonly #options: RuleTimeoutsOptions;
  /** Seconds; Infinity: no rule has one; undefined: not read. */
  #shortest: number | undefined;
  /** Shortest time-out in the reading in progress, s; undefined without one. */
  #next: number | undefined;
  #problem = 'they have not been read yet';
  #isKnown = true;
  #deadline: NodeJS.Timeout | undefined;
  #outdated = false;
  #closed = false;

  constructor(options: RuleTimeoutsOptions) {
    this.#options = options;
    this.#expire();
  }

  /** Longest time between two packets of a flow through the vSwitch; undefined: no limit. */
  get limit(): HeartbeatLimit | undefined {
    const { bridge, assumedSeconds } = this.#options;
    if (this.#isKnown) return limitOf(bridge, this.#shortest);
    return unreadLimit(bridge, assumedSeconds, this.#problem);
  }

  /** True when the rule with the shortest time-out may have been removed since the last reading began. */
  get outdated(): boolean {
    return this.#outdated;
  }

  /** A reading of all rules begins. */
  begin(): void {
    this.#next = Infinity;
    this.#outdated = false;
  }

  /** A rule exists. @param idleSeconds its idle time-out; 0: none */
  observe(idleSeconds: number): void {
    if (idleSeconds === 0) return;
    if (this.#next !== undefined) this.#next = Math.min(this.#next, idleSeconds);
    if (idleSeconds >= (this.#shortest ?? Infinity)) return;
    this.#shortest = idleSeconds;
    this.#options.onChange();
  }

  /** A rule was removed, or may have got another time-out. */
  removed(): void {
    if (this.#shortest !== Infinity) this.#outdated = true;
  }

  /** The reading is complete. */
  complete(): void {
    this.#shortest = this.#next;
    this.#next = undefined;
    this.#isKnown = true;
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    this.#options.onChange();
  }

  /** The rules cannot be read or followed for now. */
  lost(problem: string): void {
    this.#problem = problem;
    this.#next = undefined;
    this.#expire();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#deadline);
  }

  #expire(): void {
    if (this.#closed) return;
    this.#deadline ??= setTimeout(() => {
      this.#isKnown = false;
      this.#options.onChange();
    }, UNKNOWN_AFTER_MS);
    this.#deadline.unref();
  }
}

/** The limit of flows of bridges whose rules are not read. */
export function unreadLimit(
  bridge: string,
  assumedSeconds: number | undefined,
  problem: string,
): HeartbeatLimit | undefined {
  if (assumedSeconds !== undefined) return limitOf(bridge, assumedSeconds || Infinity);
  return { ms: 0, why: unreadable(bridge, problem) };
}

/** Nicira's experimenter id and the subtype of its action fin_timeout (nx_action_fin_timeout). */
const NICIRA = 0x2320;
const FIN_TIMEOUT = 19;

/** The idle time-out that a rule gets when a TCP connection ends (fin_timeout), s; 0: none. */
export function finTimeoutOf({ instructions }: Pick<FlowStats, 'instructions'>): number {
  let shortest = 0;
  for (const instruction of instructions) {
    if (instruction.kind !== 'apply-actions') continue;
    for (const action of instruction.actions) {
      if (action.kind !== 'experimenter' || action.experimenter !== NICIRA) continue;
      const { bytes } = action;
      if (bytes.length < 4 || ((bytes[0] << 8) | bytes[1]) !== FIN_TIMEOUT) continue;
      const seconds = (bytes[2] << 8) | bytes[3];
      if (seconds > 0 && (shortest === 0 || seconds < shortest)) shortest = seconds;
    }
  }
  return shortest;
}

function limitOf(bridge: string, seconds: number | undefined): HeartbeatLimit | undefined {
  if (seconds === undefined || seconds === Infinity) return undefined;
  const why =
    `a rule of bridge ${bridge} has an idle time-out of ${seconds} s, and heartbeats cannot be ` +
    'sent often enough to keep it';
  return { ms: (seconds * 1_000) / HEARTBEATS_PER_TIMEOUT, why };
}

function unreadable(bridge: string, problem: string): string {
  return (
    `the rules of bridge ${bridge} cannot be read (${problem}), so one with a short idle time-out ` +
    'could expire; see node.ovs.assumedIdleTimeout'
  );
}
