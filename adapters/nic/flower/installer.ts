import { bypassRefusal } from '../../../engine/model/bypass.ts';
import { type FlowId, formatFlowId } from '../../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import type { Operation, OperationResult } from '../../../engine/ports/offload-backend.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import { NetlinkRefused } from '../../../protocols/netlink/errors.ts';
import type { NetlinkAnswer, NetlinkRequest } from '../../../protocols/netlink/exchange.ts';
import { errorMessage } from '../../../text/error-message.ts';
import {
  ABSENT,
  DELETED,
  INSTALLED,
  notDeleted,
  refused,
  REPLACED,
  UNCHANGED,
} from '../core/operation-results.ts';
import type { Devices } from './devices.ts';
import { type Entry, newState, type PortIdentity, startCounters } from './entry.ts';
import type { EntryTable } from './entry-table.ts';
import type { RulesIn } from './options.ts';
import { placeOf } from './priorities.ts';
import { refusalOf } from './refusals.ts';
import { deleteRule, isInHardware, noteDeleted, writeRule } from './rule-requests.ts';
import { encodeRule, type FlowerRule } from './rules/flower-rule.ts';
import { isSameRule } from './same-rule.ts';
import type { ServedDevice } from './served-device.ts';
import type { ServedPorts } from './served-ports.ts';
import type { TrafficControlRequests } from './traffic-control.ts';

/** Requests that are sent together: a slow NIC takes some ms for each, and the lock is held so long. */
const MAX_REQUESTS = 100;

/** What an {@link Installer} works with. */
export interface InstallerParts {
  readonly tc: TrafficControlRequests;
  readonly entries: EntryTable;
  readonly devices: Devices;
  readonly ports: ServedPorts;
  readonly rulesIn: RulesIn;
  readonly limit: number;
  /** Time between two heartbeats of a flow, ms; 0: there are none. */
  readonly heartbeatMs: number;
  /** Whether rules may be in the table now; in hardware, only while the lease holds. */
  readonly mayInstall: () => boolean;
}

/** What has to be sent for an operation, and what its answers mean. */
interface Step {
  readonly key: string;
  /** Change of the number of entries, if nothing is refused. */
  readonly change: -1 | 0 | 1;
  readonly requests: readonly NetlinkRequest[];
  settle(answers: readonly NetlinkAnswer[]): OperationResult;
}

/** Writes and deletes rules, many in one request. */
export class Installer {
  readonly #parts: InstallerParts;
  /** True when requests had no answer: what is in tc is unknown until it is read. */
  isStale = false;

  constructor(parts: InstallerParts) {
    this.#parts = parts;
  }

  /** The rule of a flow, or why the flow cannot have one. */
  check(flow: FlowSpec): FlowerRule | Refusal {
    const { ports, heartbeatMs, rulesIn } = this.#parts;
    const shortestMs = heartbeatMs === 0 ? Number.POSITIVE_INFINITY : heartbeatMs;
    const bypassed = bypassRefusal(flow, (name) => ports.snapshot.get(name), shortestMs);
    if (bypassed !== undefined) return bypassed;
    const heartbeat = rulesIn === 'software' && heartbeatMs > 0;
    const encoded = encodeRule(flow, ports, { heartbeat });
    return encoded.ok ? encoded.rule : encoded.refusal;
  }

