import { FlowCommand, Group, NO_BUFFER, Port } from '../../protocols/openflow/codec/ids.ts';
import type { Instructions } from '../../protocols/openflow/codec/instruction.ts';
import type { FlowMod } from '../../protocols/openflow/codec/flow-mod.ts';
import type { Match } from '../../protocols/openflow/codec/match.ts';
import { OF13 } from '../../protocols/openflow/codec/version.ts';
import type { Cookies } from './cookies.ts';
import type { RuleSpec } from './rule.ts';
import type { Dialect } from './translate/dialect.ts';

/** A flow-mod that has not been sent. */
export type FlowModBody = Omit<FlowMod, 'xid'>;

/** Where rules are put, and for how long they stay by themselves. */
export interface RulePlace {
  readonly priority: number;
  /** Seconds. */
  readonly hardTimeout: number;
}

const ALL_BITS = 0xffff_ffff_ffff_ffffn;
/** A heartbeat rule expires by itself when it is not removed. */
const HEARTBEAT_SECONDS = 1;

/** Makes the messages that put, renew and take out our rules; table 0 alone, never another's. */
export class FlowMods {
  readonly #place: RulePlace;
  readonly #cookies: Cookies;
  readonly #dialect: Dialect;

  constructor(place: RulePlace, cookies: Cookies, dialect: Dialect) {
    this.#place = place;
    this.#cookies = cookies;
    this.#dialect = dialect;
  }

  /** Puts a rule that is not there. */
  add(rule: RuleSpec): FlowModBody {
    return this.#of(rule, FlowCommand.add);
  }

  /**
   * Adds or replaces a rule, keeps its counters and restarts its time-out. In 1.3
   * an add does that (1.3.5, section 6.4); in 1.0 an add clears counters, and Open vSwitch begins
   * the time-out when a rule is modified. Where another switch of 1.0 does not, the rule
   * lapses and comes back with the next renewal, since a modify of what is not there adds it.
   */
  addOver(rule: RuleSpec): FlowModBody {
    const { version } = this.#dialect;
    return this.#of(rule, version === OF13 ? FlowCommand.add : FlowCommand.modifyStrict);
  }

  /**
   * Renews every rule of ours at once, all of which do the same; undefined where that cannot be.
   * Open vSwitch restarts a time-out when a rule is modified, even with the actions it already has
   * (ofproto/ofproto-dpif.c, rule_expire); the specification does not ask for that.
   */
  renewAll(instructions: Instructions): FlowModBody | undefined {
    const { version, nicira } = this.#dialect;
    if (!nicira) return undefined;
    const { tag, ruleMask } = this.#cookies;
    const common = { command: FlowCommand.modify, priority: 0, hardTimeout: 0, instructions };
    if (version === OF13) {
      const match = { kind: 'oxm', fields: [] } as const;
      return body({ ...common, cookie: tag, cookieMask: ruleMask, match });
    }
    // In 1.0 a modify also sets cookies, but for this one.
    return body({
      ...common,
      cookie: ALL_BITS,
      cookieMask: 0n,
      match: cookieMatch(tag, ruleMask),
    });
  }

  /** Takes a rule out; in 1.3 by its cookie, too, so that another's is not met. */
  remove(rule: RuleSpec): FlowModBody {
    const { priority } = this.#place;
    return this.#remove(rule.cookie, priority, rule.match);
  }

  /** Sends a flow by the slow path. */
  beat(rule: RuleSpec, slowPort: number): FlowModBody {
    const actions = [{ kind: 'output', port: slowPort, maxLen: 0 }] as const;
    return body({
      command: FlowCommand.add,
      cookie: this.#cookies.ofHeartbeat(rule.cookie),
      cookieMask: 0n,
      priority: this.#place.priority + 1,
      hardTimeout: HEARTBEAT_SECONDS,
      match: rule.match,
      instructions: [{ kind: 'apply-actions', actions }],
    });
  }

  /** Ends a heartbeat. */
  unbeat(rule: RuleSpec): FlowModBody {
    const cookie = this.#cookies.ofHeartbeat(rule.cookie);
    return this.#remove(cookie, this.#place.priority + 1, rule.match);
  }

  /** Takes out a rule that was found in the switch. */
  removeFound(cookie: bigint, priority: number, match: Match): FlowModBody {
    return this.#remove(cookie, priority, match);
  }

  /** Takes out everything that is ours, at once; undefined where cookies cannot be asked for. */
  removeAll(): FlowModBody | undefined {
    const { tag, tagMask } = this.#cookies;
    const { version, nicira } = this.#dialect;
    const common = { command: FlowCommand.delete, priority: 0, hardTimeout: 0, instructions: [] };
    if (version === OF13) {
      const match = { kind: 'oxm', fields: [] } as const;
      return body({ ...common, cookie: tag, cookieMask: tagMask, match });
    }
    if (!nicira) return undefined;
    return body({ ...common, cookie: 0n, cookieMask: 0n, match: cookieMatch(tag, tagMask) });
  }

  #remove(cookie: bigint, priority: number, match: Match): FlowModBody {
    return body({
      command: FlowCommand.deleteStrict,
      cookie,
      cookieMask: this.#dialect.version === OF13 ? ALL_BITS : 0n,
      priority,
      hardTimeout: 0,
      match,
      instructions: [],
    });
  }

  #of(rule: RuleSpec, command: number): FlowModBody {
    const { priority, hardTimeout } = this.#place;
    const { cookie, match, instructions } = rule;
    return body({ command, cookie, cookieMask: 0n, priority, hardTimeout, match, instructions });
  }
}

type Varying = Pick<
  FlowMod,
  'command' | 'cookie' | 'cookieMask' | 'priority' | 'hardTimeout' | 'match' | 'instructions'
>;

/** Written out: spreading objects of this size costs more than encoding them. */
function body(v: Varying): FlowModBody {
  return {
    type: 'flow-mod',
    command: v.command,
    tableId: 0,
    cookie: v.cookie,
    cookieMask: v.cookieMask,
    idleTimeout: 0,
    hardTimeout: v.hardTimeout,
    priority: v.priority,
    bufferId: NO_BUFFER,
    outPort: Port.any,
    outGroup: Group.any,
    flags: 0,
    match: v.match,
    instructions: v.instructions,
  };
}

/** The message, with the number that its answer will carry. */
export function withXid(b: FlowModBody, xid: number): FlowMod {
  return {
    type: 'flow-mod',
    xid,
    command: b.command,
    tableId: b.tableId,
    cookie: b.cookie,
    cookieMask: b.cookieMask,
    idleTimeout: b.idleTimeout,
    hardTimeout: b.hardTimeout,
    priority: b.priority,
    bufferId: b.bufferId,
    outPort: b.outPort,
    outGroup: b.outGroup,
    flags: b.flags,
    match: b.match,
    instructions: b.instructions,
  };
}

/** Nicira's way to name rules by cookie in OpenFlow 1.0. */
export function cookieMatch(cookie: bigint, mask: bigint): Extract<Match, { kind: 'oxm' }> {
  const bytes = (value: bigint): Uint8Array => {
    const out = new Uint8Array(8);
    new DataView(out.buffer).setBigUint64(0, value);
    return out;
  };
  const restriction = { value: bytes(cookie), mask: bytes(mask) };
  return { kind: 'oxm', fields: [{ kind: 'field', name: 'nxm_nx_cookie', ...restriction }] };
}
