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

/** The priority of rules, and how long they last without renewal. */
export interface RulePlace {
  readonly priority: number;
  /** Seconds. */
  readonly hardTimeout: number;
}

const ALL_BITS = 0xffff_ffff_ffff_ffffn;
/** Hard time-out of a heartbeat rule that is not removed. */
const HEARTBEAT_SECONDS = 1;

/** Builds the messages that install, renew and remove our rules, in table 0 only. */
export class FlowMods {
  readonly #place: RulePlace;
  readonly #cookies: Cookies;
  readonly #dialect: Dialect;

  constructor(place: RulePlace, cookies: Cookies, dialect: Dialect) {
    this.#place = place;
    this.#cookies = cookies;
    this.#dialect = dialect;
  }

  /** Installs a new rule. */
  add(rule: RuleSpec): FlowModBody {
    return this.#of(rule, FlowCommand.add);
  }

  /**
   * Adds or replaces a rule, keeps its counters and restarts its time-out. In 1.3 an add does that
   * (1.3.5, section 6.4); in 1.0 an add clears counters, but Open vSwitch restarts the time-out
   * when a rule is modified. On another 1.0 switch that does not, the rule lapses and the next
   * renewal adds it, since modifying an absent rule adds it.
   */
  addOrReplace(rule: RuleSpec): FlowModBody {
    const { version } = this.#dialect;
    return this.#of(rule, version === OF13 ? FlowCommand.add : FlowCommand.modifyStrict);
  }

  /**
   * Restarts the time-out of a rule and keeps its counters. On Open vSwitch with 1.3 this modifies
   * the rule and has no effect on a rule that has expired; elsewhere it is {@link addOrReplace}.
   */
  renew(rule: RuleSpec): FlowModBody {
    const { version, nicira } = this.#dialect;
    if (version !== OF13 || !nicira) return this.addOrReplace(rule);
    return this.#of(rule, FlowCommand.modifyStrict);
  }

  /**
   * Renews all our rules with one message, when all have these instructions; undefined where the
   * switch cannot do that. Open vSwitch restarts a time-out when a rule is modified, even to the
   * same actions (ofproto/ofproto-dpif.c, rule_expire); the specification does not require that.
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
    // In 1.0 a modify also sets cookies, except to this value.
    return body({
      ...common,
      cookie: ALL_BITS,
      cookieMask: 0n,
      match: cookieMatch(tag, ruleMask),
    });
  }

  /** Removes a rule; in 1.3 also by its cookie, so that no other owner's rule is removed. */
  remove(rule: RuleSpec): FlowModBody {
    const { priority } = this.#place;
    return this.#remove(rule.cookie, priority, rule.match);
  }

  /** Sends a flow to the slow path. */
  startHeartbeat(rule: RuleSpec, slowPort: number): FlowModBody {
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
  endHeartbeat(rule: RuleSpec): FlowModBody {
    const cookie = this.#cookies.ofHeartbeat(rule.cookie);
    return this.#remove(cookie, this.#place.priority + 1, rule.match);
  }

  /** Removes a rule that was found in the switch. */
  removeFound(cookie: bigint, priority: number, match: Match): FlowModBody {
    return this.#remove(cookie, priority, match);
  }

  /** Removes all our rules with one message; undefined where rules cannot be selected by cookie. */
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

/** Written out, because spreading objects of this size costs more than encoding them. */
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

/** The message with its transaction id. */
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

/** Nicira's match on cookies in OpenFlow 1.0. */
export function cookieMatch(cookie: bigint, mask: bigint): Extract<Match, { kind: 'oxm' }> {
  const bytes = (value: bigint): Uint8Array => {
    const out = new Uint8Array(8);
    new DataView(out.buffer).setBigUint64(0, value);
    return out;
  };
  const restriction = { value: bytes(cookie), mask: bytes(mask) };
  return { kind: 'oxm', fields: [{ kind: 'field', name: 'nxm_nx_cookie', ...restriction }] };
}