  /** Applies operations in their order. */
  async apply(
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    const results: OperationResult[] = [];
    let steps: Step[] = [];
    let requests = 0;
    const flush = async (): Promise<void> => {
      results.push(...(await this.#send(steps)));
      steps = [];
      requests = 0;
    };
    for (const operation of operations) {
      signal.throwIfAborted();
      const id = operation.kind === 'put' ? operation.flow.id : operation.id;
      const key = formatFlowId(id);
      if (requests >= MAX_REQUESTS || steps.some((step) => step.key === key)) await flush();
      const planned = steps.reduce((sum, step) => sum + step.change, 0);
      const step =
        operation.kind === 'put'
          ? await this.#put(operation.flow, key, planned)
          : this.#delete(operation.id, key);
      steps.push(step);
      requests += step.requests.length;
    }
    await flush();
    return results;
  }

  /** Deletes entries; returns those that may still be in tc. */
  async remove(entries: readonly Entry[]): Promise<readonly Entry[]> {
    const left: Entry[] = [];
    for (let from = 0; from < entries.length; from += MAX_REQUESTS) {
      const part = entries.slice(from, from + MAX_REQUESTS);
      const results = await this.#send(part.map((entry) => this.#deletion(entry)));
      left.push(...part.filter((_, i) => !results[i].ok));
    }
    return left;
  }

  /**
   * Takes rules out of the table for a time; their entries stay.
   *
   * @param state what the entries become
   */
  async takeOut(entries: readonly Entry[], state: 'paused' | 'lapsed'): Promise<void> {
    const there = entries.filter((entry) => entry.state === 'installed');
    for (let from = 0; from < there.length; from += MAX_REQUESTS) {
      const part = there.slice(from, from + MAX_REQUESTS);
      await this.#send(
        part.map((entry) => ({
          key: entry.key,
          change: 0,
          requests: [deleteRule(entry)],
          settle: ([answer]) => {
            const refusal = noteDeleted(entry, answer);
            if (refusal !== undefined) return this.#notDeleted(refusal);
            this.#restart(entry, state);
            return DELETED;
          },
        })),
      );
    }
  }

  /** Writes rules again that are out of the table. Returns the flows whose rules were refused. */
  async putBack(entries: readonly Entry[]): Promise<readonly FlowId[]> {
    const lost: FlowId[] = [];
    const out = entries.filter((entry) => entry.state !== 'installed');
    for (let from = 0; from < out.length; from += MAX_REQUESTS) {
      const part = out.slice(from, from + MAX_REQUESTS);
      const steps = part.map((entry) => this.#again(entry));
      const results = await this.#send(steps);
      for (const [i, result] of results.entries()) if (!result.ok) lost.push(part[i].id);
    }
    return lost;
  }

  async #put(flow: FlowSpec, key: string, planned: number): Promise<Step> {
    const { entries, limit, devices, ports } = this.#parts;
    const rule = this.check(flow);
    if ('code' in rule) return answered(key, { ok: false, refusal: rule });
    const before = entries.get(flow.id);
    if (before !== undefined && isUnchanged(before, rule)) {
      before.rule = rule;
      return answered(key, UNCHANGED);
    }
    if (before === undefined && entries.size + planned >= limit) {
      return answered(key, refused('table-full', `all ${limit} entries are in use`));
    }
    const names = [rule.inPort, ...rule.outputs];
    const identities = names
      .map((name) => ports.identity(name))
      .filter((port) => port !== undefined);
    try {
      const device = await devices.open(identities[0]);
      return this.#installation(
        this.#newEntry(flow.id, key, rule, device, identities),
        rule,
        before,
      );
    } catch (error) {
      const why = errorMessage(error);
      ports.fail(identities[0], why);
      return answered(key, refused('port-unavailable', why));
    }
  }

