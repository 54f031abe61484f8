import { errorMessage } from '../../text/error-message.ts';
import {
  MAX_COUNTERS_PER_REPLY,
  MAX_LEASE_MS,
  MAX_RULES,
  MAX_TEXT,
} from '../../protocols/guest-channel/codec/limits.ts';
import type {
  GuestReply,
  HostRequest,
  ReplyResult,
  RuleCounters,
  RuleResult,
} from '../../protocols/guest-channel/codec/messages.ts';
import type { GuestRule } from '../../protocols/guest-channel/codec/rule.ts';
import type { Lease } from './lease.ts';
import type { LeaseGuard } from './lease-guard.ts';
import type { RuleTable } from './rule-table.ts';

/** What requests act on. */
export interface RequestScope {
  readonly table: RuleTable;
  readonly lease: Lease;
  readonly clockMs: () => number;
  readonly guard: LeaseGuard;
}

/** Carries out requests of the host. Not concurrent: the caller runs one at a time. */
export class Requests {
  readonly #scope: RequestScope;
  #lost = 0;
  /** Devices that the guard knows. */
  readonly #guarded = new Set<string>();
  /** Counters that the host reads in several requests. */
  #counters: readonly RuleCounters[] = [];

  constructor(scope: RequestScope) {
    this.#scope = scope;
  }

  /** Removes the transmit rules if their lease has ended, or their VF does not work any more. */
  async check(): Promise<void> {
    const { table, lease, clockMs } = this.#scope;
    if (lease.isOver(clockMs())) await this.endLease();
    this.#lost += await table.dropUnusable();
  }

  /** Ends the lease and removes the transmit rules. */
  async endLease(): Promise<void> {
    const { table, lease, guard } = this.#scope;
    const removed = await table.deleteTransmit();
    this.#lost += removed;
    lease.end(removed > 0);
    guard.guard(undefined, this.#guarded);
  }

  /** Carries out a request; a failure is part of the reply. */
  async reply(request: HostRequest): Promise<GuestReply> {
    const result = await this.#result(request);
    // Last, so that the clock is that of the reply, after what may have taken long.
    return {
      type: 'reply',
      id: request.id,
      clockMs: this.#scope.clockMs(),
      lost: this.#lost,
      result,
    };
  }

  async #result(request: HostRequest): Promise<ReplyResult> {
    try {
      return await this.#carryOut(request);
    } catch (error) {
      return { of: 'error', why: printable(errorMessage(error)) };
    }
  }

  async #carryOut(request: HostRequest): Promise<ReplyResult> {
    const { table } = this.#scope;
    switch (request.type) {
      case 'put':
        return { of: 'put', rules: await this.#put(request.rules) };
      case 'delete':
        return { of: 'delete', rules: await table.delete(request.rules) };
      case 'retain':
        return { of: 'delete', rules: await table.retain(new Set(request.rules)) };
      case 'withdraw':
        return { of: 'delete', rules: await table.retain(new Set()) };
      case 'counters':
        return await this.#countersAfter(request.after);
      case 'renew':
        break;
    }
    return { of: 'renew', lease: this.#renew(request.untilMs) };
  }

  async #put(rules: readonly GuestRule[]): Promise<readonly RuleResult[]> {
    const { table, lease } = this.#scope;
    const refusals = new Map<number, string>();
    const { receive, transmit } = table;
    let size = receive.size + transmit.size;
    for (const { id, direction } of rules) {
      if (direction === 'transmit' && lease.untilMs === undefined)
        refusals.set(id, 'there is no lease');
      else if (!receive.has(id) && !transmit.has(id) && ++size > MAX_RULES) {
        refusals.set(id, `a guest can hold ${MAX_RULES} rules`);
      }
    }
    const accepted = rules.filter(({ id }) => !refusals.has(id));
    this.#guardDevices(accepted);
    const results = await table.put(accepted);
    const resultOf = new Map(results.map((result) => [result.id, result]));
    return rules.map(({ id }): RuleResult => {
      const result = resultOf.get(id);
      if (result?.ok === true) return { id, ok: true };
      return { id, ok: false, why: printable(refusals.get(id) ?? result?.why ?? 'not installed') };
    });
  }

  /** Before the rules are installed: the agent can be killed at any moment. */
  #guardDevices(rules: readonly GuestRule[]): void {
    const before = this.#guarded.size;
    for (const { direction, device } of rules) {
      if (direction === 'transmit') this.#guarded.add(device);
    }
    if (this.#guarded.size > before)
      this.#scope.guard.guard(this.#scope.lease.untilMs, this.#guarded);
  }

  #renew(untilMs: number): 'renewed' | 'late' {
    const { lease, clockMs, guard } = this.#scope;
    if (!guard.isRunning) return 'late';
    const nowMs = clockMs();
    const renewal = lease.renew(Math.min(untilMs, nowMs + MAX_LEASE_MS), nowMs);
    guard.guard(lease.untilMs, this.#guarded);
    return renewal;
  }

  async #countersAfter(after: number): Promise<ReplyResult> {
    if (after === 0) this.#counters = await this.#scope.table.counters();
    const rest = this.#counters.filter(([id]) => id > after);
    return {
      of: 'counters',
      counters: rest.slice(0, MAX_COUNTERS_PER_REPLY),
      more: rest.length > MAX_COUNTERS_PER_REPLY,
    };
  }
}

/** A text that the channel can carry: printable ASCII, cut. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, MAX_TEXT);
}