  #newEntry(
    id: FlowId,
    key: string,
    rule: FlowerRule,
    device: ServedDevice,
    identities: readonly PortIdentity[],
  ): Entry {
    const { rulesIn, heartbeatMs } = this.#parts;
    const place = placeOf(rule.protocol);
    return {
      id,
      key,
      device,
      place,
      handle: device.takeHandle(),
      rule,
      adopted: undefined,
      ports: identities.map(({ name, uuid, ifindex }) => ({ name, uuid, ifindex })),
      hasHeartbeat: rulesIn === 'software' && heartbeatMs > 0,
      ...newState(place),
      // Spread over the period, so that not all flows that begin together beat together.
      beatAtMs: monotonicMs() - (id.w3 % Math.max(1, heartbeatMs)),
    };
  }

  #installation(entry: Entry, rule: FlowerRule, before: Entry | undefined): Step {
    const { entries, rulesIn } = this.#parts;
    const change = before === undefined ? 1 : 0;
    const outcome = before === undefined ? INSTALLED : REPLACED;
    const removal = before?.state === 'installed' ? [deleteRule(before)] : [];
    const isOut = !this.#parts.mayInstall();
    const requests = isOut ? removal : [...removal, writeRule(entry, rule, rulesIn)];
    return {
      key: entry.key,
      change,
      requests,
      settle: (answers) => {
        if (before !== undefined) {
          const refusal = removal.length === 0 ? undefined : noteDeleted(before, answers[0]);
          if (refusal !== undefined) return this.#notDeleted(refusal);
          entries.remove(before);
        }
        if (isOut) entry.state = 'lapsed';
        const problem = isOut ? undefined : this.#problemOf(answers[removal.length]);
        if (problem !== undefined) return { ok: false, refusal: problem };
        entries.add(entry);
        return outcome;
      },
    };
  }

  /** Writes the rule of an entry again. */
  #again(entry: Entry): Step {
    const { entries, rulesIn } = this.#parts;
    const { rule, key } = entry;
    if (rule === undefined) {
      entries.remove(entry);
      return answered(key, refused('device-error', 'the rule of an earlier daemon lapsed'));
    }
    return {
      key,
      change: 0,
      requests: [writeRule(entry, rule, rulesIn)],
      settle: ([answer]) => {
        const problem = this.#problemOf(answer);
        if (problem !== undefined) {
          entries.remove(entry);
          return { ok: false, refusal: problem };
        }
        this.#restart(entry, 'installed');
        return INSTALLED;
      },
    };
  }

  #delete(id: FlowId, key: string): Step {
    const entry = this.#parts.entries.get(id);
    return entry === undefined ? answered(key, ABSENT) : this.#deletion(entry);
  }

  #deletion(entry: Entry): Step {
    const requests = entry.state === 'installed' ? [deleteRule(entry)] : [];
    return {
      key: entry.key,
      change: -1,
      requests,
      settle: ([answer]) => {
        const refusal = requests.length === 0 ? undefined : noteDeleted(entry, answer);
        if (refusal !== undefined) return this.#notDeleted(refusal);
        this.#parts.entries.remove(entry);
        return DELETED;
      },
    };
  }

  #restart(entry: Entry, state: Entry['state']): void {
    entry.state = state;
    startCounters(entry);
    entry.beatAtMs = monotonicMs();
  }

  #problemOf(answer: NetlinkAnswer): Refusal | undefined {
    if (answer instanceof NetlinkRefused) return refusalOf(answer);
    if (this.#parts.rulesIn === 'software' || isInHardware(answer)) return undefined;
    this.isStale = true;
    return { code: 'device-error', detail: 'the kernel accepted the rule, but the NIC has not' };
  }

  /** A filter that was not deleted may also be gone with its device: only a reading tells. */
  #notDeleted({ code }: NetlinkRefused): OperationResult {
    this.isStale = true;
    return notDeleted(code);
  }

  /** Sends the requests of steps together; results in the order of the steps. */
  async #send(steps: readonly Step[]): Promise<readonly OperationResult[]> {
    const requests = steps.flatMap((step) => step.requests);
    let answers: readonly NetlinkAnswer[];
    try {
      answers = await this.#parts.tc.batch('writing rules', requests);
    } catch (error) {
      this.isStale = true;
      const detail = errorMessage(error);
      return steps.map(() => refused('device-error', detail));
    }
    let at = 0;
    return steps.map((step) => {
      const own = answers.slice(at, at + step.requests.length);
      at += step.requests.length;
      return step.settle(own);
    });
  }
}

function isUnchanged(entry: Entry, rule: FlowerRule): boolean {
  const { rule: before, adopted } = entry;
  if (before !== undefined) return areEqual(before, rule);
  return adopted !== undefined && isSameRule(rule, adopted);
}

/** True if both would write the same filter. */
function areEqual(a: FlowerRule, b: FlowerRule): boolean {
  const same = (one: readonly Buffer[], other: readonly Buffer[]): boolean =>
    one.length === other.length && one.every((bytes, i) => bytes.equals(other[i]));
  return (
    a.ifindex === b.ifindex &&
    a.protocol === b.protocol &&
    same(a.keys, b.keys) &&
    same(a.actions, b.actions)
  );
}

/** An operation that needs no request. */
function answered(key: string, result: OperationResult): Step {
  return { key, change: 0, requests: [], settle: () => result };
}
